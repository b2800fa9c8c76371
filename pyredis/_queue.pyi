"""MULTI's queue and the watched keys, for native code alone: see ``_queue.pxd``."""

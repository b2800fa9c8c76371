"""MULTI's queue and the watched keys, for native code alone: see ``dispatch/queue.pxd``."""

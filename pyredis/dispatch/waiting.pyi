"""Queues of clients that wait for keys, for native code alone: see ``dispatch/waiting.pxd``."""

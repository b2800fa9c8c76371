"""The append-only file's ring and its native thread, for native code alone: see ``journal/aof.pxd``."""

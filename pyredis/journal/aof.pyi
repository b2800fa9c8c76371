"""The append-only file's writer and its native thread, for native code alone: see ``journal/aof.pxd``."""

"""The writer of the append-only file and its native thread, for native code only: see ``journal/aof.pxd``."""

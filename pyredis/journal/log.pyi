"""The log of changes, for native code only: see ``journal/log.pxd``."""

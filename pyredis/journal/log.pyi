"""The log of changes, for native code alone: see ``journal/log.pxd``."""

"""Commands that wait for keys, for native code alone: see ``_blocking.pxd``."""

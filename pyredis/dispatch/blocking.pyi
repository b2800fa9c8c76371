"""Commands that wait for keys, for native code alone: see ``dispatch/blocking.pxd``."""

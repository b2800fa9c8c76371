"""Commands that wait for keys, for native code alone: see ``call/blocking.pxd``."""

"""Commands that wait for keys, for native code only: see ``call/blocking.pxd``."""

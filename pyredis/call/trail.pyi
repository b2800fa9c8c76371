"""The last commands, for native code only: see ``call/trail.pxd``."""

"""The checks before a command, for native code only: see ``dispatch/checks.pxd``."""

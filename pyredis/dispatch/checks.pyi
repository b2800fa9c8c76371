"""The checks before a command, for native code alone: see ``dispatch/checks.pxd``."""

"""The command table, for native code only: see ``dispatch/installing.pxd``."""

"""Running commands, for native code only: see ``dispatch/run.pxd``."""

"""Running commands, for native code alone: see ``dispatch/run.pxd``."""

"""The end of a pause, for native code only: see ``dispatch/resuming.pxd``."""

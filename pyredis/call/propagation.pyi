"""What commands append to the log, for native code only: see ``call/propagation.pxd``."""

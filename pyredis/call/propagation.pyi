"""What commands put into the log, for native code alone: see ``call/propagation.pxd``."""

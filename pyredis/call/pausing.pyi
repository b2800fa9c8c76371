"""CLIENT PAUSE, for native code only: see ``call/pausing.pxd``."""

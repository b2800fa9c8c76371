"""What all stream commands share, for native code only: see ``stream_access.pxd``."""

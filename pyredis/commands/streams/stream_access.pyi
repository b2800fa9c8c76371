"""What all stream commands share, for native code alone: see ``stream_access.pxd``."""

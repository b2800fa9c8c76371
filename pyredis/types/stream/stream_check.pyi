"""The validation of a stream's blocks, for native code only: see ``stream_check.pxd``."""

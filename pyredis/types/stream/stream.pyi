"""The stream, for native code only: see ``stream.pxd``."""

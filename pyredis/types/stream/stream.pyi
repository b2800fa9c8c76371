"""The stream, for native code alone: see ``stream.pxd``."""

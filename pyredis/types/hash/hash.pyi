"""The hash, for native code alone: see ``hash.pxd``."""

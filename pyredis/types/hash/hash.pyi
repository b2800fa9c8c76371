"""The hash, for native code only: see ``hash.pxd``."""

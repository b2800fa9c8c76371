"""The set, for native code only: see ``set.pxd``."""

"""The set, for native code alone: see ``set.pxd``."""

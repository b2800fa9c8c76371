"""The sorted set, for native code only: see ``sorted_set.pxd``."""

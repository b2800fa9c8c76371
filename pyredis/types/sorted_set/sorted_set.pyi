"""The sorted set, for native code alone: see ``sorted_set.pxd``."""

"""The small form of a sorted set, for native code alone: see ``sorted_pack.pxd``."""

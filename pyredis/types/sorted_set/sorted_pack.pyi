"""The small form of a sorted set, for native code only: see ``sorted_pack.pxd``."""

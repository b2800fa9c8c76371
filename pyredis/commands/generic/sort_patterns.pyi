"""The patterns of SORT, for native code alone: see ``sort_patterns.pxd``."""

"""The patterns of SORT, for native code only: see ``sort_patterns.pxd``."""

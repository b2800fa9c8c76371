"""The set of integers, for native code only: see ``intset.pxd``."""

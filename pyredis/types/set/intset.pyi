"""The set of integers, for native code alone: see ``intset.pxd``."""

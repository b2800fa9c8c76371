"""The long form of a list, for native code only: see ``list_long.pxd``."""

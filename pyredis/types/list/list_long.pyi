"""The long form of a list, for native code alone: see ``list_long.pxd``."""

"""The list, for native code alone: see ``list.pxd``."""

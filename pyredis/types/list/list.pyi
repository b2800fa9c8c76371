"""The list, for native code only: see ``list.pxd``."""

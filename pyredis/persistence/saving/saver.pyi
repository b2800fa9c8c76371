"""The savers of all kinds, for native code alone: see ``saver.pxd``."""

"""The savers of all kinds: for native code only, see ``saver.pxd``."""

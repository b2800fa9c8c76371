"""The packed list, for native code alone: see ``listpack.pxd``."""

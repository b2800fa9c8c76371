"""The packed list, for native code only: see ``listpack.pxd``."""

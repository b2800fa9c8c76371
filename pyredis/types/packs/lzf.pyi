"""The LZF codec, for native code only: see ``lzf.pxd``."""

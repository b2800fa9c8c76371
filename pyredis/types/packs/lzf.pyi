"""The LZF codec, for native code alone: see ``lzf.pxd``."""

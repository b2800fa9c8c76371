"""Packed lists of short elements, and the LZF compression."""

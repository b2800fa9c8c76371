"""Saves values that are made of parts: for native code only, see ``part_saver.pxd``."""

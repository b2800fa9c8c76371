"""Walks over a hash, for native code alone: see ``hashwalk.pxd``."""

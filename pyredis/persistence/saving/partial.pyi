"""Saves large values piece by piece: for native code only, see ``partial.pxd``."""

"""Saves lists in pieces: for native code only, see ``list_pieces.pxd``."""

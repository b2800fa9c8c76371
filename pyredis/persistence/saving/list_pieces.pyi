"""Saving lists in pieces, for native code alone: see ``list_pieces.pxd``."""

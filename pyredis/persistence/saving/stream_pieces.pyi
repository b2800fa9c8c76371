"""Saves streams in pieces: for native code only, see ``stream_pieces.pxd``."""

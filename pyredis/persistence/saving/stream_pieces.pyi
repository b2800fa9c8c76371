"""Saving streams in pieces, for native code alone: see ``stream_pieces.pxd``."""

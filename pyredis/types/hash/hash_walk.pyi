"""Walks over a hash, for native code alone: see ``hash_walk.pxd``."""

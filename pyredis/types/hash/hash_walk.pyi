"""Iteration over a hash, for native code only: see ``hash_walk.pxd``."""

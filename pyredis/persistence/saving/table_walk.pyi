"""Saves in pieces what is kept in hash tables: for native code only, see ``table_walk.pxd``."""

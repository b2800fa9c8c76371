"""Saving what is kept in hash tables, for native code alone: see ``table_walk.pxd``."""

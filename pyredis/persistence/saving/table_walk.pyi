"""Saving what is kept in hash tables, for native code alone: see ``tables.pxd``."""

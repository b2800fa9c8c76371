"""Databases of entries, for native code alone: see ``_keyspace.pxd``."""

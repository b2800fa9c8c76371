"""Databases of entries, for native code alone: see ``keyspace/keyspace.pxd``."""

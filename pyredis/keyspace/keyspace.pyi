"""Databases of entries, for native code only: see ``keyspace/keyspace.pxd``."""

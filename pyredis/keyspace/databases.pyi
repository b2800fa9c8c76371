"""Databases as wholes, for native code alone: see ``keyspace/databases.pxd``."""

"""Databases as wholes, for native code alone: see ``_databases.pxd``."""

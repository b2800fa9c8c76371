"""Hashes: packed, as a table, with fields that expire."""

"""Hashes, as packs or tables, with fields that may expire."""

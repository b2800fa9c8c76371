"""Doubles as text, for native code alone: see ``ground/doubles.pxd``."""

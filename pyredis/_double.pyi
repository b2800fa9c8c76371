"""Doubles as text, for native code alone: see ``_double.pxd``."""

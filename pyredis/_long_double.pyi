"""Long doubles as text, for native code alone: see ``_long_double.pxd``."""

"""Long doubles as text, for native code alone: see ``ground/long_doubles.pxd``."""

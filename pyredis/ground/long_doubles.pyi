"""Long doubles as text, for native code only: see ``ground/long_doubles.pxd``."""

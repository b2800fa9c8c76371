"""The large form of a hash, for native code alone: see ``hashfields.pxd``."""

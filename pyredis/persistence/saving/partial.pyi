"""Large values on their way into a base, for native code alone: see ``partial.pxd``."""

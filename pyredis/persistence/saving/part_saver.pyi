"""Saving what is made of parts, for native code alone: see ``parts.pxd``."""

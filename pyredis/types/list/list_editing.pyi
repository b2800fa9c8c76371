"""Changes within a long list, for native code alone: see ``listwithin.pxd``."""

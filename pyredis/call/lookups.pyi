"""Looking up keys, for native code alone: see ``call/lookups.pxd``."""

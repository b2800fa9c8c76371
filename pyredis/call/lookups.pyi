"""Looking up keys, for native code only: see ``call/lookups.pxd``."""

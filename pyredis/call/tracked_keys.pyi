"""The keys that clients cache, for native code only: see ``call/tracked_keys.pxd``."""

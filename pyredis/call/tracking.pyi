"""Client-side caching, for native code only: see ``call/tracking.pxd``."""

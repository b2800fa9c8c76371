"""The messages of client-side caching, for native code only: see ``call/invalidations.pxd``."""

"""Places on the earth as numbers, for native code alone: see ``geohash.pxd``."""

"""HyperLogLog over strings, for native code alone: see ``hyperloglog.pxd``."""

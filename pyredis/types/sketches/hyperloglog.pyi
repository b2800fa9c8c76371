"""HyperLogLog over strings, for native code only: see ``hyperloglog.pxd``."""

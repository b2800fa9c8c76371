"""The choice of keys to evict, for native code only: see ``keyspace/victims.pxd``."""

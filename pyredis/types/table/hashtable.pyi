"""The hash table of pointers, for native code alone: see ``hashtable.pxd``."""

"""The hash table of pointers, for native code only: see ``hashtable.pxd``."""

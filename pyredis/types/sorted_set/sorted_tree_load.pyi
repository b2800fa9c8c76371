"""A counted B+ tree as a whole, for native code only: see ``sorted_tree_load.pxd``."""

"""A counted B+ tree as a whole, for native code alone: see ``sorted_tree_load.pxd``."""

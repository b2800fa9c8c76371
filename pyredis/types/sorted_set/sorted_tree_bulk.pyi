"""Loading and releasing an entire counted B+ tree, for native code only: see ``sorted_tree_bulk.pxd``."""

"""The counted B+ tree, for native code alone: see ``sorted_tree.pxd``."""

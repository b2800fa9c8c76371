"""The counted B+ tree, for native code only: see ``sorted_tree.pxd``."""

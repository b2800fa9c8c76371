"""The inner nodes of a long list, for native code only: see ``list_nodes.pxd``."""

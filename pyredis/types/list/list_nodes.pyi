"""The inner nodes of a long list, for native code alone: see ``list_nodes.pxd``."""

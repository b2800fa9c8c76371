"""Changes within a long list, for native code alone: see ``list_editing.pxd``."""

"""Changes within a long list, for native code only: see ``list_editing.pxd``."""

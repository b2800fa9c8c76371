"""The check that elements of a pack are all different, for native code only: see ``pack_distinct.pxd``."""

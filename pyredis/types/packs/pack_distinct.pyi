"""Whether elements of a pack differ from each other, for native code alone: see ``pack_distinct.pxd``."""

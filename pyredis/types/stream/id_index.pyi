"""An index of elements by their stream ids, for native code only: see ``id_index.pxd``."""

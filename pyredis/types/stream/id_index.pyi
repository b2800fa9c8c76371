"""Things in order of their ids, for native code only: see ``id_index.pxd``."""

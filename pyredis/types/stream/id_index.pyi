"""Things in order of their ids, for native code alone: see ``id_index.pxd``."""

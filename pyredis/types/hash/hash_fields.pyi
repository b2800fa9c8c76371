"""The large form of a hash, for native code only: see ``hash_fields.pxd``."""

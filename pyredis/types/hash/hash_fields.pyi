"""The large form of a hash, for native code alone: see ``hash_fields.pxd``."""

"""The large form of a set, for native code alone: see ``set_members.pxd``."""

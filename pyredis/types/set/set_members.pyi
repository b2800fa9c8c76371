"""The large form of a set, for native code only: see ``set_members.pxd``."""

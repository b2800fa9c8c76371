"""The large form of a sorted set, for native code only: see ``sorted_members.pxd``."""

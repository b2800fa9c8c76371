"""The large form of a sorted set, for native code alone: see ``sorted_members.pxd``."""

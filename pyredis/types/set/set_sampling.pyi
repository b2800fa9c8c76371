"""Random members of a set, for native code alone: see ``setpicks.pxd``."""

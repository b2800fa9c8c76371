"""Random members of a set, for native code alone: see ``set_sampling.pxd``."""

"""Random members of a set, for native code only: see ``set_sampling.pxd``."""

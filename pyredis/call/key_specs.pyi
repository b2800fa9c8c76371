"""Compiling key specifications, for native code only: see ``call/key_specs.pxd``."""

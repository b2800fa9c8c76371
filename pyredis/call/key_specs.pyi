"""Compiling key specifications, for native code alone: see ``call/key_specs.pxd``."""

"""The run, for native code alone: see ``listrun.pxd``."""

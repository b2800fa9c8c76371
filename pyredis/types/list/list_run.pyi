"""The run, for native code only: see ``list_run.pxd``."""

"""The run, for native code alone: see ``list_run.pxd``."""

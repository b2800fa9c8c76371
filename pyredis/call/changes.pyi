"""Noting changes, for native code alone: see ``call/changes.pxd``."""

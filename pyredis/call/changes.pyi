"""Noting changes, for native code only: see ``call/changes.pxd``."""

"""The commands that have been renamed, for native code only: see ``call/renames.pxd``."""

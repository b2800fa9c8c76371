"""A command as native code sees it, for native code only: see ``call/command.pxd``."""

"""A command as the core knows it, for native code alone: see ``call/command.pxd``."""

"""A client as commands know it, for native code alone: see ``call/client.pxd``."""

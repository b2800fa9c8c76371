"""The inner nodes of a long list, for native code alone: see ``listnodes.pxd``."""

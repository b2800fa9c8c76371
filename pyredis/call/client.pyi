"""A client as native commands see it, for native code only: see ``call/client.pxd``."""

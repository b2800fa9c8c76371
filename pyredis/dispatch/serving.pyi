"""Serving the clients that wait, for native code alone: see ``dispatch/serving.pxd``."""

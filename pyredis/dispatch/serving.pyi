"""Serving waiting clients, for native code only: see ``dispatch/serving.pxd``."""

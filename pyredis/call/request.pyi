"""Requests that are kept, for native code alone: see ``call/request.pxd``."""

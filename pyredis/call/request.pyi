"""Requests that are kept, for native code only: see ``call/request.pxd``."""

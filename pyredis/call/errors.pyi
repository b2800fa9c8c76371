"""Shared error replies, for native code only: see ``call/errors.pxd``."""

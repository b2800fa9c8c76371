"""Shared error replies, for native code alone: see ``call/errors.pxd``."""

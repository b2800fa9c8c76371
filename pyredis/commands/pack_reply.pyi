"""Writes elements of packs as bulk strings, for native code only: see ``pack_reply.pxd``."""

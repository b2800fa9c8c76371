"""Strings as arrays of bits, for native code alone: see ``bits.pxd``."""

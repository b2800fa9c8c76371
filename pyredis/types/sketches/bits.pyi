"""Strings as arrays of bits, for native code only: see ``bits.pxd``."""

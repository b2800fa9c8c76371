"""Positions on the earth as numbers, for native code only: see ``geohash.pxd``."""

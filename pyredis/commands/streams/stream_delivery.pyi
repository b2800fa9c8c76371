"""Giving entries to consumers, for native code alone: see ``stream_delivery.pxd``."""

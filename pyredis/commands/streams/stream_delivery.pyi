"""Delivery of entries to consumers, for native code only: see ``stream_delivery.pxd``."""

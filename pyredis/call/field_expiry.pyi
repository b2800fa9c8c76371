"""Removing due hash fields, for native code alone: see ``call/field_expiry.pxd``."""

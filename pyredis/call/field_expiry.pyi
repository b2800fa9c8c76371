"""Removing due hash fields, for native code only: see ``call/field_expiry.pxd``."""

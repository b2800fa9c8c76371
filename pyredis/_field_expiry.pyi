"""Removing due hash fields, for native code alone: see ``_field_expiry.pxd``."""

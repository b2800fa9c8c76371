"""Runs of whole pages, for native code: see ``_pages.pxd``."""

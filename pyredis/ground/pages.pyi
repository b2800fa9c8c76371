"""Runs of entire pages, for native code only: see ``ground/pages.pxd``."""

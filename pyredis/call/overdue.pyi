"""Removing what has expired in order, for native code only: see ``call/overdue.pxd``."""

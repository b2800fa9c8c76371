"""Sorted sets as commands; nothing here is for Python."""

"""Saves lists: for native code only."""

"""Saves sorted sets: for native code only."""

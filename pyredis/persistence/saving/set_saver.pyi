"""Saves sets: for native code only."""

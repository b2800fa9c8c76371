"""Saves streams: for native code only."""

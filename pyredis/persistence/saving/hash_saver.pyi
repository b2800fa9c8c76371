"""Saves hashes: for native code only."""

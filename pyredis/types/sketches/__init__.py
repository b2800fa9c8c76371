"""Structures stored in strings: bitmaps and HyperLogLogs."""

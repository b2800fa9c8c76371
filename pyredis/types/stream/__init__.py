"""Streams: blocks of entries, consumer groups and pending entries."""

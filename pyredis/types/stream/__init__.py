"""Streams: blocks of entries, consumer groups, pending entries."""

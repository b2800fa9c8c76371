"""The commands for bitmaps."""

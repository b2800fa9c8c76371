"""The commands for sorted sets."""

"""The commands for lists."""

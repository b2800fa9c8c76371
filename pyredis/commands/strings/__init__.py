"""The commands for strings."""

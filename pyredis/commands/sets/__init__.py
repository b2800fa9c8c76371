"""The commands for sets."""

"""The commands for streams."""

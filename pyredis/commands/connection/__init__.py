"""The commands for connections."""

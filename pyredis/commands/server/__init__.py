"""The commands for the server."""

"""The server commands."""

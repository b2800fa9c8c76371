"""The commands for publish/subscribe."""

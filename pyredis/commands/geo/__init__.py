"""The commands for geographical positions."""

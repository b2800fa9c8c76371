"""The commands for scripts."""

"""The commands for keys of any kind."""

"""The commands for hashes."""

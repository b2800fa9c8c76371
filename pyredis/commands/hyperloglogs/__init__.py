"""The commands for hyperloglogs."""

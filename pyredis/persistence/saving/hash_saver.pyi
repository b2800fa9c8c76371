"""Hashes as commands; nothing here is for Python."""

"""Encodes values as commands: for native code only."""

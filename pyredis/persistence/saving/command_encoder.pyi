"""Encodes values as commands, for native code only: see ``persistence/saving/command_encoder.pxd``."""

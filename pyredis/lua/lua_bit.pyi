"""The library ``bit`` for scripts: operations on the low 32 bits of numbers."""

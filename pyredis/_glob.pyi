"""Glob patterns over bytes, natively; ``pyredis.glob`` is the same in Python."""

def matches(pattern: bytes, text: bytes, *, ignore_case: bool = False) -> bool:
    """Whether the whole of ``text`` matches ``pattern``."""

"""Glob patterns over bytes, as Redis reads them."""

def matches(pattern: bytes, text: bytes, *, ignore_case: bool = False) -> bool:
    """Whether the whole of ``text`` matches ``pattern``."""

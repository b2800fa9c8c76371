"""Glob patterns over bytes, as Redis reads them."""

def matches(pattern: bytes, text: bytes, *, ignore_case: bool = False) -> bool:
    """Return whether the entire ``text`` matches ``pattern``."""

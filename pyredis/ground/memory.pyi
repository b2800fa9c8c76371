"""The allocator, for native code: see ``ground/memory.pxd``."""

def used_memory() -> int:
    """Return the bytes in live blocks of the account entered last, class rounding included."""

"""The allocator, for native code: see ``ground/memory.pxd``."""

def used_memory() -> int:
    """Bytes in living blocks of the core."""

"""MEMORY USAGE: function name to handler; and what the allocator reports and returns."""

from typing import Any

HANDLERS: dict[str, Any]

def purge() -> None:
    """Returns all free memory to the system."""

def allocator_stats() -> tuple[int, int, list[tuple[int, int, int, int]]]:
    """The number of arenas, how many of them are empty, and for each size of block that has slabs: bytes, slabs,
    blocks, blocks in use.
    """

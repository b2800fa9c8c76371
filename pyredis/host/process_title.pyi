"""Changes the title of this process, which ``ps`` and other tools show; only on Linux."""

from typing import Final

STAT: Final[str]

def find_place(stat: bytes) -> tuple[int, int]:
    """Returns the first address of the arguments and the end of the environment, or (0, 0), from ``/proc/self/stat``.

    Without the environment the room ends with the arguments.
    """

def set_title(title: str, name: str) -> bool:
    """Gives the process a title, and tools that show no title the name, at most 15 bytes; returns whether it could."""

def read_place() -> tuple[int, int]:
    """Returns `find_place` for this process."""

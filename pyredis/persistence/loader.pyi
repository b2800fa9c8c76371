"""Loads an append-only file, in slices of time."""

import os
from typing import Final

from pyredis._core import Core

class DamagedFile(Exception):
    """The file has no command at ``offset``, or one that cannot be executed."""

    path: str
    offset: int
    reason: str
    def __init__(self, path: str, offset: int, reason: str) -> None: ...

class AofLoader:
    """Executes the commands of one file. Call ``step`` until it returns False; only then read ``torn``.

    Raises OSError if the file cannot be opened.
    """

    path: Final[str]
    file_size: Final[int]
    valid_size: Final[int]
    annotated: Final[int | None]

    def __init__(self, core: Core, path: str | os.PathLike[str]) -> None: ...
    @property
    def torn(self) -> bool: ...
    @property
    def loaded_bytes(self) -> int: ...
    def step(self, budget_us: int) -> bool:
        """Executes for about ``budget_us`` microseconds. False when no complete unit is left. Raises DamagedFile."""
    def close(self) -> None:
        """Unmaps the file. Must be called at the end, even after an error."""

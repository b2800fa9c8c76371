"""Loading an append-only file, in slices of time."""

import os
from typing import Final

from pyredis._core import Core

class DamagedFile(Exception):
    """What the file holds at ``offset`` is no command, or none that can be executed."""

    path: str
    offset: int
    reason: str
    def __init__(self, path: str, offset: int, reason: str) -> None: ...

class AofLoader:
    """Executes the commands of one file. ``step`` until it returns False; then ``torn`` and ``valid_size`` tell.

    Raises OSError where the file cannot be opened.
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
        """Executes for about ``budget_us``; False when there is nothing whole left. Raises DamagedFile."""
    def refusal(self) -> str: ...
    def close(self) -> None:
        """Unmaps the file; to be called at the end, whatever became of it."""

"""A snapshot of the keyspace as commands, made in slices of time while the server serves."""

from typing import Final

from pyredis._core import Core

class Snapshot:
    """One snapshot. ``work`` until it returns False, then ``finish``; ``error`` tells that it is in vain.

    Begins at once. Takes over ``fd``, an empty file opened for appending. Raises OSError. Values of more than ``piece``
    bytes are saved in pieces of about that size.
    """

    position: Final[int]

    def __init__(self, core: Core, fd: int, piece: int = ...) -> None: ...
    def work(self, budget_us: int) -> bool: ...
    def finish(self) -> int:
        """Closes the file, which is complete and synced when this returns 0; otherwise an errno."""
    def abandon(self) -> None:
        """Ends in vain; the file is the caller's to delete."""
    @property
    def error(self) -> int: ...
    @property
    def keys(self) -> int: ...
    @property
    def written(self) -> int: ...

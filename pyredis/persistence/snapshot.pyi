"""A snapshot of the keyspace as commands, made in slices of time while the server continues to serve."""

from typing import Final

from pyredis._core import Core

class Snapshot:
    """One snapshot. Call ``work`` until it returns False, then ``finish``.

    Begins at once. Takes over ``fd``, an empty file opened for appending, unless it raises OSError. Values of more than
    ``piece`` bytes are saved in pieces of about that size.
    """

    position: Final[int]

    def __init__(self, core: Core, fd: int, piece: int = ...) -> None: ...
    def work(self, budget_us: int) -> bool: ...
    def finish(self) -> int:
        """Closes the file. Returns 0 if the file is complete and synced, otherwise an errno."""
    def abandon(self) -> None:
        """Gives the snapshot up. The caller deletes the file."""
    @property
    def error(self) -> int: ...
    @property
    def keys(self) -> int: ...
    @property
    def written(self) -> int: ...

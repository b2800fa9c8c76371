"""Waiting to enter, and leaving while others wait; ``exclusion.pxd`` has the contract."""

from typing import Self

class Refused(ConnectionError):
    """Nobody may enter any more."""

class Exclusion:
    """For one server: ``with exclusion`` lets no other thread use it."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: object, error: object, trace: object) -> None: ...
    @property
    def held_here(self) -> bool:
        """Whether the calling thread is inside."""
    def refuse(self, reason: str, exiting: bool = False) -> None:
        """Refuses every thread from now on, with Refused; with ``exiting``, all other threads wait instead."""
    def after_fork(self, reason: str) -> None:
        """Refuses every thread of a child process, in which neither the holder nor those that wait exist."""

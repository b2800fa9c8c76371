"""Waiting to enter, and leaving while others wait; ``exclusion.pxd`` has the contract."""

from typing import Self

class Refused(ConnectionError):
    """Nobody may enter any more."""

def check_outside(action: str) -> None:
    """Raises RuntimeError if the calling thread is inside any exclusion in use: the handler of a command calls it."""

class Exclusion:
    """For one server: ``with exclusion`` lets no other thread use it."""

    servant: int
    """The thread of the server's loop, which goes on while the interpreter exits."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: object, error: object, trace: object) -> None: ...
    def put_in_use(self, used: bool) -> None:
        """Says whether `check_outside` concerns it."""
    @property
    def held_here(self) -> bool:
        """Whether the calling thread is inside."""
    def refuse(self, reason: str) -> None:
        """Refuses every thread from now on, with Refused."""
    def abandon_threads(self) -> None:
        """All threads except the calling one and the servant get no error any more: see `hold_abandoned`."""
    def hold_abandoned(self) -> None:
        """Must be called before a thread gets an error of the end. Never returns in an abandoned thread."""
    def after_fork(self, reason: str) -> None:
        """Refuses every thread of a child process, with RuntimeError."""

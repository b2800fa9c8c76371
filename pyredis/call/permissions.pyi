"""What a user may do, compiled for native code."""

from collections.abc import Sequence
from typing import Any, Final

from pyredis.call.state import State

class Permissions:
    """The rights of one user, as clients refer to them."""

    name: Final[bytes]

    def __init__(self, name: bytes) -> None: ...
    def define(self, selectors: Sequence[tuple[Any, ...]]) -> None:
        """Sets the rights, for the clients that have them already too.

        ``selectors`` are tuples: all commands, all keys and all channels as bools; a bit for each index of a command as
        bytes; key patterns, each with its ``Right``; channel patterns; indices of commands, each with an argument.
        """
    def retire(self) -> None:
        """The user has been deleted: clients that still refer to it may do nothing until they authenticate again."""
    @property
    def unrestricted(self) -> bool:
        """Whether some selector allows everything."""

def restrict_default_user(state: State, permissions: Permissions | None = None) -> None:
    """Sets the rights of the default user, which ``permissions`` must outlive; None if it may do everything."""

def dry_run(state: State, permissions: Permissions, argv: list[bytes]) -> bytes | None:
    """Returns why the user may not call the command, as ACL DRYRUN says it; None if it may.

    Raises CommandError for a command that does not exist or does not accept that number of arguments.
    """

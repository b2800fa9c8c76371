"""The keys of a call; the functions for Python serve COMMAND GETKEYS and the tests."""

from typing import Final

from pyredis.call.state import State

KEY_FLAGS: Final[tuple[str, ...]]

def keys_of(state: State, argv: list[bytes]) -> list[tuple[int, int]]:
    """Returns the keys of a complete command as (place, flags); ``KEY_FLAGS`` names the bits of the flags.

    Raises CommandError with the texts of COMMAND GETKEYS.
    """

def keys_by(text: str, argv: list[bytes], channels: bool = False) -> list[tuple[int, int]]:
    """Returns the same by the specifications in ``text`` (syntax: ``call/key_specs.pxd``), for any command.

    Raises ValueError for invalid specifications. The caller must ensure that the number of arguments suffices.
    """

"""The keys of a call, natively; in Python for COMMAND GETKEYS and the tests."""

from typing import Final

from pyredis.call.state import State

KEY_FLAGS: Final[tuple[str, ...]]

def keys_of(state: State, argv: list[bytes]) -> list[tuple[int, int]]:
    """The keys of a whole command: (place, flags) of each, ``KEY_FLAGS`` naming the bits of the flags.

    Raises CommandError with the texts of COMMAND GETKEYS.
    """

def keys_by(text: str, argv: list[bytes], channels: bool = False) -> list[tuple[int, int]]:
    """The same by the specifications of ``text`` (as ``call/key_specs.pxd`` has them), whatever the command is.

    Raises ValueError where they have an error. Whether the number of arguments will do is the caller's to know.
    """

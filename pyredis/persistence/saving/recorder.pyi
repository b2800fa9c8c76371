"""Records what the savers enumerate, with an encoder of its own, or encodes it in memory; for tests only."""

from typing import Any

from pyredis._core import Core

def record(core: Core, piece: int) -> list[tuple[Any, ...]]:
    """Returns the calls of an encoder for all keys, in order: tuples of a function's name and its arguments. Values of
    more than ``piece`` bytes are saved in pieces."""

def encode(core: Core, piece: int) -> bytes:
    """Returns all keys as commands. Values of more than ``piece`` bytes are saved in pieces."""

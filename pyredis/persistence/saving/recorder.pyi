"""What the savers enumerate, recorded by an encoder of its own; for the tests and nothing else."""

from typing import Any

from pyredis._core import Core

def record(core: Core, piece: int) -> list[tuple[Any, ...]]:
    """The calls of an encoder for all keys, in order: the name of the function, then its arguments as objects. Values
    of more than ``piece`` bytes are saved in pieces."""

def encode(core: Core, piece: int) -> bytes:
    """The same as commands, in memory."""

"""Checks of the invariants of a server's data, for the tests only."""

from pyredis.call.state import State

def check(core: State) -> None:
    """Walks all data; raises AssertionError, naming the place, for the first broken invariant."""

def release_scratch(core: State) -> None:
    """Frees the memory that the server keeps for the next batch."""

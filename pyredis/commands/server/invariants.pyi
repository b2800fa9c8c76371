"""What always holds inside a server's data, checked; for the tests and nothing else."""

from pyredis.call.state import State

def check(core: State) -> None:
    """Walks everything; raises AssertionError, saying where, for what does not hold."""

def release_scratch(core: State) -> None:
    """Gives back what the server keeps for the next batch."""

"""What always holds inside a server's data, checked; for the tests and nothing else."""

from pyredis._core import Core

def check(core: Core) -> None:
    """Walks everything; raises AssertionError, saying where, for what does not hold."""

def release_scratch(core: Core) -> None:
    """Gives back what the server keeps for the next batch."""

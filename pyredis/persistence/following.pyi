"""Follows a server's log of changes in this process; for tests."""

from pyredis._core import Core
from pyredis.journal.log_handle import LogFollower

def follow(core: Core, limit: int | None = None) -> LogFollower:
    """Returns a new reader of the log that `core` keeps. It may fall `limit` bytes behind; None means without limit.

    Raises BlockingIOError while a unit is open.
    """

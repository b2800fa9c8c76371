"""Following a server's log of changes in this process, for tests."""

from pyredis._core import Core
from pyredis.journal.log_handle import LogFollower

def follow(core: Core, limit: int | None = None) -> LogFollower:
    """A reader of the log that `core` keeps, which may fall `limit` bytes behind.

    Raises BlockingIOError while a unit is open.
    """

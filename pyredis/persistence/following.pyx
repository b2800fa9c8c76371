"""Follows a server's log of changes in this process; for tests. The server itself does not import this module."""

from pyredis._core cimport Core
from pyredis.journal.log_handle cimport LogFollower


def follow(Core core not None, limit=None):
    """Returns a new reader of the log that ``core`` keeps."""
    cdef LogFollower follower = LogFollower()
    follower.follow(&core.server.log, core, limit)
    return follower

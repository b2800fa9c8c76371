"""The expiry of hash fields in the keyspace: removes due fields, and propagates that to the log of changes.

Reading commands only hide due fields. Writing commands first remove those of their hash, so that they never see one;
the cycle removes the others. Each removed field is an HDEL in the log, and when a hash loses its last field, its key is
deleted. Nothing is due while the keyspace expires nothing (while loading), because the file says what was removed when.
"""

from libc.stdint cimport int64_t

from pyredis.call.state cimport Server
from pyredis.keyspace.keyspace cimport Database, Entry


cdef inline int64_t field_clock(const Server *server) noexcept nogil:
    """Returns the time to compare field expiries with, Unix time in ms."""
    return 0 if server.keyspace.expires_nothing else server.keyspace.now_ms


# Removes up to `budget` due fields of the hash. Returns the entry, or NULL if the key was deleted with its last field.
cdef Entry *expire_fields(Server *server, Database *database, Entry *entry, size_t budget) noexcept nogil
# Removes due fields of all hashes for up to `budget_us`; true when it stopped because the time was up.
cdef bint expire_fields_cycle(Server *server, int64_t budget_us) noexcept nogil

"""The expiry of hash fields in the keyspace: who removes what is due, and tells the file.

Reading commands only hide due fields. Writing commands remove those of their hash first, so that they never meet one;
the cycle removes the others. Each removed field is an HDEL in the file, and a hash that loses its last one loses its
key. Nothing is due while the keyspace expires nothing (loading): then the file tells what went when.
"""

from libc.stdint cimport int64_t

from pyredis.call.state cimport Server
from pyredis.keyspace.keyspace cimport Database, Entry


cdef inline int64_t field_clock(const Server *server) noexcept nogil:
    """The time to judge fields by, Unix time in ms."""
    return 0 if server.keyspace.expires_nothing else server.keyspace.now_ms


# Removes up to `budget` due fields of the hash. Returns the entry, or NULL when with the last field the key went.
cdef Entry *expire_fields(Server *server, Database *database, Entry *entry, size_t budget) noexcept nogil
# Looks through the hashes with fields that expire for up to `budget_us`; true when it stopped for want of time.
cdef bint expire_fields_cycle(Server *server, int64_t budget_us) noexcept nogil

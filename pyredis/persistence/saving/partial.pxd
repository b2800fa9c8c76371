"""Large values on their way into a base, piece by piece; ``saver.pxd`` has the structures.

Rebuilding commands of one key may be spread over a base, between those of other keys. So a value that the walk meets,
or that is about to change, is opened: its key, database and expiry are noted, and a guard in the value tells of every
part before that part changes. Opening and a change cost no more than the part does.
"""

from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Entry, ValueKind
from pyredis.persistence.saving.saver cimport Partial, Session

# The entry of that database, at once or from now on in pieces; false where its kind has no saver.
cdef bint session_save(Session *session, int database, Entry *entry) noexcept nogil
# The next piece; false when no value is open.
cdef bint session_work(Session *session) noexcept nogil
# The keyspace is about to release this value. True when it is open: the session will release it.
cdef bint session_take(Session *session, ValueKind kind, void *value) noexcept nogil
# Leaves the open values alone, whatever they lack.
cdef void session_end(Session *session) noexcept nogil
# Before a piece is encoded.
cdef void partial_begin(Partial *partial) noexcept nogil
cdef Slice partial_key(const Partial *partial) noexcept nogil

"""Saves large values piece by piece; ``saver.pxd`` has the structures.

The commands that create one key may be spread over a base, between those of other keys. So a value is opened when the
walk reaches it, or when it is about to change. Opening notes the key, its database and its expiry, and sets a guard in
the value, which is called with every part before that part changes. The cost of a change is at most proportional to the
part's size. The cost of opening depends on the kind: it is constant for a table; for others see ``list_pieces`` and
``stream_pieces``.
"""

from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Entry, ValueKind
from pyredis.persistence.saving.saver cimport Partial, Session

# Saves an entry of that database at once, or opens its value to save it in pieces. False if its kind has no saver.
cdef bint session_save(Session *session, int database, Entry *entry) noexcept nogil
# Saves the next piece. False if no value is open.
cdef bint session_work(Session *session) noexcept nogil
# To be called when the keyspace is about to release a value. True if the value is open: then the session releases it.
cdef bint session_take(Session *session, ValueKind kind, void *value) noexcept nogil
# Closes all open values, even if they are not completely saved.
cdef void session_end(Session *session) noexcept nogil
# Selects the value's database. To be called before a piece is encoded.
cdef void partial_begin(Partial *partial) noexcept nogil
cdef Slice partial_key(const Partial *partial) noexcept nogil

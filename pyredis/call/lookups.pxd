"""Looking up the keys that arguments are, for reading and for changing."""

from libc.stdint cimport uint64_t

from pyredis.call.call cimport Call
from pyredis.keyspace.keyspace cimport Database, Entry, ValueKind

# The living entry of the key that argument `index` is, or NULL. For reading: counts hits and misses, notes the access.
cdef Entry *lookup_read(Call *call, int index) noexcept nogil
# Also answers WRONGTYPE and sets `call.failed` where the value is of another kind.
cdef Entry *lookup_read_kind(Call *call, int index, ValueKind kind) noexcept nogil
# The same without noting the access (EXISTS, TYPE, TTL, …).
cdef Entry *lookup_untouched(Call *call, int index) noexcept nogil
# The same without an event for a miss (OBJECT).
cdef Entry *lookup_inspected(Call *call, int index) noexcept nogil
# Of any database; neither counted nor noted.
cdef Entry *lookup_in(Call *call, Database *database, int index) noexcept nogil
# For changing.
cdef Entry *lookup_write(Call *call, int index) noexcept nogil
cdef Entry *lookup_write_kind(Call *call, int index, ValueKind kind) noexcept nogil
# The same where the caller has computed the key's hash.
cdef Entry *lookup_read_hashed(Call *call, int index, uint64_t hash) noexcept nogil
cdef Entry *lookup_write_hashed(Call *call, int index, uint64_t hash) noexcept nogil
# The reply depends on more than the keys that were looked up (KEYS, SCAN, DBSIZE, …).
cdef void reads_everything(Call *call) noexcept nogil

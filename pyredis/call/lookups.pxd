"""Looking up keys named by arguments, for reading and for writing."""

from libc.stdint cimport uint64_t

from pyredis.call.call cimport Call
from pyredis.keyspace.keyspace cimport Database, Entry, ValueKind

# The live entry of the key in argument `index`, or NULL. For reading: counts hits and misses, records the access.
cdef Entry *lookup_read(Call *call, int index) noexcept nogil
# The same; if the value is of another kind, replies WRONGTYPE, sets `call.failed` and returns NULL.
cdef Entry *lookup_read_kind(Call *call, int index, ValueKind kind) noexcept nogil
# Like `lookup_read` without recording the access (EXISTS, TYPE, TTL, …).
cdef Entry *lookup_untouched(Call *call, int index) noexcept nogil
# The same without an event for a miss (OBJECT).
cdef Entry *lookup_inspected(Call *call, int index) noexcept nogil
# In any database; counts nothing and does not record the access.
cdef Entry *lookup_in(Call *call, Database *database, int index) noexcept nogil
# For writing: records the access, and preserves the old value for a snapshot.
cdef Entry *lookup_write(Call *call, int index) noexcept nogil
cdef Entry *lookup_write_kind(Call *call, int index, ValueKind kind) noexcept nogil
# The same for callers that have computed the key's hash.
cdef Entry *lookup_read_hashed(Call *call, int index, uint64_t hash) noexcept nogil
cdef Entry *lookup_write_hashed(Call *call, int index, uint64_t hash) noexcept nogil
# To be called if the reply depends on more than the keys that were looked up (KEYS, SCAN, DBSIZE, …).
cdef void reads_everything(Call *call) noexcept nogil

"""The hash: fields with values; each field may have its own expiry.

A ``Hash`` has one of three forms (``hash_forms.pxd``). It starts as a pack and becomes a table when it exceeds a limit;
no form changes back.

A field is due when its expiry is before ``now`` (Unix time in ms). Reading functions hide due fields, but these stay in
memory, and ``hash_size`` counts them, until ``hash_expire_due`` or ``hash_delete`` removes them.

Functions that may move the hash take ``Hash **``. When a hash has lost its last field, its owner must free it.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.types.hash.hash_forms cimport Hash, HashEntry
from pyredis.types.table.guard cimport Guard
from pyredis.types.table.hashtable cimport Table

# hash-max-listpack-entries and hash-max-listpack-value.
ctypedef struct HashLimits:
    size_t entries
    size_t value

cdef enum HashNumber:
    HASH_NUMBER_OK = 0
    HASH_NUMBER_INVALID = 1     # the value is no integer
    HASH_NUMBER_OVERFLOW = 2

ctypedef void (*HashVisitor)(void *context, const HashEntry *entry) noexcept nogil

# ---- the hash; functions that take or return `void *` are those that the keyspace calls for every type of value ----
cdef Hash *hash_new() noexcept nogil
cdef void *hash_copy(const void *hash) noexcept nogil
cdef void hash_free(Hash *hash) noexcept nogil
# Releases about `budget` fields; returns true when everything is released, including the hash itself. After the first
# call, no other function may be called on the hash.
cdef bint hash_free_some(void *hash, size_t budget) noexcept nogil
cdef int hash_form(const Hash *hash) noexcept nogil
# Returns the name that OBJECT ENCODING reports: listpack, listpackex or hashtable.
cdef const char *hash_encoding(const void *hash) noexcept nogil
# Returns the bytes in use, in total.
cdef size_t hash_memory(const void *hash) noexcept nogil
# Returns the number of fields in memory, including due ones.
cdef size_t hash_size(const void *hash) noexcept nogil
cdef bint hash_sound(Hash *hash) noexcept nogil
# Fully validates `size` untrusted bytes as a hash in one of the two packed forms.
cdef bint hash_check(const uint8_t *bytes, size_t size) noexcept nogil

# Return the place of a large hash's guard, and the table of its ``Field``s; NULL for a pack.
cdef Guard **hash_guard(void *hash) noexcept nogil
cdef Table *hash_table(void *hash) noexcept nogil

# ---- one field ----
# Sets `value` and `expiry` of `out`, but not `field`; returns false if there is no such field or it is due.
cdef bint hash_get(Hash *hash, Slice field, int64_t now, HashEntry *out) noexcept nogil
# Sets a field; returns true if it is new. Removes the field's expiry unless `keep_expiry`.
cdef bint hash_set(Hash **hash, Slice field, Slice value, const HashLimits *limits, bint keep_expiry) noexcept nogil
# Sets `count` fields, each followed by its value in `pairs`; returns how many are new. If there are more pairs than the
# limit allows, the hash becomes a table at once, as in Redis, even if fields repeat.
cdef size_t hash_set_pairs(Hash **hash, const Slice *pairs, size_t count, const HashLimits *limits) noexcept nogil
# Removes the field, due or not; returns false if there is none.
cdef bint hash_delete(Hash **hash, Slice field) noexcept nogil
# Adds `delta` to the field's integer and sets `out` to the sum. A missing or due field counts as 0; the expiry of any
# other field is kept.
cdef HashNumber hash_increment(
    Hash **hash, Slice field, int64_t delta, int64_t now, const HashLimits *limits, int64_t *out) noexcept nogil

# ---- expiry ----
# Converts a pack of pairs to one of triples, even if no field gets an expiry afterwards.
cdef void hash_allow_expiry(Hash **hash) noexcept nogil
# Sets the expiry of the field, due or not (0 removes it); returns false if there is no such field.
cdef bint hash_set_expiry(Hash **hash, Slice field, int64_t expiry) noexcept nogil
# Returns the earliest expiry, or 0 if no field has one.
cdef int64_t hash_next_expiry(const Hash *hash) noexcept nogil
# Removes up to `budget` due fields, the earliest first, and visits each one before it is removed. Returns how many.
cdef size_t hash_expire_due(Hash **hash, int64_t now, size_t budget, HashVisitor visit, void *context) noexcept nogil

# ---- prefetch hints ----
# The first fetches the field's place in the table and returns the field's hash, or 0 if the hash is no table. The
# second, called later with a hash that is not 0, fetches the field itself.
cdef uint64_t hash_prefetch_place(const void *hash, Slice field) noexcept nogil
cdef void hash_prefetch_field(const void *hash, uint64_t key) noexcept nogil

"""The hash: fields with values, of which each may expire on its own.

A ``Hash`` has one of three forms (``hash_forms.pxd``). It starts as a pack; a limit that is passed turns it into a
table, and no form changes back.

A field is due when its expiry lies before ``now`` (Unix time in ms). Reading functions hide due fields; they stay in
memory, and ``hash_size`` counts them, until ``hash_expire_due`` or ``hash_delete`` removes them.

Functions that may move the hash take ``Hash **``. A hash that has lost its last field is for its owner to free.
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

# ---- the whole; where it says `void *`, the keyspace asks the same of every kind of value ----
cdef Hash *hash_new() noexcept nogil
cdef void *hash_copy(const void *hash) noexcept nogil
cdef void hash_free(Hash *hash) noexcept nogil
# Releases about `budget` fields; true when nothing, the hash itself included, is left. Nothing else may be done to a
# hash once this has begun.
cdef bint hash_free_some(void *hash, size_t budget) noexcept nogil
cdef int hash_form(const Hash *hash) noexcept nogil
# As OBJECT ENCODING tells it: listpack, listpackex or hashtable.
cdef const char *hash_encoding(const void *hash) noexcept nogil
# Bytes in use, all told.
cdef size_t hash_memory(const void *hash) noexcept nogil
# Fields in memory, due ones included.
cdef size_t hash_size(const void *hash) noexcept nogil
cdef bint hash_sound(Hash *hash) noexcept nogil
# Whether `size` foreign bytes are one of the two packed forms, in every detail.
cdef bint hash_check(const uint8_t *bytes, size_t size) noexcept nogil

# Where a large hash's guard hangs, and the table of its ``Field``s; NULL for a pack.
cdef Guard **hash_guard(void *hash) noexcept nogil
cdef Table *hash_table(void *hash) noexcept nogil

# ---- one field ----
# Fills in `value` and `expiry`, not `field`; false when there is no such field or it is due.
cdef bint hash_get(Hash *hash, Slice field, int64_t now, HashEntry *out) noexcept nogil
# True when the field is new. An expiry it had is dropped, unless `keep_expiry`.
cdef bint hash_set(Hash **hash, Slice field, Slice value, const HashLimits *limits, bint keep_expiry) noexcept nogil
# Sets `count` fields, each followed by its value in `pairs`; returns how many are new. More pairs than the limit allows
# make a table at once, as in Redis, even if fields repeat.
cdef size_t hash_set_pairs(Hash **hash, const Slice *pairs, size_t count, const HashLimits *limits) noexcept nogil
# Takes the field out, due or not; false when there is none.
cdef bint hash_delete(Hash **hash, Slice field) noexcept nogil
# Adds to the field's integer, a missing or due field counting as 0; the expiry stays. `out` is the sum.
cdef HashNumber hash_increment(
    Hash **hash, Slice field, int64_t delta, int64_t now, const HashLimits *limits, int64_t *out) noexcept nogil

# ---- expiry ----
# A pack of pairs becomes one of triples, whether or not a field gets an expiry then.
cdef void hash_allow_expiry(Hash **hash) noexcept nogil
# Gives the field, due or not, an expiry (0 for none); false when there is no such field.
cdef bint hash_set_expiry(Hash **hash, Slice field, int64_t expiry) noexcept nogil
# The earliest expiry, 0 when no field has one.
cdef int64_t hash_next_expiry(const Hash *hash) noexcept nogil
# Removes up to `budget` due fields, each after a visit, the earliest first; returns how many.
cdef size_t hash_expire_due(Hash **hash, int64_t now, size_t budget, HashVisitor visit, void *context) noexcept nogil

# ---- hints: where a field is found, and later, with the hash that this returns unless it is 0, the field itself ----
cdef uint64_t hash_prefetch_place(const void *hash, Slice field) noexcept nogil
cdef void hash_prefetch_field(const void *hash, uint64_t key) noexcept nogil

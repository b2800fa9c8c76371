"""Counting, iteration, scans and random picks of the fields of a hash. All of them skip due fields."""

from libc.stdint cimport int64_t, uint64_t

from pyredis.types.hash.hash cimport HashVisitor
from pyredis.types.hash.hash_forms cimport Hash, HashEntry
from pyredis.types.table.hashtable cimport TableIterator

ctypedef struct HashIterator:
    Hash *hash
    int64_t now
    size_t at               # in a pack
    TableIterator walk      # in a table

# Returns the number of fields that are not due.
cdef size_t hash_living(const Hash *hash, int64_t now) noexcept nogil

# ---- iteration ----
cdef void hash_iterate(Hash *hash, int64_t now, HashIterator *iterator) noexcept nogil
cdef bint hash_next(HashIterator *iterator, HashEntry *out) noexcept nogil
cdef void hash_iterate_end(HashIterator *iterator) noexcept nogil
# Visits a few fields and returns the next cursor, 0 at the end; visits all fields of a pack.
cdef uint64_t hash_scan(Hash *hash, uint64_t cursor, int64_t now, HashVisitor visit, void *context) noexcept nogil

# ---- random fields ----
# Reads one random field; returns false if there is none.
cdef bint hash_random(Hash *hash, int64_t now, uint64_t *random, HashEntry *out) noexcept nogil
# Visits `count` different random fields, or all of them if there are no more than that; returns how many.
cdef size_t hash_sample(
    Hash *hash, size_t count, int64_t now, uint64_t *random, HashVisitor visit, void *context) noexcept nogil

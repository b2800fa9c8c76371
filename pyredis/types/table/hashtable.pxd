"""A hash table of pointers: 64-byte buckets, 8-bit tags, incremental growing and shrinking.

Elements are opaque; a ``TableType`` returns their keys. A bucket holds seven elements, or six and a link to an overflow
bucket. The low bits of a hash choose the bucket, its top byte is the tag. A table that is being resized has two arrays,
and every bucket of the old one whose index is below ``moved`` has been emptied into the new one. Each insertion or
removal moves one more bucket; ``table_step``, called from a timer, moves more. A slot pointer is valid until the next
call that may insert, remove or move.

``table_scan`` uses a cursor that counts in reversed bit order, so it visits every element that is present during the
entire scan at least once, even if the table grows or shrinks between the calls.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from pyredis.ground.base cimport Bucket, Slice

ctypedef struct TableType:
    # Sets `out` to the key of an element; the slice is valid as long as the element.
    void (*key)(const void *element, Slice *out) noexcept nogil
    # Releases an element; NULL if the table does not own its elements.
    void (*destroy)(void *element) noexcept nogil

ctypedef struct Table:
    Bucket *buckets[2]
    uint8_t exponent[2]     # log2 of the number of buckets; meaningless while the array is NULL
    uint32_t pauses         # while not 0, no bucket moves and nothing is resized
    size_t used[2]          # elements in each array
    size_t overflow         # overflow buckets of both arrays
    size_t moved            # old buckets already emptied, while buckets[1] is not NULL
    const TableType *type

ctypedef void (*TableVisitor)(void *context, void *element) noexcept nogil

ctypedef struct TableIterator:
    Table *table
    Bucket *bucket
    size_t index
    int array
    int slot

# The keyed hash of this process: SipHash-1-3 with a random secret.
cdef uint64_t hash_key(const char *data, size_t size) noexcept nogil
cdef inline uint64_t hash_of(Slice key) noexcept nogil:
    return hash_key(key.data, key.size)

# Replaces the random secret of the hash; for tests, before any table exists.
cdef void hash_seed(uint64_t first, uint64_t second) noexcept nogil

cdef void table_init(Table *table, const TableType *type) noexcept nogil
# Releases the arrays, and the elements if the type has a `destroy`. The table is then empty and usable.
cdef void table_clear(Table *table) noexcept nogil
# Releases about `budget` elements and their buckets; returns true when nothing is left. For freeing large tables in
# slices: after the first call, no other function may be called on the table.
cdef bint table_clear_some(Table *table, size_t budget) noexcept nogil
cdef size_t table_size(const Table *table) noexcept nogil
# Bytes in arrays and overflow buckets, without the elements.
cdef size_t table_memory(const Table *table) noexcept nogil

# Returns the slot that holds the element, or NULL. `slot[0] = other` replaces the element with one of the same key.
cdef void **table_find(Table *table, Slice key, uint64_t hash) noexcept nogil
# Returns the element, or NULL.
cdef inline void *table_get(Table *table, Slice key, uint64_t hash) noexcept nogil:
    cdef void **slot = table_find(table, key, hash)
    return slot[0] if slot != NULL else NULL

# The key must not be in the table.
cdef void table_insert(Table *table, void *element, uint64_t hash) noexcept nogil
# Takes the element out and returns it, or returns NULL. Does not destroy it.
cdef void *table_remove(Table *table, Slice key, uint64_t hash) noexcept nogil
# Enlarges the arrays to hold `count` elements, before a bulk load.
cdef void table_reserve(Table *table, size_t count) noexcept nogil
# Moves up to `buckets` buckets of a resize in progress; returns true while there is more to move.
cdef bint table_step(Table *table, size_t buckets) noexcept nogil
cdef bint table_is_resizing(const Table *table) noexcept nogil

# Visits a few elements and returns the next cursor, 0 at the end. The visitor may remove or replace the visited element
# but must not insert.
cdef uint64_t table_scan(Table *table, uint64_t cursor, TableVisitor visit, void *context) noexcept nogil
# Returns whether a scan that continues with `cursor` has already passed all elements of this hash, whatever the sizes
# of the table were.
cdef bint table_scan_passed(uint64_t cursor, uint64_t hash) noexcept nogil
cdef inline uint64_t next_random(uint64_t *state) noexcept nogil:
    """Returns the next number of SplitMix64 (Steele, Lea, Flood) and advances ``state``."""
    state[0] += 0x9e3779b97f4a7c15ULL
    cdef uint64_t z = state[0]
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL
    return z ^ (z >> 31)


# Returns a random element, each about equally likely; NULL if the table is empty.
cdef void *table_random(Table *table, uint64_t *state) noexcept nogil

# Sets `out` to the elements of a few buckets, chosen by `dice`, a random number: about `want` of them, at most `room`.
# Returns how many; there may be fewer in a sparse table, also none, and one may be there twice. Much cheaper than as
# many calls of `table_random`.
cdef size_t table_sample(const Table *table, uint64_t dice, size_t want, void **out, size_t room) noexcept nogil
# Prefetches the first bucket of the sample with these dice.
cdef void table_prefetch_sample(const Table *table, uint64_t dice) noexcept nogil
# Returns an element whose key has this hash, or NULL.
cdef void *table_with_hash(const Table *table, uint64_t hash) noexcept nogil

# Iteration over all elements. The table must not be changed, except that the element just returned may be removed or
# replaced (its bucket stays where it is). Resizing pauses until `table_iterate_end`.
cdef void table_iterate(Table *table, TableIterator *iterator) noexcept nogil
cdef void *table_next(TableIterator *iterator) noexcept nogil
cdef void table_iterate_end(TableIterator *iterator) noexcept nogil

# Prefetch hints for a batch: first the bucket of each key, then the elements whose tags match.
cdef void table_prefetch_bucket(const Table *table, uint64_t hash) noexcept nogil
cdef void table_prefetch_element(const Table *table, uint64_t hash) noexcept nogil

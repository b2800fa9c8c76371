"""A hash table of pointers: 64-byte buckets, 8-bit tags, growth and shrinking step by step.

Elements are opaque; a ``TableType`` tells their key. A bucket holds seven elements, or six and a link to an overflow
bucket. The low bits of a hash choose the bucket, its top byte is the tag. While a table is being resized it has two
arrays, and every bucket of the old one whose index is below ``moved`` has been emptied into the new one. Any insertion
or removal moves one more bucket; ``table_step`` moves more from a timer. A slot pointer stays good until the next call
that may insert, remove or move.

``table_scan`` walks with a cursor that counts in reversed bit order, so that every element present during the whole
walk is seen at least once, whatever growth or shrinking happens between its calls.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from pyredis.ground.base cimport Bucket, Slice

ctypedef struct TableType:
    # The key of an element; the slice lives as long as the element.
    void (*key)(const void *element, Slice *out) noexcept nogil
    # Releases an element; NULL where the table does not own its elements.
    void (*destroy)(void *element) noexcept nogil

ctypedef struct Table:
    Bucket *buckets[2]
    uint8_t exponent[2]     # log2 of the number of buckets; meaningless while the array is NULL
    uint32_t pauses         # while not 0, no bucket moves and nothing is resized
    size_t used[2]          # elements in each array
    size_t overflow         # overflow buckets in both
    size_t moved            # old buckets already emptied, while buckets[1] is there
    const TableType *type

ctypedef void (*TableVisitor)(void *context, void *element) noexcept nogil

ctypedef struct TableIterator:
    Table *table
    Bucket *bucket
    size_t index
    int array
    int slot

# The keyed hash of this process.
cdef uint64_t hash_key(const char *data, size_t size) noexcept nogil
cdef inline uint64_t hash_of(Slice key) noexcept nogil:
    return hash_key(key.data, key.size)

# Hashes all that comes from now on with another secret than the process drew; for tests, before there is any table.
cdef void hash_seed(uint64_t first, uint64_t second) noexcept nogil

cdef void table_init(Table *table, const TableType *type) noexcept nogil
# Releases the arrays, and the elements where the type has a destroy. Leaves the table empty and usable.
cdef void table_clear(Table *table) noexcept nogil
# Releases about `budget` elements and their buckets; true when nothing is left. For freeing large tables in slices:
# nothing but this may be called on the table once it has begun.
cdef bint table_clear_some(Table *table, size_t budget) noexcept nogil
cdef size_t table_size(const Table *table) noexcept nogil
# Bytes in arrays and overflow buckets, elements not counted.
cdef size_t table_memory(const Table *table) noexcept nogil

# The slot that holds the element, or NULL. `slot[0] = other` replaces an element by one with the same key.
cdef void **table_find(Table *table, Slice key, uint64_t hash) noexcept nogil
# The element, or NULL.
cdef inline void *table_get(Table *table, Slice key, uint64_t hash) noexcept nogil:
    cdef void **slot = table_find(table, key, hash)
    return slot[0] if slot != NULL else NULL

# The key must not be in the table.
cdef void table_insert(Table *table, void *element, uint64_t hash) noexcept nogil
# Takes the element out and returns it, or NULL. Does not destroy it.
cdef void *table_remove(Table *table, Slice key, uint64_t hash) noexcept nogil
# Sizes the empty or small table for `count` elements ahead of a bulk load.
cdef void table_reserve(Table *table, size_t count) noexcept nogil
# Moves up to `buckets` buckets of a resize under way; true while there is more to move.
cdef bint table_step(Table *table, size_t buckets) noexcept nogil
cdef bint table_is_resizing(const Table *table) noexcept nogil

# Visits a few elements and returns the next cursor, 0 at the end. The visitor may remove or replace the visited
# element but not insert.
cdef uint64_t table_scan(Table *table, uint64_t cursor, TableVisitor visit, void *context) noexcept nogil
# Whether a walk that goes on with `cursor` has been past all elements of this hash, whatever the table's size was.
cdef bint table_scan_passed(uint64_t cursor, uint64_t hash) noexcept nogil
cdef inline uint64_t next_random(uint64_t *state) noexcept nogil:
    """SplitMix64 (Steele, Lea, Flood)."""
    state[0] += 0x9e3779b97f4a7c15ULL
    cdef uint64_t z = state[0]
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL
    return z ^ (z >> 31)


# A random element, each nearly equally likely; NULL when empty.
cdef void *table_random(Table *table, uint64_t *state) noexcept nogil

# Whole walks. The table must not be changed, except that the element just returned may be removed or replaced
# (its bucket keeps its place); resizing pauses until `table_iterate_end`.
cdef void table_iterate(Table *table, TableIterator *iterator) noexcept nogil
cdef void *table_next(TableIterator *iterator) noexcept nogil
cdef void table_iterate_end(TableIterator *iterator) noexcept nogil

# Hints for a batch: first the bucket of each key, then the elements whose tag matches.
cdef void table_prefetch_bucket(const Table *table, uint64_t hash) noexcept nogil
cdef void table_prefetch_element(const Table *table, uint64_t hash) noexcept nogil

"""Python handles for the hash table and the allocator, used only by the tests."""

from libc.stdint cimport int64_t, uint8_t, uint64_t, uintptr_t
from libc.string cimport memcmp, memcpy, memset

from pyredis.ground.base cimport Bucket, Slice, lowest_bit, slice_of
from pyredis.ground.memory cimport (
    SMALL_MAX,
    mem_account,
    mem_alloc,
    mem_footprint,
    mem_free,
    mem_realloc,
    mem_trim,
    mem_zalloc,
)
from pyredis.types.table.hashtable cimport (
    Table,
    TableIterator,
    TableType,
    hash_key,
    hash_seed,
    table_clear,
    table_clear_some,
    table_find,
    table_init,
    table_insert,
    table_is_resizing,
    table_iterate,
    table_iterate_end,
    table_memory,
    table_next,
    table_prefetch_bucket,
    table_prefetch_element,
    table_prefetch_sample,
    table_random,
    table_remove,
    table_reserve,
    table_sample,
    table_scan,
    table_size,
    table_step,
    table_with_hash,
)

SMALL = SMALL_MAX

cdef enum:
    LINKED = 0x80
    LAST = 6

ctypedef struct Cell:
    int64_t value
    size_t size
    # the key follows

cdef TableType _cells
cdef uint64_t _keys_read


cdef void cell_key(const void *element, Slice *out) noexcept nogil:
    global _keys_read
    _keys_read += 1
    cdef const Cell *cell = <const Cell *> element
    out[0] = slice_of(<const char *> (cell + 1), cell.size)


cdef void cell_free(void *element) noexcept nogil:
    mem_free(element, sizeof(Cell) + (<Cell *> element).size)


_cells.key = cell_key
_cells.destroy = cell_free


cdef Cell *cell_new(bytes key, int64_t value):
    cdef Cell *cell = <Cell *> mem_alloc(sizeof(Cell) + len(key))
    cell.value = value
    cell.size = len(key)
    memcpy(cell + 1, <const char *> key, len(key))
    return cell


cdef bytes key_of(const void *element):
    cdef Slice key
    cell_key(element, &key)
    return key.data[:key.size]


def seed_hashes(uint64_t first, uint64_t second):
    hash_seed(first, second)


def hash_of(bytes key):
    return hash_key(key, len(key))


def keys_read():
    """Returns how often tables have read the key of an element since the module was loaded."""
    return _keys_read


def limit_memory(int64_t limit):
    """Sets the limit of the account that was entered last; 0 for none."""
    mem_account().limit = limit


def used_bytes():
    return mem_account().used


def trim():
    """Returns one empty arena to the system; returns False if there is none."""
    return bool(mem_trim())


cdef void visit(void *context, void *element) noexcept nogil:
    with gil:
        (<HashTable> context).visited(element)


cdef class HashTable:
    """A table that maps byte strings to numbers."""

    cdef Table table
    cdef uint64_t random_state
    cdef list found
    cdef bint removing

    def __cinit__(self, uint64_t seed=1):
        table_init(&self.table, &_cells)
        self.random_state = seed

    def __dealloc__(self):
        table_clear(&self.table)

    def __len__(self):
        return table_size(&self.table)

    @property
    def memory(self):
        return table_memory(&self.table)

    @property
    def resizing(self):
        return table_is_resizing(&self.table)

    @property
    def overflow(self):
        """The number of overflow buckets."""
        return self.table.overflow

    @property
    def buckets(self):
        """The number of buckets in the array that remains after a resize."""
        array = 1 if self.table.buckets[1] != NULL else 0
        return 1 << self.table.exponent[array] if self.table.buckets[array] != NULL else 0

    cdef void **slot(self, bytes key):
        return table_find(&self.table, slice_of(key, len(key)), hash_key(key, len(key)))

    def get(self, bytes key):
        cdef void **slot = self.slot(key)
        return (<Cell *> slot[0]).value if slot != NULL else None

    def insert(self, bytes key, int64_t value=0):
        """Inserts a key, which must not be in the table yet."""
        table_insert(&self.table, cell_new(key, value), hash_key(key, len(key)))

    def replace(self, bytes key, int64_t value):
        """Replaces the element of a key, which must be in the table."""
        cdef void **slot = self.slot(key)
        cell_free(slot[0])
        slot[0] = cell_new(key, value)

    def remove(self, bytes key):
        cdef void *element = table_remove(&self.table, slice_of(key, len(key)), hash_key(key, len(key)))
        if element == NULL:
            return False
        cell_free(element)
        return True

    def reserve(self, size_t count):
        table_reserve(&self.table, count)

    def step(self, size_t buckets):
        return table_step(&self.table, buckets)

    def prefetch(self, bytes key):
        table_prefetch_bucket(&self.table, hash_key(key, len(key)))
        table_prefetch_element(&self.table, hash_key(key, len(key)))

    def clear(self):
        table_clear(&self.table)

    def clear_some(self, size_t budget):
        return table_clear_some(&self.table, budget)

    def sample(self, uint64_t dice, size_t want, size_t room):
        cdef void *elements[64]
        cdef size_t index, count
        assert room <= 64
        table_prefetch_sample(&self.table, dice)
        count = table_sample(&self.table, dice, want, elements, room)
        return [key_of(elements[index]) for index in range(count)]

    def with_hash_of(self, bytes key):
        """Returns the key of the element whose key has the same hash as ``key``, or None."""
        cdef void *element = table_with_hash(&self.table, hash_key(key, len(key)))
        return key_of(element) if element != NULL else None

    def random(self):
        cdef void *element = table_random(&self.table, &self.random_state)
        return key_of(element) if element != NULL else None

    cdef int visited(self, void *element) except -1:
        key = key_of(element)
        self.found.append(key)
        if self.removing:
            self.remove(key)
        return 0

    def scan(self, uint64_t cursor, bint removing=False):
        """Returns (next cursor, keys); with ``removing``, removes the visited elements."""
        self.found = []
        self.removing = removing
        cursor = table_scan(&self.table, cursor, visit, <void *> self)
        return cursor, self.found

    def items(self):
        cdef TableIterator iterator
        cdef void *element
        found = []
        table_iterate(&self.table, &iterator)
        while True:
            element = table_next(&iterator)
            if element == NULL:
                break
            found.append((key_of(element), (<Cell *> element).value))
        table_iterate_end(&iterator)
        return found

    def sweep(self, keep, Py_ssize_t most=1 << 62):
        """Iterates over at most ``most`` keys, removes those that ``keep`` rejects, and returns all visited keys."""
        cdef TableIterator iterator
        cdef void *element
        found = []
        table_iterate(&self.table, &iterator)
        while len(found) < most:
            element = table_next(&iterator)
            if element == NULL:
                break
            key = key_of(element)
            found.append(key)
            if not keep(key):
                self.remove(key)
        table_iterate_end(&iterator)
        return found

    def check(self):
        """Raises AssertionError if an invariant does not hold."""
        cdef int array
        cdef size_t index, overflow = 0, count
        for array in range(2):
            count = 0
            if self.table.buckets[array] != NULL:
                for index in range(<size_t> 1 << self.table.exponent[array]):
                    elements, children = self.check_chain(array, index)
                    assert elements == children == 0 or array == 1 or index >= self.table.moved
                    count += elements
                    overflow += children
            assert count == self.table.used[array], (array, count, self.table.used[array])
        assert overflow == self.table.overflow, (overflow, self.table.overflow)
        assert self.table.pauses == 0

    cdef tuple check_chain(self, int array, size_t index):
        """Checks one chain; returns (elements, overflow buckets)."""
        cdef Bucket *bucket = &self.table.buckets[array][index]
        cdef size_t mask = (<size_t> 1 << self.table.exponent[array]) - 1
        cdef size_t elements = 0, children = 0
        cdef unsigned taken
        cdef int slot
        while True:
            assert <uintptr_t> bucket % 64 == 0
            taken = bucket.meta & (0x3f if bucket.meta & LINKED else 0x7f)
            while taken:
                slot = lowest_bit(taken)
                taken &= taken - 1
                elements += 1
                self.check_element(bucket.slots[slot], bucket.tags[slot], mask, index)
            if not bucket.meta & LINKED:
                return elements, children
            children += 1
            bucket = <Bucket *> bucket.slots[LAST]

    cdef int check_element(self, void *element, uint8_t tag, size_t mask, size_t index) except -1:
        key = key_of(element)
        cdef uint64_t hash = hash_of(key)
        assert hash & mask == index
        assert hash >> 56 == tag
        assert self.slot(key)[0] == element
        return 0


cdef class Block:
    """A block from the allocator, filled with a pattern of its own."""

    cdef char *data
    cdef readonly size_t size
    cdef readonly uint8_t pattern

    def __cinit__(self, size_t size, uint8_t pattern=0, bint zeroed=False):
        self.size = size
        self.pattern = pattern
        if zeroed:
            self.data = <char *> mem_zalloc(size)
            self.check(size, 0)
        else:
            self.data = <char *> mem_alloc(size)
        assert <uintptr_t> self.data % 8 == 0
        memset(self.data, pattern, size)

    def __dealloc__(self):
        mem_free(self.data, self.size)

    cdef int check(self, size_t size, uint8_t pattern) except -1:
        """Asserts that the first ``size`` bytes are ``pattern``."""
        assert size == 0 or <uint8_t> self.data[0] == pattern
        assert size == 0 or memcmp(self.data, self.data + 1, size - 1) == 0
        return 0

    def is_intact(self):
        self.check(self.size, self.pattern)
        return True

    def resize(self, size_t size):
        self.data = <char *> mem_realloc(self.data, self.size, size)
        self.check(min(self.size, size), self.pattern)
        self.size = size
        memset(self.data, self.pattern, size)

    @property
    def address(self):
        return <uintptr_t> self.data

    @property
    def footprint(self):
        return mem_footprint(self.size)


def peak_bytes(bint reset=False):
    if reset:
        mem_account().peak = mem_account().used
    return mem_account().peak

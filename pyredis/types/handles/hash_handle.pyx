"""Python handles for the packed list and the hash, used only by the tests.

Each class owns one value and passes bytes and numbers through, without adding behaviour of its own.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_account
from pyredis.types.hash.hash cimport (
    Hash,
    HashEntry,
    HashLimits,
    hash_check,
    hash_copy,
    hash_delete,
    hash_encoding,
    hash_expire_due,
    hash_free,
    hash_free_some,
    hash_get,
    hash_increment,
    hash_memory,
    hash_new,
    hash_next_expiry,
    hash_set,
    hash_set_expiry,
    hash_set_pairs,
    hash_size,
    hash_sound,
)
from pyredis.types.hash.hash_walk cimport (
    HashIterator,
    hash_iterate,
    hash_iterate_end,
    hash_living,
    hash_next,
    hash_random,
    hash_sample,
    hash_scan,
)
from pyredis.types.packs.listpack cimport (
    PACK_HEADER,
    Pack,
    PackCode,
    PackItem,
    pack_append,
    pack_check,
    pack_code,
    pack_code_number,
    pack_copy,
    pack_cost,
    pack_count,
    pack_delete,
    pack_end,
    pack_find,
    pack_free,
    pack_get,
    pack_insert,
    pack_is_backward,
    pack_new,
    pack_next,
    pack_owner,
    pack_previous,
    pack_replace,
    pack_seek,
    pack_set_owner,
    pack_size,
    pack_text,
)


cdef Slice slice_from(bytes text):
    return slice_of(text, len(text))


cdef PackCode code_from(object value):
    cdef PackCode code
    if isinstance(value, int):
        pack_code_number(&code, value)
    else:
        pack_code(&code, slice_from(value))
    return code


def check_pack(bytes image, size_t stride=1):
    """Returns whether these bytes are a valid pack."""
    return pack_check(image, len(image), stride)


def pack_from(bytes image):
    """Returns a pack of these bytes, which must be valid."""
    cdef PackedList other = PackedList()
    assert pack_check(image, len(image), 1)
    pack_free(other.pack)
    other.pack = pack_copy(<const Pack *> <const uint8_t *> image)
    return other


cdef class PackedList:
    """A pack. Elements are passed as bytes or int; positions are indexes from 0."""

    cdef Pack *pack

    def __cinit__(self, bint backward=False, unsigned owner=0):
        self.pack = pack_new(owner, backward)

    def __dealloc__(self):
        if self.pack != NULL:
            pack_free(self.pack)

    cdef size_t at(self, int64_t index) except 0:
        cdef size_t position = pack_seek(self.pack, index)
        if position == 0:
            raise IndexError(index)
        return position

    def __len__(self):
        return pack_count(self.pack)

    def __bytes__(self):
        return (<const char *> self.pack)[:pack_size(self.pack)]

    def __iter__(self):
        cdef size_t at = PACK_HEADER
        while at < pack_end(self.pack):
            yield self.get(at)
            at = pack_next(self.pack, at)

    def __reversed__(self):
        cdef size_t at = pack_previous(self.pack, pack_end(self.pack))
        while at:
            yield self.get(at)
            at = pack_previous(self.pack, at)

    def __getitem__(self, int64_t index):
        return self.get(self.at(index))

    cdef object get(self, size_t at):
        cdef PackItem item = pack_get(self.pack, at)
        return item.number if item.text == NULL else item.text[:item.size]

    def text(self, int64_t index):
        cdef char scratch[20]
        cdef Slice text = pack_text(self.pack, self.at(index), scratch)
        return text.data[:text.size]

    def has(self, int64_t index):
        return pack_seek(self.pack, index) != 0

    @property
    def owner(self):
        return pack_owner(self.pack)

    @owner.setter
    def owner(self, unsigned owner):
        pack_set_owner(self.pack, owner)

    def is_backward(self):
        return pack_is_backward(self.pack)

    def copy(self):
        cdef PackedList other = PackedList()
        pack_free(other.pack)
        other.pack = pack_copy(self.pack)
        return other

    def append(self, *values):
        self.insert_at(0, values)

    def insert(self, int64_t index, *values):
        self.insert_at(self.at(index), values)

    cdef void insert_at(self, size_t at, tuple values) except *:
        """Inserts elements; 0 as ``at`` appends."""
        cdef PackCode codes[8]
        cdef size_t before = pack_size(self.pack), cost
        for i, value in enumerate(values):
            codes[i] = code_from(value)
        cost = pack_cost(self.pack, codes, len(values))
        if at:
            pack_insert(&self.pack, at, codes, len(values))
        else:
            pack_append(&self.pack, codes, len(values))
        assert pack_size(self.pack) == before + cost

    def replace(self, int64_t index, value):
        cdef PackCode code = code_from(value)
        pack_replace(&self.pack, self.at(index), &code)

    def delete(self, int64_t index, size_t count=1):
        pack_delete(&self.pack, self.at(index), count)

    def find(self, value, int64_t start=0, size_t stride=1):
        """Returns the index, or None."""
        cdef PackCode code = code_from(value)
        cdef size_t found, at = self.at(start)
        found = pack_find(self.pack, at, &code, stride)
        if not found:
            return None
        while at < found:
            at = pack_next(self.pack, at)
            start += 1
        return start


def used_bytes():
    """Returns the bytes in allocated blocks of the account entered last."""
    return mem_account().used


cdef object pair_of(const HashEntry *entry):
    return entry.field.data[:entry.field.size], entry.value.data[:entry.value.size], entry.expiry


cdef void collect(void *context, const HashEntry *entry) noexcept nogil:
    with gil:
        (<list> context).append(pair_of(entry))


def check_hash(bytes image):
    """Returns whether these bytes are a valid hash in one of the packed forms."""
    return hash_check(image, len(image))


cdef class HashValue:
    """A hash. Fields are returned as (field, value, expiry); times are in ms. The constructor takes the limits."""

    cdef Hash *hash
    cdef HashLimits limits
    cdef uint64_t random_state

    def __cinit__(self, size_t entries=128, size_t value=64, uint64_t seed=1):
        self.hash = hash_new()
        self.limits.entries = entries
        self.limits.value = value
        self.random_state = seed

    def __dealloc__(self):
        if self.hash != NULL:
            hash_free(self.hash)

    def __len__(self):
        return hash_size(self.hash)

    @property
    def encoding(self):
        return (<bytes> hash_encoding(self.hash)).decode()

    @property
    def memory(self):
        return hash_memory(self.hash)

    @property
    def next_expiry(self):
        return hash_next_expiry(self.hash)

    def __bytes__(self):
        """Returns the bytes of a packed hash."""
        assert self.encoding != "hashtable"
        return (<const char *> self.hash)[:pack_size(<const Pack *> self.hash)]

    def living(self, int64_t now):
        return hash_living(self.hash, now)

    def is_sound(self):
        return hash_sound(self.hash)

    def set_pairs(self, *texts):
        """Sets fields from field, value, field, value, …: at most 50 pairs."""
        cdef Slice pairs[100]
        for i, text in enumerate(texts):
            pairs[i] = slice_from(text)
        return hash_set_pairs(&self.hash, pairs, len(texts) // 2, &self.limits)

    def set(self, bytes field, bytes value, bint keep_expiry=False):
        return hash_set(&self.hash, slice_from(field), slice_from(value), &self.limits, keep_expiry)

    def get(self, bytes field, int64_t now=0):
        """Returns (value, expiry), or None."""
        cdef HashEntry entry
        if not hash_get(self.hash, slice_from(field), now, &entry):
            return None
        return entry.value.data[:entry.value.size], entry.expiry

    def delete(self, bytes field):
        return hash_delete(&self.hash, slice_from(field))

    def increment(self, bytes field, int64_t delta, int64_t now=0):
        """Returns (status, sum)."""
        cdef int64_t total = 0
        status = hash_increment(&self.hash, slice_from(field), delta, now, &self.limits, &total)
        return <int> status, total

    def set_expiry(self, bytes field, int64_t expiry):
        return hash_set_expiry(&self.hash, slice_from(field), expiry)

    def expire_due(self, int64_t now, size_t budget=1 << 30):
        """Removes due fields and returns them as they were."""
        cdef Py_ssize_t removals
        removed = []
        removals = hash_expire_due(&self.hash, now, budget, collect, <void *> removed)
        assert removals == len(removed)
        return removed

    def items(self, int64_t now=0):
        cdef HashIterator iterator
        cdef HashEntry entry
        found = []
        hash_iterate(self.hash, now, &iterator)
        while hash_next(&iterator, &entry):
            found.append(pair_of(&entry))
        hash_iterate_end(&iterator)
        return found

    def scan(self, uint64_t cursor, int64_t now=0):
        """Returns (next cursor, fields)."""
        found = []
        cursor = hash_scan(self.hash, cursor, now, collect, <void *> found)
        return cursor, found

    def random(self, int64_t now=0):
        cdef HashEntry entry
        return pair_of(&entry) if hash_random(self.hash, now, &self.random_state, &entry) else None

    def sample(self, size_t count, int64_t now=0):
        cdef Py_ssize_t visited
        found = []
        visited = hash_sample(self.hash, count, now, &self.random_state, collect, <void *> found)
        assert visited == len(found)
        return found

    def copy(self):
        cdef HashValue other = HashValue(self.limits.entries, self.limits.value)
        hash_free(other.hash)
        other.hash = <Hash *> hash_copy(self.hash)
        return other

    def free_some(self, size_t budget):
        """Returns True when everything is released. After the first call, only further calls until then are allowed."""
        cdef bint done = hash_free_some(self.hash, budget)
        if done:
            self.hash = NULL
        return done


def hash_from(bytes image, size_t entries=128, size_t value=64):
    """Returns a packed hash of these bytes, which must be valid."""
    cdef HashValue made = HashValue(entries, value)
    assert hash_check(image, len(image))
    hash_free(made.hash)
    made.hash = <Hash *> pack_copy(<const Pack *> <const uint8_t *> image)
    return made

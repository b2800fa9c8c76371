"""Python handles for the sets, used only by the tests.

Each class owns one value and passes bytes and numbers through, without adding behaviour of its own.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from pyredis.ground.base cimport Slice, slice_of
from pyredis.types.packs.listpack cimport Pack, pack_copy
from pyredis.types.set.intset cimport (
    Intset,
    intset_add,
    intset_check,
    intset_copy,
    intset_count,
    intset_free,
    intset_get,
    intset_has,
    intset_new,
    intset_remove,
    intset_size,
    intset_width,
)
from pyredis.types.set.set cimport (
    Set,
    SetBatch,
    SetIterator,
    SetLimits,
    SetMember,
    member_slice,
    set_add,
    set_check,
    set_copy,
    set_encoding,
    set_expect,
    set_filter,
    set_free,
    set_free_some,
    set_has,
    set_iterate,
    set_iterate_end,
    set_memory,
    set_new,
    set_new_integers,
    set_next,
    set_next_batch,
    set_remove,
    set_scan,
    set_size,
    set_sound,
    text_member,
)
from pyredis.types.set.set_sampling cimport set_pop, set_random, set_sample


def check_integers(bytes image):
    """Returns whether these bytes are a valid set of integers."""
    return intset_check(image, len(image))


def integers_from(bytes image):
    """Returns a set of integers of these bytes, which must be valid."""
    cdef IntegerSet other = IntegerSet()
    assert intset_check(image, len(image))
    intset_free(other.set)
    other.set = intset_copy(<const Intset *> <const uint8_t *> image)
    return other


cdef class IntegerSet:
    """A set of integers."""

    cdef Intset *set

    def __cinit__(self):
        self.set = intset_new(0)

    def __dealloc__(self):
        intset_free(self.set)

    def __len__(self):
        return intset_count(self.set)

    def __bytes__(self):
        return (<const char *> self.set)[:intset_size(self.set)]

    def __iter__(self):
        cdef size_t index
        for index in range(intset_count(self.set)):
            yield intset_get(self.set, index)

    def __contains__(self, int64_t value):
        return intset_has(self.set, value)

    @property
    def width(self):
        return intset_width(self.set)

    def add(self, int64_t value):
        return intset_add(&self.set, value)

    def remove(self, int64_t value):
        return intset_remove(&self.set, value)


cdef SetMember member_from(object value):
    cdef SetMember member
    if isinstance(value, int):
        member.text = NULL
        member.size = 0
        member.number = value
        return member
    return text_member(slice_of(value, len(value)))


cdef object as_bytes(const SetMember *member):
    cdef char digits[20]
    cdef Slice text = member_slice(member, digits)
    return text.data[:text.size]


cdef void collect(void *context, const SetMember *member) noexcept nogil:
    with gil:
        (<list> context).append(as_bytes(member))


def check_set(bytes image):
    """Returns whether these bytes are a valid set in a form that is not a table."""
    return set_check(image, len(image))


cdef class SetValue:
    """A set. Members are passed as bytes or int and returned as bytes. The constructor takes the limits."""

    cdef Set *set
    cdef SetLimits limits
    cdef uint64_t random_state

    def __cinit__(self, size_t integers=512, size_t entries=128, size_t value=64, uint64_t seed=1, first=None,
                  size_t count=1):
        """Creates an empty set; with ``first``, in the form for ``count`` members, of which ``first`` is one."""
        cdef SetMember member
        self.limits.integers = integers
        self.limits.entries = entries
        self.limits.value = value
        self.random_state = seed
        if first is None:
            self.set = set_new_integers()
        else:
            member = member_from(first)
            self.set = set_new(&member, count, &self.limits)

    def __dealloc__(self):
        if self.set != NULL:
            set_free(self.set)

    def __len__(self):
        return set_size(self.set)

    def __contains__(self, value):
        cdef SetMember member = member_from(value)
        return set_has(self.set, &member)

    @property
    def encoding(self):
        return (<bytes> set_encoding(self.set)).decode()

    @property
    def memory(self):
        return set_memory(self.set)

    def is_sound(self):
        return set_sound(self.set)

    def expect(self, size_t count):
        set_expect(&self.set, count, &self.limits)

    def add(self, value):
        cdef SetMember member = member_from(value)
        return set_add(&self.set, &member, &self.limits)

    def remove(self, value):
        cdef SetMember member = member_from(value)
        return set_remove(&self.set, &member)

    def members(self):
        cdef SetIterator iterator
        cdef SetMember member
        found = []
        set_iterate(self.set, &iterator)
        while set_next(&iterator, &member):
            found.append(as_bytes(&member))
        set_iterate_end(&iterator)
        return found

    def filtered(self, SetValue other, bint present):
        """Returns the members that ``other`` contains, or, if not ``present``, those that it does not contain."""
        cdef SetIterator iterator
        cdef SetBatch batch
        cdef size_t i
        found = []
        set_iterate(self.set, &iterator)
        while set_next_batch(&iterator, &batch):
            set_filter(other.set, &batch, present)
            for i in range(batch.count):
                found.append(as_bytes(&batch.members[i]))
        set_iterate_end(&iterator)
        return found

    def scan(self, uint64_t cursor):
        """Returns (next cursor, members)."""
        found = []
        cursor = set_scan(self.set, cursor, collect, <void *> found)
        return cursor, found

    def random(self):
        cdef SetMember member
        set_random(self.set, &self.random_state, &member)
        return as_bytes(&member)

    def sample(self, size_t count):
        found = []
        set_sample(self.set, count, &self.random_state, collect, <void *> found)
        return found

    def pop(self, size_t count):
        found = []
        set_pop(&self.set, count, &self.limits, &self.random_state, collect, <void *> found)
        return found

    def copy(self):
        cdef SetValue other = SetValue(self.limits.integers, self.limits.entries, self.limits.value)
        set_free(other.set)
        other.set = <Set *> set_copy(self.set)
        return other

    def free_some(self, size_t budget):
        """Returns True when everything is released. After the first call, only further calls until then are allowed."""
        cdef bint done = set_free_some(self.set, budget)
        if done:
            self.set = NULL
        return done


def set_from(bytes image, size_t integers=512, size_t entries=128, size_t value=64):
    """Returns a set of these bytes, which must be valid."""
    cdef SetValue made = SetValue(integers, entries, value)
    assert set_check(image, len(image))
    set_free(made.set)
    # Both packs and arrays of integers begin with their size.
    made.set = <Set *> pack_copy(<const Pack *> <const uint8_t *> image)
    return made

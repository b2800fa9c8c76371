"""Python handles for the sorted set, used only by the tests.

The class owns one value and passes bytes and numbers through, without adding behaviour of its own.
"""

from libc.stdint cimport uint8_t, uint64_t

from pyredis.ground.base cimport Slice, slice_of
from pyredis.types.packs.listpack cimport Pack, pack_copy, pack_set_owner
from pyredis.types.sorted_set.sorted_pack cimport ScoredMember, scored_check
from pyredis.types.sorted_set.sorted_set cimport (
    ZSET_PACKED,
    SortedSet,
    SortedSetIterator,
    SortedSetLimits,
    zset_add,
    zset_arrange,
    zset_copy,
    zset_delete,
    zset_delete_range,
    zset_encoding,
    zset_expect,
    zset_free,
    zset_free_some,
    zset_gather,
    zset_gathered,
    zset_iterate,
    zset_iterate_end,
    zset_memory,
    zset_new,
    zset_next,
    zset_random,
    zset_rank,
    zset_rank_of_score,
    zset_rank_of_text,
    zset_sample,
    zset_scan,
    zset_score,
    zset_size,
    zset_sound,
)


cdef Slice slice_from(bytes text):
    return slice_of(text, len(text))


cdef void collect(void *context, const ScoredMember *member) noexcept nogil:
    with gil:
        (<list> context).append(pair(member))


cdef tuple pair(const ScoredMember *member):
    return member.member.data[:member.member.size], member.score


def check_scored(bytes image):
    """Returns whether these bytes are a valid pack of members with scores."""
    return scored_check(image, len(image))


def scored_from(bytes image, size_t entries=128, size_t value=64):
    """Returns a small sorted set of these bytes, which must be valid."""
    cdef SortedSetValue made = SortedSetValue(entries, value)
    assert scored_check(image, len(image))
    zset_free(made.set)
    made.set = <SortedSet *> pack_copy(<const Pack *> <const uint8_t *> image)
    pack_set_owner(<Pack *> made.set, ZSET_PACKED)
    return made


cdef class SortedSetValue:
    cdef SortedSet *set
    cdef SortedSetLimits limits
    cdef uint64_t state

    def __cinit__(self, size_t entries=128, size_t value=64):
        self.set = zset_new()
        self.limits.entries = entries
        self.limits.value = value

    def __dealloc__(self):
        if self.set != NULL:
            zset_free(self.set)

    def __len__(self):
        return zset_size(self.set)

    @property
    def encoding(self):
        return zset_encoding(self.set).decode()

    @property
    def memory(self):
        return zset_memory(self.set)

    def sound(self):
        return zset_sound(self.set)

    def add(self, bytes member, double score, int conditions=0):
        result = zset_add(&self.set, slice_from(member), &score, conditions, &self.limits)
        return <int> result, score

    def expect(self, size_t count):
        zset_expect(&self.set, count, &self.limits)

    def delete(self, bytes member):
        return zset_delete(&self.set, slice_from(member))

    def score(self, bytes member):
        cdef double score
        return score if zset_score(self.set, slice_from(member), &score) else None

    def rank(self, bytes member):
        cdef double score
        return zset_rank(self.set, slice_from(member), &score)

    def rank_of_score(self, double score, bint after):
        return zset_rank_of_score(self.set, score, after)

    def rank_of_text(self, bytes text, bint after):
        return zset_rank_of_text(self.set, slice_from(text), after)

    def items(self, size_t begin=0, size_t end=<size_t> -1, bint reverse=False):
        cdef SortedSetIterator iterator
        cdef ScoredMember member
        found = []
        zset_iterate(self.set, begin, min(end, zset_size(self.set)), reverse, &iterator)
        while zset_next(&iterator, &member):
            found.append(pair(&member))
        zset_iterate_end(&iterator)
        return found

    def delete_range(self, size_t begin, size_t end):
        zset_delete_range(&self.set, begin, end)

    def scan(self, uint64_t cursor):
        found = []
        cursor = zset_scan(self.set, cursor, collect, <void *> found)
        return cursor, found

    def random(self):
        cdef ScoredMember member
        zset_random(self.set, &self.state, &member)
        return pair(&member)

    def sample(self, size_t count):
        found = []
        zset_sample(self.set, count, &self.state, collect, <void *> found)
        return found

    def copy(self):
        cdef SortedSetValue other = SortedSetValue(self.limits.entries, self.limits.value)
        zset_free(other.set)
        other.set = <SortedSet *> zset_copy(self.set)
        return other

    def free_some(self, size_t budget):
        if not zset_free_some(self.set, budget):
            return False
        self.set = NULL
        return True

    @staticmethod
    def gathered(list pairs, size_t entries=128, size_t value=64):
        cdef SortedSetValue made = SortedSetValue(entries, value)
        cdef bint created
        zset_free(made.set)
        made.set = zset_gather(len(pairs))
        for member, score in pairs:
            zset_gathered(made.set, slice_from(member), &created)[0] = score
        zset_arrange(&made.set, &made.limits)
        return made

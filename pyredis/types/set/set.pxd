"""The set: different strings, without order.

A ``Set`` has one of three forms (``set_forms.pxd``), where a ``SetMember`` is declared too. A form changes only to a
later one, except that ``set_pop`` may build a new set from what it leaves. Integers are members like others: "12" is
the same member as 12, while "012" is another.

Functions that may move the set take ``Set **``. A set that has lost its last member is for its owner to free.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.types.set.set_forms cimport Set, SetMember, member_slice, text_member
from pyredis.types.table.guard cimport Guard
from pyredis.types.table.hashtable cimport Table, TableIterator

cdef enum:
    SET_BATCH = 32

# set-max-intset-entries, set-max-listpack-entries and set-max-listpack-value.
ctypedef struct SetLimits:
    size_t integers
    size_t entries
    size_t value

ctypedef struct SetIterator:
    Set *set
    size_t at               # the next index or position; meaningless in a table
    TableIterator walk      # in a table
    bint ended              # of a walk in batches: a table's walk may not be asked again

# Members on their way through several sets: what costs much, waiting for memory, is done for all of them at once.
ctypedef struct SetBatch:
    size_t count
    bint hashed
    SetMember members[SET_BATCH]
    uint64_t hashes[SET_BATCH]

ctypedef void (*SetVisitor)(void *context, const SetMember *member) noexcept nogil


# ---- the whole; where it says `void *`, the keyspace asks the same of every kind of value ----
# An empty set in the form that suits `first` and `count` members, as Redis would choose it.
cdef Set *set_new(const SetMember *first, size_t count, const SetLimits *limits) noexcept nogil
# One that takes whatever comes in the first form that does.
cdef Set *set_new_integers() noexcept nogil
# One that is not to be kept: a table with room for `count` members.
cdef Set *set_new_table(size_t count) noexcept nogil
cdef void *set_copy(const void *set) noexcept nogil
cdef void set_free(Set *set) noexcept nogil
# Releases about `budget` members; true when nothing, the set itself included, is left. Nothing else may be done to a
# set once this has begun.
cdef bint set_free_some(void *set, size_t budget) noexcept nogil
cdef int set_form(const Set *set) noexcept nogil
# As OBJECT ENCODING tells it: intset, listpack or hashtable.
cdef const char *set_encoding(const void *set) noexcept nogil
# Bytes in use, all told.
cdef size_t set_memory(const void *set) noexcept nogil
cdef size_t set_size(const void *set) noexcept nogil
cdef bint set_sound(Set *set) noexcept nogil
# Whether `size` foreign bytes are one of the two forms that are no table, in every detail.
cdef bint set_check(const uint8_t *bytes, size_t size) noexcept nogil

# Where a large set's guard hangs, and the table of its ``Member``s; NULL for the other forms.
cdef Guard **set_guard(void *set) noexcept nogil
cdef Table *set_table(void *set) noexcept nogil

# ---- one member ----
cdef bint set_has(Set *set, const SetMember *member) noexcept nogil
# Ahead of `count` members to add: as in Redis, more of them than the form may hold make a table at once.
cdef void set_expect(Set **set, size_t count, const SetLimits *limits) noexcept nogil
# After additions by a higher limit: too many integers become a pack, if they are few and short enough, or a table.
cdef void set_confine_integers(Set **set, const SetLimits *limits) noexcept nogil
# True when the member is new. It may be one of another set, not of this one.
cdef bint set_add(Set **set, const SetMember *member, const SetLimits *limits) noexcept nogil
# False when there is no such member.
cdef bint set_remove(Set **set, const SetMember *member) noexcept nogil

# ---- many members ----
cdef void set_iterate(Set *set, SetIterator *iterator) noexcept nogil
cdef bint set_next(SetIterator *iterator, SetMember *out) noexcept nogil
cdef void set_iterate_end(SetIterator *iterator) noexcept nogil
# Visits all members.
cdef void set_visit(Set *set, SetVisitor visit, void *context) noexcept nogil
# Visits a few members and returns the next cursor, 0 at the end; what is no table is visited whole.
cdef uint64_t set_scan(Set *set, uint64_t cursor, SetVisitor visit, void *context) noexcept nogil
# The next members of a walk; false at its end.
cdef bint set_next_batch(SetIterator *iterator, SetBatch *batch) noexcept nogil
# Adds the members, which are another set's; returns how many are new.
cdef size_t set_add_batch(Set **set, SetBatch *batch, const SetLimits *limits) noexcept nogil
# Keeps those of the batch that `set` has, or those that it has not.
cdef void set_filter(Set *set, SetBatch *batch, bint present) noexcept nogil

# ---- hints: where a member is found, and later, with the hash that this returns unless it is 0, the member itself ----
cdef uint64_t set_prefetch_place(const void *set, Slice member) noexcept nogil
cdef void set_prefetch_member(const void *set, uint64_t key) noexcept nogil

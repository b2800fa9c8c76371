"""The set: distinct strings, in no particular order.

A ``Set`` has one of three forms (``set_forms.pxd``, which also declares ``SetMember``). A form changes only to a later
one, except that ``set_pop`` may build a new set from the members that remain. Integers are members like any other: "12"
is the same member as 12, but "012" is a different one.

Functions that may move the set take ``Set **``. When a set has lost its last member, its owner must free it.
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
    bint ended              # for batches: the iterator of the table has ended and must not be used again

# Members that are processed together, with several sets: the expensive part, waiting for memory, overlaps for all.
ctypedef struct SetBatch:
    size_t count
    bint hashed
    SetMember members[SET_BATCH]
    uint64_t hashes[SET_BATCH]

ctypedef void (*SetVisitor)(void *context, const SetMember *member) noexcept nogil


# ---- the set; functions that take or return `void *` are those that the keyspace calls for every type of value ----
# Returns an empty set in the form that Redis would choose for `count` members that begin with `first`.
cdef Set *set_new(const SetMember *first, size_t count, const SetLimits *limits) noexcept nogil
# Returns an empty set of integers, which changes its form as members are added.
cdef Set *set_new_integers() noexcept nogil
# Returns a table with room for `count` members, for temporary sets.
cdef Set *set_new_table(size_t count) noexcept nogil
cdef void *set_copy(const void *set) noexcept nogil
cdef void set_free(Set *set) noexcept nogil
# Releases about `budget` members; returns true when everything is released, including the set itself. After the first
# call, no other function may be called on the set.
cdef bint set_free_some(void *set, size_t budget) noexcept nogil
cdef int set_form(const Set *set) noexcept nogil
# Returns the name that OBJECT ENCODING reports: intset, listpack or hashtable.
cdef const char *set_encoding(const void *set) noexcept nogil
# Returns the bytes in use, in total.
cdef size_t set_memory(const void *set) noexcept nogil
cdef size_t set_size(const void *set) noexcept nogil
cdef bint set_sound(Set *set) noexcept nogil
# Fully validates `size` untrusted bytes as a set in one of the two forms that are not tables.
cdef bint set_check(const uint8_t *bytes, size_t size) noexcept nogil

# Return the place of a large set's guard, and the table of its ``Member``s; NULL for the other forms.
cdef Guard **set_guard(void *set) noexcept nogil
cdef Table *set_table(void *set) noexcept nogil

# ---- one member ----
cdef bint set_has(Set *set, const SetMember *member) noexcept nogil
# To be called before adding `count` members: if they are more than the form may contain, as in Redis, the set becomes
# a table at once.
cdef void set_expect(Set **set, size_t count, const SetLimits *limits) noexcept nogil
# To be called after additions under a higher limit: converts a set of too many integers to a pack, if they are few and
# short enough for that, or to a table.
cdef void set_confine_integers(Set **set, const SetLimits *limits) noexcept nogil
# Adds the member; returns true if it is new. It may have been read from another set, but not from this one.
cdef bint set_add(Set **set, const SetMember *member, const SetLimits *limits) noexcept nogil
# Removes the member; returns false if there is none.
cdef bint set_remove(Set **set, const SetMember *member) noexcept nogil

# ---- many members ----
cdef void set_iterate(Set *set, SetIterator *iterator) noexcept nogil
cdef bint set_next(SetIterator *iterator, SetMember *out) noexcept nogil
cdef void set_iterate_end(SetIterator *iterator) noexcept nogil
# Visits all members.
cdef void set_visit(Set *set, SetVisitor visit, void *context) noexcept nogil
# Visits a few members and returns the next cursor, 0 at the end; visits all members of a set that is not a table.
cdef uint64_t set_scan(Set *set, uint64_t cursor, SetVisitor visit, void *context) noexcept nogil
# Reads the next members of an iteration; returns false at its end.
cdef bint set_next_batch(SetIterator *iterator, SetBatch *batch) noexcept nogil
# Adds the members, which were read from another set; returns how many are new.
cdef size_t set_add_batch(Set **set, SetBatch *batch, const SetLimits *limits) noexcept nogil
# Removes from the batch the members that `set` does not contain, or, if not `present`, those that it does.
cdef void set_filter(Set *set, SetBatch *batch, bint present) noexcept nogil

# ---- prefetch hints ----
# The first fetches the member's place in the table and returns the member's hash, or 0 if the set is no table. The
# second, called later with a hash that is not 0, fetches the member itself.
cdef uint64_t set_prefetch_place(const void *set, Slice member) noexcept nogil
cdef void set_prefetch_member(const void *set, uint64_t key) noexcept nogil

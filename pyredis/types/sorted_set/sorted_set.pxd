"""The sorted set: members, each with a score, ordered by score and, among equal scores, by their bytes.

A ``SortedSet`` has one of two forms. Both begin with the same header, whose owner bits give the form:

- ZSET_PACKED: a pack of pairs, member and score, in order, as long as members are short and few;
- ZSET_TREE: ``Members`` (``sorted_members.pxd``), once a limit has been exceeded.

Ranks count from 0 at the lowest score. Ranges of scores and of texts are converted to ranges of ranks; a range of ranks
is [begin, end). Ranges of texts are only meaningful if all scores are equal; this is not checked.

Functions that may move the set take ``SortedSet **``. When a set has lost its last member, its owner must free it.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.types.sorted_set.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set.sorted_tree cimport TreePath
from pyredis.types.table.guard cimport Guard
from pyredis.types.table.hashtable cimport Table

cdef enum:
    ZSET_PACKED = 0
    ZSET_TREE = 1

cdef struct SortedSet

# zset-max-listpack-entries and zset-max-listpack-value.
ctypedef struct SortedSetLimits:
    size_t entries
    size_t value

ctypedef struct SortedSetIterator:
    SortedSet *set
    size_t left
    bint reverse
    size_t at               # in a pack
    uint32_t *places        # in a pack walked backward: the positions of its pairs
    size_t count
    TreePath path           # in a tree

# Conditions of `zset_add`.
cdef enum AddCondition:
    ADD_IF_NEW = 1
    ADD_IF_PRESENT = 2
    ADD_IF_GREATER = 4          # an existing member changes only if the new score is greater
    ADD_IF_LESS = 8
    ADD_INCREMENT = 16          # the score is added to the existing one

cdef enum AddResult:
    ADD_REFUSED = 0             # by a condition
    ADD_SAME = 1                # the member already had this score
    ADD_CHANGED = 2
    ADD_CREATED = 3
    ADD_NOT_A_NUMBER = 4        # the sum of infinities of opposite signs

ctypedef void (*MemberVisitor)(void *context, const ScoredMember *member) noexcept nogil

# ---- the set; functions that take or return `void *` are those that the keyspace calls for every type of value ----
cdef SortedSet *zset_new() noexcept nogil
# Returns an empty set in the form that suits `count` members, of which the longest has `longest` bytes.
cdef SortedSet *zset_new_for(size_t count, size_t longest, const SortedSetLimits *limits) noexcept nogil
# To be called before `count` additions: if they are more than a pack may have, even if members repeat, as in Redis, a
# pack becomes a tree at once.
cdef void zset_expect(SortedSet **set, size_t count, const SortedSetLimits *limits) noexcept nogil
cdef void *zset_copy(const void *set) noexcept nogil
cdef void zset_free(SortedSet *set) noexcept nogil
# Releases about `budget` members; returns true when everything is released, including the set itself. After the first
# call, no other function may be called on the set.
cdef bint zset_free_some(void *set, size_t budget) noexcept nogil
cdef int zset_form(const SortedSet *set) noexcept nogil
# Returns the name that OBJECT ENCODING reports: listpack or skiplist.
cdef const char *zset_encoding(const void *set) noexcept nogil
# Returns the bytes in use, in total.
cdef size_t zset_memory(const void *set) noexcept nogil
cdef size_t zset_size(const void *set) noexcept nogil
cdef bint zset_sound(SortedSet *set) noexcept nogil

# Return the place of a large set's guard, and the table of its ``Member``s; NULL for a pack.
cdef Guard **zset_guard(void *set) noexcept nogil
cdef Table *zset_table(void *set) noexcept nogil

# ---- one member ----
cdef bint zset_score(SortedSet *set, Slice member, double *score) noexcept nogil
# Adds or changes a member. `score` must not be NaN; afterwards it is the member's score, unless the result is
# ADD_REFUSED or ADD_NOT_A_NUMBER.
cdef AddResult zset_add(
    SortedSet **set, Slice member, double *score, int conditions, const SortedSetLimits *limits) noexcept nogil
cdef bint zset_delete(SortedSet **set, Slice member) noexcept nogil
# Returns the member's rank and sets `score`; returns -1 if there is no such member.
cdef int64_t zset_rank(SortedSet *set, Slice member, double *score) noexcept nogil

# ---- ranges ----
# Returns how many members have a score less than `score`, or, with `after`, at most `score`.
cdef size_t zset_rank_of_score(const SortedSet *set, double score, bint after) noexcept nogil
# Returns how many members are less than `text`, or, with `after`, less than or equal.
cdef size_t zset_rank_of_text(const SortedSet *set, Slice text, bint after) noexcept nogil
# Iterates over the ranks [begin, end), which must exist; backward if `reverse`.
cdef void zset_iterate(
    SortedSet *set, size_t begin, size_t end, bint reverse, SortedSetIterator *iterator) noexcept nogil
cdef bint zset_next(SortedSetIterator *iterator, ScoredMember *out) noexcept nogil
cdef void zset_iterate_end(SortedSetIterator *iterator) noexcept nogil
cdef void zset_delete_range(SortedSet **set, size_t begin, size_t end) noexcept nogil
# Visits a few members and returns the next cursor, 0 at the end; visits all members of a pack.
cdef uint64_t zset_scan(SortedSet *set, uint64_t cursor, MemberVisitor visit, void *context) noexcept nogil

# ---- random members, all equally likely; the set must not be empty ----
cdef void zset_random(SortedSet *set, uint64_t *random, ScoredMember *out) noexcept nogil
# Visits `count` different members, or all of them if there are no more than that.
cdef void zset_sample(
    SortedSet *set, size_t count, uint64_t *random, MemberVisitor visit, void *context) noexcept nogil

# ---- building a set from members in any order ----
# Returns an empty set in the tree form. Before `zset_arrange`, only `zset_gathered`, `zset_score` and `zset_free` may
# be called on it.
cdef SortedSet *zset_gather(size_t expected) noexcept nogil
# Returns a pointer to the score of the member, which is added if needed (`created`). Valid until the next call.
cdef double *zset_gathered(SortedSet *set, Slice member, bint *created) noexcept nogil
# Sorts the members and builds the tree, or a pack if the limits allow.
cdef void zset_arrange(SortedSet **set, const SortedSetLimits *limits) noexcept nogil

# ---- prefetch hints ----
# The first fetches the member's place in the table and returns the member's hash, or 0 if the set is no tree. The
# second, called later with a hash that is not 0, fetches the member itself.
cdef uint64_t zset_prefetch_place(const void *set, Slice member) noexcept nogil
cdef void zset_prefetch_member(const void *set, uint64_t key) noexcept nogil

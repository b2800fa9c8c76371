"""The sorted set: members, each with a score, in the order of the scores and, among equal ones, of the bytes.

A ``SortedSet`` has one of two forms; the owner bits of the header that both begin with tell which:

- ZSET_PACKED: a pack of pairs, member and score, in order, as long as members are short and few;
- ZSET_TREE: ``Members`` (``sorted_members.pxd``), once a limit was passed.

Ranks count from 0 at the lowest score. Ranges of any sort (of scores, of texts) are turned into ranges of ranks; a
range of ranks is [begin, end). Texts are compared as if all scores were equal, which is for the caller to know.

Functions that may move the set take ``SortedSet **``. A set that has lost its last member is for its owner to free.
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
    uint32_t *places        # in a pack walked backward: where its pairs begin
    size_t count
    TreePath path           # in a tree

# Conditions of `zset_add`.
cdef enum AddCondition:
    ADD_IF_NEW = 1
    ADD_IF_PRESENT = 2
    ADD_IF_GREATER = 4          # a member that is present changes only for a greater score
    ADD_IF_LESS = 8
    ADD_INCREMENT = 16          # the score is added to the one that is there

cdef enum AddResult:
    ADD_REFUSED = 0             # by a condition
    ADD_SAME = 1                # the member had this score
    ADD_CHANGED = 2
    ADD_CREATED = 3
    ADD_NOT_A_NUMBER = 4        # infinities of both signs have met

ctypedef void (*MemberVisitor)(void *context, const ScoredMember *member) noexcept nogil

# ---- the whole; where it says `void *`, the keyspace asks the same of every kind of value ----
cdef SortedSet *zset_new() noexcept nogil
# Empty, in the form that fits so many members of which the longest has so many bytes.
cdef SortedSet *zset_new_for(size_t count, size_t longest, const SortedSetLimits *limits) noexcept nogil
# Ahead of so many additions at once: a pack that they would overfill becomes a tree, as in Redis even if they repeat.
cdef void zset_expect(SortedSet **set, size_t count, const SortedSetLimits *limits) noexcept nogil
cdef void *zset_copy(const void *set) noexcept nogil
cdef void zset_free(SortedSet *set) noexcept nogil
# Releases about `budget` members; true when nothing, the set itself included, is left. Nothing else may be done to a
# set once this has begun.
cdef bint zset_free_some(void *set, size_t budget) noexcept nogil
cdef int zset_form(const SortedSet *set) noexcept nogil
# As OBJECT ENCODING tells it: listpack or skiplist.
cdef const char *zset_encoding(const void *set) noexcept nogil
# Bytes in use, all told.
cdef size_t zset_memory(const void *set) noexcept nogil
cdef size_t zset_size(const void *set) noexcept nogil
cdef bint zset_sound(SortedSet *set) noexcept nogil

# Where a large set's guard hangs, and the table of its ``Member``s; NULL for a pack.
cdef Guard **zset_guard(void *set) noexcept nogil
cdef Table *zset_table(void *set) noexcept nogil

# ---- one member ----
cdef bint zset_score(SortedSet *set, Slice member, double *score) noexcept nogil
# `score` is no NaN; it becomes the member's score, unless the result is ADD_REFUSED or ADD_NOT_A_NUMBER.
cdef AddResult zset_add(
    SortedSet **set, Slice member, double *score, int conditions, const SortedSetLimits *limits) noexcept nogil
cdef bint zset_delete(SortedSet **set, Slice member) noexcept nogil
# -1 when there is no such member.
cdef int64_t zset_rank(SortedSet *set, Slice member, double *score) noexcept nogil

# ---- ranges ----
# How many members have a smaller score, or, with `after`, none that is larger.
cdef size_t zset_rank_of_score(const SortedSet *set, double score, bint after) noexcept nogil
# How many members are smaller than this text, or, with `after`, not larger.
cdef size_t zset_rank_of_text(const SortedSet *set, Slice text, bint after) noexcept nogil
# Walks over the ranks [begin, end), which must be there, from the end where `reverse`.
cdef void zset_iterate(
    SortedSet *set, size_t begin, size_t end, bint reverse, SortedSetIterator *iterator) noexcept nogil
cdef bint zset_next(SortedSetIterator *iterator, ScoredMember *out) noexcept nogil
cdef void zset_iterate_end(SortedSetIterator *iterator) noexcept nogil
cdef void zset_delete_range(SortedSet **set, size_t begin, size_t end) noexcept nogil
# Visits a few members and returns the next cursor, 0 at the end; a pack is visited whole.
cdef uint64_t zset_scan(SortedSet *set, uint64_t cursor, MemberVisitor visit, void *context) noexcept nogil

# ---- random members, each equally likely; of a set that is not empty ----
cdef void zset_random(SortedSet *set, uint64_t *random, ScoredMember *out) noexcept nogil
# Visits `count` different members, or all of them if there are not more.
cdef void zset_sample(
    SortedSet *set, size_t count, uint64_t *random, MemberVisitor visit, void *context) noexcept nogil

# ---- making one out of members in any order ----
# In the tree's form; nothing but these three, `zset_score` and `zset_free` may be done to it until `zset_arrange`.
cdef SortedSet *zset_gather(size_t expected) noexcept nogil
# The score of the member, which is new if there is none yet (`created`). Good until the next call.
cdef double *zset_gathered(SortedSet *set, Slice member, bint *created) noexcept nogil
# Sorts; packs where the limits allow.
cdef void zset_arrange(SortedSet **set, const SortedSetLimits *limits) noexcept nogil

# ---- hints: where a member is found, and later, with the hash that this returns unless it is 0, the member itself ----
cdef uint64_t zset_prefetch_place(const void *set, Slice member) noexcept nogil
cdef void zset_prefetch_member(const void *set, uint64_t key) noexcept nogil

"""The large form of a sorted set: a table of its members by name, and a tree of the same members by rank.

Members may also be gathered: they are put only into the table, in any order, and can be found there and given other
scores, until ``members_arrange`` sorts them once and builds the tree. Before that, no other function may be called.
"""

from libc.stdint cimport uint16_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.types.sorted_set.sorted_tree cimport Member, Tree
from pyredis.types.table.member_table cimport MemberTable

ctypedef struct Members:
    MemberTable base
    Tree tree

cdef Members *members_new(uint16_t meta) noexcept nogil
cdef Members *members_copy(const Members *members) noexcept nogil
# Releases about `budget` members; returns true when everything is released, including `members` itself. After the
# first call, no other function may be called on `members`.
cdef bint members_free_some(Members *members, size_t budget) noexcept nogil
cdef size_t members_memory(const Members *members) noexcept nogil
cdef bint members_sound(Members *members) noexcept nogil

cdef Member *members_find(Members *members, Slice text, uint64_t hash) noexcept nogil
# Adds a member that is not in the set yet.
cdef void members_add(Members *members, Slice text, uint64_t hash, double score) noexcept nogil
cdef void members_rescore(Members *members, Member *member, double score) noexcept nogil
cdef bint members_remove(Members *members, Slice text, uint64_t hash) noexcept nogil
cdef void members_remove_range(Members *members, size_t rank, size_t count) noexcept nogil

# ---- gathering ----
cdef Member *members_gather(Members *members, Slice text, uint64_t hash, double score) noexcept nogil
cdef void members_arrange(Members *members) noexcept nogil

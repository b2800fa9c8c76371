"""The large form of a sorted set: a table of its members by name, and the tree of the same members by rank.

Members may also be gathered: put into the table alone, in any order, found there and given other scores, until
``members_arrange`` sorts them once and builds the tree. Until then nothing else may be asked of them.
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
# Releases about `budget` members; true when all is gone, `members` itself included. Once begun, nothing else may be
# done.
cdef bint members_free_some(Members *members, size_t budget) noexcept nogil
cdef size_t members_memory(const Members *members) noexcept nogil
cdef bint members_sound(Members *members) noexcept nogil

cdef Member *members_find(Members *members, Slice text, uint64_t hash) noexcept nogil
# The member must not be there yet.
cdef void members_add(Members *members, Slice text, uint64_t hash, double score) noexcept nogil
cdef void members_rescore(Members *members, Member *member, double score) noexcept nogil
cdef bint members_remove(Members *members, Slice text, uint64_t hash) noexcept nogil
cdef void members_remove_range(Members *members, size_t rank, size_t count) noexcept nogil

# ---- gathering ----
cdef Member *members_gather(Members *members, Slice text, uint64_t hash, double score) noexcept nogil
cdef void members_arrange(Members *members) noexcept nogil

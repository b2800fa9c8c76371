"""The large form of a set: a table of members.

A ``Member`` is one allocation: its size in one byte, or ``LONG_MEMBER`` and the size in four bytes; then its bytes.
"""

from libc.stdint cimport uint8_t, uint16_t, uint64_t

from pyredis.ground.base cimport Slice, load_u32, unlikely
from pyredis.types.table.member_table cimport MemberTable

ctypedef uint8_t Member

cdef enum:
    LONG_MEMBER = 255

ctypedef MemberTable Members


cdef inline Slice member_text(const Member *member) noexcept nogil:
    cdef Slice text
    text.data = <const char *> member + 1
    text.size = member[0]
    if unlikely(text.size == LONG_MEMBER):
        text.data += 4
        text.size = load_u32(member + 1)
    return text


cdef Members *members_new(uint16_t meta) noexcept nogil
cdef Members *members_copy(Members *members) noexcept nogil
# Releases about `budget` members; returns true when everything is released, including `members` itself. After the
# first call, no other function may be called on `members`.
cdef bint members_free_some(Members *members, size_t budget) noexcept nogil
cdef size_t members_memory(const Members *members) noexcept nogil
cdef bint members_have(Members *members, Slice text, uint64_t hash) noexcept nogil
# Adds a text that is not a member yet.
cdef void members_add(Members *members, Slice text, uint64_t hash) noexcept nogil
cdef bint members_remove(Members *members, Slice text, uint64_t hash) noexcept nogil
# Returns whether lookups find every member and the footprint is right; for tests.
cdef bint members_sound(Members *members) noexcept nogil

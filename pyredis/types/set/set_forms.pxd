"""The internals of the forms of a set (``set.pxd``): which form a set has, and how to read a member.

All forms begin with the same header, and its owner bits give the form:

- SET_INTEGERS: a sorted array (``intset.pxd``), as long as the members are few and all integers;
- SET_PACKED: a pack, as long as the members are few and small;
- SET_TABLE: ``Members`` (``set_members.pxd``), once a limit has been exceeded.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.ground.base cimport Slice, format_int64, likely, parse_int64, slice_of
from pyredis.types.packs.listpack cimport (
    SHORT_STRING_MAX,
    Pack,
    PackCode,
    PackItem,
    pack_code,
    pack_code_number,
    pack_get,
    pack_new,
    pack_owner,
)
from pyredis.types.set.intset cimport Intset
from pyredis.types.set.set_members cimport Member, Members, member_text

cdef enum:
    SET_INTEGERS = 0
    SET_PACKED = 1
    SET_TABLE = 2

cdef struct Set

# A member: its bytes, or a number if `text` is NULL. A member that was read is valid until the next change of the set.
ctypedef PackItem SetMember


cdef inline int form_of(const void *set) noexcept nogil:
    return pack_owner(<const Pack *> set)


cdef inline Pack **pack_of(Set **set) noexcept nogil:
    return <Pack **> set


cdef inline Intset **integers_of(Set **set) noexcept nogil:
    return <Intset **> set


cdef inline Members *members_of(const void *set) noexcept nogil:
    return <Members *> set


cdef inline SetMember text_member(Slice text) noexcept nogil:
    """Returns a text as a member. ``text.data`` must not be NULL, even if the text is empty."""
    cdef SetMember member
    member.text = text.data
    member.size = text.size
    member.number = 0
    return member


cdef inline Slice member_slice(const SetMember *member, char *digits) noexcept nogil:
    """Returns the member's bytes; those of a number are written to ``digits`` (20 bytes)."""
    if member.text == NULL:
        return slice_of(digits, format_int64(digits, member.number))
    return slice_of(member.text, member.size)


cdef inline bint as_number(const SetMember *member, int64_t *number) noexcept nogil:
    if member.text != NULL:
        return parse_int64(member.text, member.size, number)
    number[0] = member.number
    return True


cdef inline void as_code(const SetMember *member, PackCode *code) noexcept nogil:
    if member.text != NULL:
        pack_code(code, slice_of(member.text, member.size))
    else:
        pack_code_number(code, member.number)


cdef inline SetMember number_member(int64_t number) noexcept nogil:
    cdef SetMember member
    member.text = NULL
    member.size = 0
    member.number = number
    return member


cdef inline SetMember table_member(const void *element) noexcept nogil:
    return text_member(member_text(<const Member *> element))


cdef inline SetMember packed_member(const Pack *pack, size_t at) noexcept nogil:
    if likely(pack[at] <= SHORT_STRING_MAX):
        return text_member(slice_of(<const char *> pack + at + 1, pack[at]))
    return pack_get(pack, at)


cdef inline Set *new_packed() noexcept nogil:
    return <Set *> pack_new(SET_PACKED, False)

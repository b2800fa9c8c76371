"""The large form of a set; ``set_members.pxd`` describes a member.

Only ``members_add`` and ``members_remove`` insert and remove members.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, store_u32
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free
from pyredis.types.table.hashtable cimport (
    TableIterator,
    TableType,
    hash_of,
    table_find,
    table_iterate,
    table_iterate_end,
    table_next,
    table_reserve,
    table_size,
)
from pyredis.types.table.member_table cimport (
    before_change,
    free_member,
    member_table_free_some,
    member_table_memory,
    member_table_new,
    put_member,
    take_member,
)

cdef TableType member_type


cdef inline size_t size_for(size_t text) noexcept nogil:
    return (1 if text < LONG_MEMBER else 5) + text


cdef inline size_t member_size(const Member *member) noexcept nogil:
    return size_for(member_text(member).size)


cdef Member *member_new(Slice text) noexcept nogil:
    cdef Member *member = <Member *> mem_alloc(size_for(text.size))
    if text.size < LONG_MEMBER:
        member[0] = <uint8_t> text.size
    else:
        member[0] = LONG_MEMBER
        store_u32(member + 1, <uint32_t> text.size)
    if text.size > 0:
        memcpy(<char *> member_text(member).data, text.data, text.size)
    return member


cdef void type_key(const void *element, Slice *out) noexcept nogil:
    out[0] = member_text(<const Member *> element)


cdef void type_destroy(void *element) noexcept nogil:
    mem_free(element, member_size(<const Member *> element))


member_type.key = type_key
member_type.destroy = type_destroy


# ---- the table ----

cdef Members *members_new(uint16_t meta) noexcept nogil:
    return <Members *> member_table_new(sizeof(Members), meta, &member_type)


cdef bint members_free_some(Members *members, size_t budget) noexcept nogil:
    return member_table_free_some(members, budget)


cdef Members *members_copy(Members *members) noexcept nogil:
    cdef Members *copy = members_new(members.meta)
    cdef TableIterator walk
    cdef Member *member
    cdef Slice text
    table_reserve(&copy.table, table_size(&members.table))
    table_iterate(&members.table, &walk)
    while True:
        member = <Member *> table_next(&walk)
        if member == NULL:
            break
        text = member_text(member)
        members_add(copy, text, hash_of(text))
    table_iterate_end(&walk)
    return copy


cdef size_t members_memory(const Members *members) noexcept nogil:
    return member_table_memory(members)


# ---- members in the table ----

cdef bint members_have(Members *members, Slice text, uint64_t hash) noexcept nogil:
    return table_find(&members.table, text, hash) != NULL


cdef void members_add(Members *members, Slice text, uint64_t hash) noexcept nogil:
    before_change(members, text, hash, NULL)
    put_member(members, hash, member_new(text), size_for(text.size))


cdef bint members_remove(Members *members, Slice text, uint64_t hash) noexcept nogil:
    cdef Member *member = <Member *> take_member(members, text, hash)
    if member == NULL:
        return False
    free_member(members, member, member_size(member))
    return True


cdef bint members_sound(Members *members) noexcept nogil:
    cdef size_t footprint = 0, count = 0
    cdef bint found = True
    cdef TableIterator walk
    cdef Member *member
    cdef Slice text
    cdef void **slot
    table_iterate(&members.table, &walk)
    while True:
        member = <Member *> table_next(&walk)
        if member == NULL:
            break
        text = member_text(member)
        slot = table_find(&members.table, text, hash_of(text))
        found = found and slot != NULL and slot[0] == member
        footprint += mem_footprint(member_size(member))
        count += 1
    table_iterate_end(&walk)
    return found and footprint == members.footprint and count == table_size(&members.table)

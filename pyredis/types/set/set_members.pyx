"""The large form of a set; what a member is stands in ``setmembers.pxd``.

Members come and go through ``members_add`` and ``members_remove`` alone.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, store_u32
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free, mem_zalloc
from pyredis.types.table.guard cimport is_guarded
from pyredis.types.table.hashtable cimport (
    TableIterator,
    TableType,
    hash_key,
    table_clear_some,
    table_find,
    table_init,
    table_insert,
    table_iterate,
    table_iterate_end,
    table_memory,
    table_next,
    table_remove,
    table_reserve,
    table_size,
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


# ---- the whole ----

cdef Members *members_new(uint16_t meta) noexcept nogil:
    cdef Members *members = <Members *> mem_zalloc(sizeof(Members))
    members.size = sizeof(Members)
    members.meta = meta
    table_init(&members.table, &member_type)
    return members


cdef bint members_free_some(Members *members, size_t budget) noexcept nogil:
    if not table_clear_some(&members.table, budget):
        return False
    mem_free(members, sizeof(Members))
    return True


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
        members_add(copy, text, hash_key(text.data, text.size))
    table_iterate_end(&walk)
    return copy


cdef size_t members_memory(const Members *members) noexcept nogil:
    return mem_footprint(sizeof(Members)) + table_memory(&members.table) + members.footprint


# ---- members in the whole ----

cdef bint members_have(Members *members, Slice text, uint64_t hash) noexcept nogil:
    return table_find(&members.table, text, hash) != NULL


cdef void members_add(Members *members, Slice text, uint64_t hash) noexcept nogil:
    if is_guarded(members.guard):
        members.guard.before(members.guard, text, hash, NULL)
    members.footprint += mem_footprint(size_for(text.size))
    table_insert(&members.table, member_new(text), hash)


cdef bint members_remove(Members *members, Slice text, uint64_t hash) noexcept nogil:
    cdef Member *member = <Member *> table_remove(&members.table, text, hash)
    if member == NULL:
        return False
    if is_guarded(members.guard):
        members.guard.before(members.guard, text, hash, member)
    members.footprint -= mem_footprint(member_size(member))
    type_destroy(member)
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
        slot = table_find(&members.table, text, hash_key(text.data, text.size))
        found = found and slot != NULL and slot[0] == member
        footprint += mem_footprint(member_size(member))
        count += 1
    table_iterate_end(&walk)
    return found and footprint == members.footprint and count == table_size(&members.table)

"""The table of members with which the large forms of hash, set and sorted set begin. Each member is one allocation.

A member is anything that has a name of its own in the value; the field of a hash is one too. The large form of a set
is a plain ``MemberTable``; the others contain one as their first field, ``base``. All insertions, changes and removals
of members use the functions here, which notify the guard and keep the footprint.
"""

from libc.stdint cimport uint16_t, uint32_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.ground.memory cimport mem_footprint, mem_free, mem_zalloc
from pyredis.types.table.guard cimport Guard, is_guarded
from pyredis.types.table.hashtable cimport (
    Table,
    TableType,
    table_clear_some,
    table_init,
    table_insert,
    table_memory,
    table_remove,
)

ctypedef struct MemberTable:
    uint32_t size           # of the block that begins here; `size` and `meta` have the same offsets as in a pack
    uint16_t meta
    Table table
    size_t footprint        # bytes of all members, rounding included
    Guard *guard            # NULL unless a snapshot saves the members in pieces


# ---- the table ----

cdef inline void *member_table_new(size_t size, uint16_t meta, const TableType *type) noexcept nogil:
    """Returns a block of ``size`` bytes that begins with an empty table and contains zeros after it."""
    cdef MemberTable *members = <MemberTable *> mem_zalloc(size)
    members.size = <uint32_t> size
    members.meta = meta
    table_init(&members.table, type)
    return members


cdef inline bint member_table_free_some(MemberTable *members, size_t budget) noexcept nogil:
    """Releases about ``budget`` members; returns true when everything is released, including the block itself."""
    if not table_clear_some(&members.table, budget):
        return False
    mem_free(members, members.size)
    return True


cdef inline size_t member_table_memory(const MemberTable *members) noexcept nogil:
    """Returns the bytes in the block, the table and the members."""
    return mem_footprint(members.size) + table_memory(&members.table) + members.footprint


# ---- one member ----

cdef inline void before_change(MemberTable *members, Slice name, uint64_t hash, void *member) noexcept nogil:
    """Must be called before a member changes, or, with NULL, before a member of this name is added."""
    if is_guarded(members.guard):
        members.guard.before(members.guard, name, hash, member)


cdef inline void put_member(MemberTable *members, uint64_t hash, void *member, size_t size) noexcept nogil:
    """Inserts a new member whose name is not in the table yet, after a call of ``before_change``."""
    members.footprint += mem_footprint(size)
    table_insert(&members.table, member, hash)


cdef inline void *take_member(MemberTable *members, Slice name, uint64_t hash) noexcept nogil:
    """Takes the member out of the table and returns it, or returns NULL; ``free_member`` must follow."""
    cdef void *member = table_remove(&members.table, name, hash)
    if member != NULL:
        before_change(members, name, hash, member)
    return member


cdef inline void free_member(MemberTable *members, void *member, size_t size) noexcept nogil:
    members.footprint -= mem_footprint(size)
    mem_free(member, size)

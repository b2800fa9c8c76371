"""What the large forms of hash, set and sorted set begin with: a table of members, each one allocation.

A member is whatever has a name of its own in the value, a field of a hash as well. The large form of a set is a
``MemberTable`` and nothing more; the others have theirs in ``base``, before what they add. Every member that comes,
changes or goes passes through the functions here, which ask the guard and keep the footprint.
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
    uint32_t size           # of the block that this begins; these two stand where a pack has them
    uint16_t meta
    Table table
    size_t footprint        # bytes of all members, rounding included
    Guard *guard            # NULL unless a snapshot saves the members in pieces


# ---- the whole ----

cdef inline void *member_table_new(size_t size, uint16_t meta, const TableType *type) noexcept nogil:
    """A block of ``size`` bytes that begins with an empty table and is zero beyond it."""
    cdef MemberTable *members = <MemberTable *> mem_zalloc(size)
    members.size = <uint32_t> size
    members.meta = meta
    table_init(&members.table, type)
    return members


cdef inline bint member_table_free_some(MemberTable *members, size_t budget) noexcept nogil:
    """Releases about ``budget`` members; true when all is gone, the block itself included."""
    if not table_clear_some(&members.table, budget):
        return False
    mem_free(members, members.size)
    return True


cdef inline size_t member_table_memory(const MemberTable *members) noexcept nogil:
    """The block, the table and the members."""
    return mem_footprint(members.size) + table_memory(&members.table) + members.footprint


# ---- one member ----

cdef inline void before_change(MemberTable *members, Slice name, uint64_t hash, void *member) noexcept nogil:
    """To be called before a member changes, or, with NULL, before there is one of this name."""
    if is_guarded(members.guard):
        members.guard.before(members.guard, name, hash, member)


cdef inline void put_member(MemberTable *members, uint64_t hash, void *member, size_t size) noexcept nogil:
    """``member`` is new, and so is its name; ``before_change`` has been called."""
    members.footprint += mem_footprint(size)
    table_insert(&members.table, member, hash)


cdef inline void *take_member(MemberTable *members, Slice name, uint64_t hash) noexcept nogil:
    """Takes the member out of the table, or returns NULL; ``free_member`` must follow."""
    cdef void *member = table_remove(&members.table, name, hash)
    if member != NULL:
        before_change(members, name, hash, member)
    return member


cdef inline void free_member(MemberTable *members, void *member, size_t size) noexcept nogil:
    members.footprint -= mem_footprint(size)
    mem_free(member, size)

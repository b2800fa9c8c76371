"""The commands on one set, except the random ones (``set_random``). Those on several are in ``set_algebra``."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport SET_REPLY, Replied, reply_aggregate, reply_array, reply_integer
from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_SET, changed, count_as
from pyredis.call.handlers cimport native
from pyredis.commands.generic.scan cimport PartScan, scan_parts, scan_takes
from pyredis.commands.sets.set_access cimport (
    SetAccess,
    find_set,
    read_set,
    reply_member,
    store_fewer_members,
    store_set,
)
from pyredis.ground.base cimport Slice, literal
from pyredis.ground.turns cimport offer_turn
from pyredis.keyspace.keyspace cimport SET, ValueType, value_type_register
from pyredis.types.set.set cimport (
    Set,
    SetIterator,
    SetMember,
    member_slice,
    set_add,
    set_copy,
    set_encoding,
    set_expect,
    set_free_some,
    set_has,
    set_iterate,
    set_iterate_end,
    set_memory,
    set_new,
    set_next,
    set_prefetch_member,
    set_prefetch_place,
    set_remove,
    set_scan,
    set_size,
    text_member,
)

from pyredis.commands.sets.set_algebra import HANDLERS as ALGEBRA_HANDLERS
from pyredis.commands.sets.set_random import HANDLERS as RANDOM_HANDLERS

# ---- adding and removing ----

cdef void provide_set(SetAccess *access, const SetMember *first, size_t count) noexcept nogil:
    """Prepares ``access.set`` for adding ``count`` members, the first of them ``first``; ``store_set`` must follow."""
    if access.set == NULL:
        access.set = set_new(first, count, &access.limits)
    else:
        set_expect(&access.set, count, &access.limits)


cdef Replied sadd(Call *call) noexcept nogil:
    cdef SetAccess access
    cdef SetMember member = text_member(call.argv[2])
    cdef int64_t added = 0
    cdef int index
    if not find_set(call, 1, &access):
        return 0
    provide_set(&access, &member, call.argc - 2)
    for index in range(2, call.argc):
        member = text_member(call.argv[index])
        added += set_add(&access.set, &member, &access.limits)
    store_set(call, &access)
    if added:
        changed(call, 1, EVENT_SET, "sadd")
        count_as(call, added)
    return reply_integer(call.reply, added)


cdef Replied srem(Call *call) noexcept nogil:
    cdef SetAccess access
    cdef SetMember member
    cdef int64_t removed = 0
    cdef int index
    if not find_set(call, 1, &access):
        return 0
    if access.set == NULL:
        return reply_integer(call.reply, 0)
    for index in range(2, call.argc):
        member = text_member(call.argv[index])
        removed += set_remove(&access.set, &member)
    if removed:
        store_fewer_members(call, &access, "srem", removed)
    return reply_integer(call.reply, removed)


cdef Replied move(Call *call, SetAccess *source, SetAccess *target) noexcept nogil:
    """Moves the member. Both keys have been looked up, and the source exists."""
    cdef SetMember member = text_member(call.argv[3])
    if source.entry == target.entry:
        return reply_integer(call.reply, set_has(source.set, &member))
    if not set_remove(&source.set, &member):
        return reply_integer(call.reply, 0)
    store_fewer_members(call, source, "srem", 1)
    provide_set(target, &member, 1)
    if set_add(&target.set, &member, &target.limits):
        store_set(call, target)
        changed(call, 2, EVENT_SET, "sadd")
        count_as(call, 2)
    return reply_integer(call.reply, 1)


cdef Replied smove(Call *call) noexcept nogil:
    cdef SetAccess source, target
    if not find_set(call, 1, &source):
        return 0
    if source.set == NULL:
        return reply_integer(call.reply, 0)
    if not find_set(call, 2, &target):
        return 0
    return move(call, &source, &target)


# ---- asking ----

cdef Replied scard(Call *call) noexcept nogil:
    cdef Set *set = read_set(call, 1)
    if call.failed:
        return 0
    return reply_integer(call.reply, <int64_t> set_size(set) if set != NULL else 0)


cdef inline Replied reply_whether(Call *call, Set *set, int index) noexcept nogil:
    cdef SetMember member = text_member(call.argv[index])
    return reply_integer(call.reply, set != NULL and set_has(set, &member))


cdef Replied sismember(Call *call) noexcept nogil:
    cdef Set *set = read_set(call, 1)
    if call.failed:
        return 0
    return reply_whether(call, set, 2)


cdef Replied smismember(Call *call) noexcept nogil:
    cdef Set *set = read_set(call, 1)
    cdef int index
    if call.failed:
        return 0
    reply_array(call.reply, call.argc - 2)
    for index in range(2, call.argc):
        reply_whether(call, set, index)
    return 0


cdef Replied smembers(Call *call) noexcept nogil:
    cdef Set *set = read_set(call, 1)
    cdef SetIterator iterator
    cdef SetMember member
    if call.failed:
        return 0
    if set == NULL:
        return reply_aggregate(call.reply, SET_REPLY, 0)
    reply_aggregate(call.reply, SET_REPLY, set_size(set))
    set_iterate(set, &iterator)
    while set_next(&iterator, &member):
        offer_turn()
        reply_member(call.reply, &member)
    set_iterate_end(&iterator)
    return 0


# ---- SSCAN ----

cdef void reply_scanned(void *context, const SetMember *member) noexcept nogil:
    cdef PartScan *scan = <PartScan *> context
    cdef char digits[20]
    cdef Slice name = literal("")
    if not scan.options.everything:
        name = member_slice(member, digits)
    if scan_takes(scan, name):
        reply_member(scan.call.reply, member)


cdef uint64_t scan_step(PartScan *scan, uint64_t cursor) noexcept nogil:
    return set_scan(<Set *> scan.value, cursor, reply_scanned, scan)


cdef Replied sscan(Call *call) noexcept nogil:
    return scan_parts(call, SET, False, scan_step, 1)


value_type_register(SET, ValueType(
    release=set_free_some,
    effort=set_size,
    copy=set_copy,
    footprint=set_memory,
    encoding=set_encoding,
    prefetch_place=set_prefetch_place,
    prefetch_part=set_prefetch_member,
))

HANDLERS = {
    "sadd": native(sadd),
    "scard": native(scard),
    "sismember": native(sismember),
    "smembers": native(smembers),
    "smismember": native(smismember),
    "smove": native(smove),
    "srem": native(srem),
    "sscan": native(sscan),
    **ALGEBRA_HANDLERS,
    **RANDOM_HANDLERS,
}

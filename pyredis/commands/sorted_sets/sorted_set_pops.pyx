"""The sorted set commands that remove members from an end, including those that wait for one."""

from libc.stdint cimport int64_t

from pyredis._resp cimport Replied, reply_array, reply_error, reply_null_array, reply_slice
from pyredis.call.blocking cimport BLOCK_REPLY_NULL_ARRAY, block_on_keys, lookup_awaited, timeout_argument
from pyredis.call.call cimport Call
from pyredis.call.errors cimport reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_write_kind
from pyredis.call.propagation cimport propagate_instead
from pyredis.commands.sorted_sets.sorted_set_access cimport reply_member, sorted_set_of, store_fewer_members
from pyredis.ground.base cimport Slice, equals_nocase, format_int64, literal, parse_int64, slice_of
from pyredis.keyspace.keyspace cimport ZSET, Entry
from pyredis.types.sorted_set.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set.sorted_set cimport (
    SortedSet,
    SortedSetIterator,
    zset_delete_range,
    zset_iterate,
    zset_iterate_end,
    zset_next,
    zset_size,
)

# What a ZMPOP or BZMPOP asks for.
ctypedef struct Demand:
    int first_key
    int keys
    bint highest
    int64_t count


# ---- what all have in common ----

cdef void reply_ends(Call *call, SortedSet *set, size_t begin, size_t end, bint highest, bint nested) noexcept nogil:
    cdef SortedSetIterator iterator
    cdef ScoredMember member
    zset_iterate(set, begin, end, highest, &iterator)
    while zset_next(&iterator, &member):
        reply_member(call.reply, &member, True, nested)
    zset_iterate_end(&iterator)


cdef void take_ends(Call *call, int index, Entry *entry, size_t count, bint highest, bint nested) noexcept nogil:
    """Replies with ``count`` members from an end of the set at argument ``index``, which has them, and removes them."""
    cdef SortedSet *set = sorted_set_of(entry)
    cdef size_t size = zset_size(set)
    cdef size_t begin = size - count if highest else 0
    reply_ends(call, set, begin, begin + count, highest, nested)
    zset_delete_range(&set, begin, begin + count)
    store_fewer_members(call, index, entry, set, "zpopmax" if highest else "zpopmin", count)


# ---- ZPOPMIN, ZPOPMAX ----

cdef Replied pop_generic(Call *call, bint highest) noexcept nogil:
    cdef int64_t count = 1
    cdef bint counted = call.argc == 3
    cdef bint nested = counted and call.reply.protocol > 2
    cdef Entry *entry
    cdef size_t taken
    if call.argc > 3:
        return reply_syntax_error(call)
    if counted and (not parse_int64(call.argv[2].data, call.argv[2].size, &count) or count < 0):
        return reply_error(call.reply, "ERR value is out of range, must be positive")
    entry = lookup_write_kind(call, 1, ZSET)
    if call.failed:
        return 0
    if entry == NULL or count == 0:
        return reply_array(call.reply, 0)
    taken = min(<size_t> count, zset_size(sorted_set_of(entry)))
    reply_array(call.reply, taken if nested else 2 * taken)
    take_ends(call, 1, entry, taken, highest, nested)
    return 0


cdef Replied zpopmin(Call *call) noexcept nogil:
    return pop_generic(call, False)


cdef Replied zpopmax(Call *call) noexcept nogil:
    return pop_generic(call, True)


# ---- ZMPOP ----

cdef bint positive_argument(Call *call, int at, int64_t *value, const char *error) noexcept nogil:
    if parse_int64(call.argv[at].data, call.argv[at].size, value) and value[0] > 0:
        return True
    reply_error(call.reply, error)
    return False


cdef bint read_demand(Call *call, int at, Demand *demand) noexcept nogil:
    """Reads the arguments from the number of keys at ``at`` on; on error, replies and returns False."""
    cdef int64_t keys
    cdef int end
    if not positive_argument(call, at, &keys, "ERR numkeys should be greater than 0"):
        return False
    if keys >= call.argc - at - 1:
        reply_syntax_error(call)
        return False
    demand.first_key = at + 1
    demand.keys = <int> keys
    demand.count = 1
    end = at + 1 + demand.keys
    demand.highest = equals_nocase(call.argv[end], "max")
    if not demand.highest and not equals_nocase(call.argv[end], "min"):
        reply_syntax_error(call)
        return False
    if end + 1 == call.argc:
        return True
    if end + 3 != call.argc or not equals_nocase(call.argv[end + 1], "count"):
        reply_syntax_error(call)
        return False
    return positive_argument(call, end + 2, &demand.count, "ERR count should be greater than 0")


cdef void propagate_pop(Call *call, int index, bint highest, size_t count) noexcept nogil:
    cdef char digits[20]
    cdef Slice argv[3]
    argv[0] = literal("ZPOPMAX" if highest else "ZPOPMIN")
    argv[1] = call.argv[index]
    argv[2] = slice_of(digits, format_int64(digits, <int64_t> count))
    propagate_instead(call, 3, argv)


cdef Replied take_demanded(Call *call, int index, Entry *entry, const Demand *demand) noexcept nogil:
    cdef size_t taken = min(<size_t> demand.count, zset_size(sorted_set_of(entry)))
    reply_array(call.reply, 2)
    reply_slice(call.reply, call.argv[index])
    reply_array(call.reply, taken)
    take_ends(call, index, entry, taken, demand.highest, True)
    propagate_pop(call, index, demand.highest, taken)
    return 0


cdef Replied zmpop(Call *call) noexcept nogil:
    cdef Demand demand
    cdef Entry *entry
    cdef int index
    if not read_demand(call, 1, &demand):
        return 0
    for index in range(demand.first_key, demand.first_key + demand.keys):
        entry = lookup_write_kind(call, index, ZSET)
        if call.failed:
            return 0
        if entry != NULL:
            return take_demanded(call, index, entry, &demand)
    return reply_null_array(call.reply)


# ---- the ones that wait ----

cdef void propagate_one_pop(Call *call, int index, bint highest) noexcept nogil:
    cdef Slice argv[2]
    argv[0] = literal("ZPOPMAX" if highest else "ZPOPMIN")
    argv[1] = call.argv[index]
    propagate_instead(call, 2, argv)


cdef Replied take_one(Call *call, int index, Entry *entry, bint highest) noexcept nogil:
    reply_array(call.reply, 3)
    reply_slice(call.reply, call.argv[index])
    take_ends(call, index, entry, 1, highest, False)
    propagate_one_pop(call, index, highest)
    return 0


cdef Replied wait_and_pop(Call *call, bint highest) noexcept nogil:
    cdef int last = call.argc - 2, index
    cdef int64_t timeout_ms
    cdef Entry *entry
    if not timeout_argument(call, last + 1, &timeout_ms):
        return 0
    for index in range(1, last + 1):
        entry = lookup_awaited(call, index, ZSET)
        if call.failed:
            return 0
        if entry != NULL:
            return take_one(call, index, entry, highest)
    return block_on_keys(call, 1, last, timeout_ms, BLOCK_REPLY_NULL_ARRAY)


cdef Replied bzpopmin(Call *call) noexcept nogil:
    return wait_and_pop(call, False)


cdef Replied bzpopmax(Call *call) noexcept nogil:
    return wait_and_pop(call, True)


cdef Replied bzmpop(Call *call) noexcept nogil:
    cdef int64_t timeout_ms
    cdef Demand demand
    cdef Entry *entry
    cdef int index
    if not read_demand(call, 2, &demand) or not timeout_argument(call, 1, &timeout_ms):
        return 0
    for index in range(demand.first_key, demand.first_key + demand.keys):
        entry = lookup_awaited(call, index, ZSET)
        if call.failed:
            return 0
        if entry != NULL:
            return take_demanded(call, index, entry, &demand)
    return block_on_keys(
        call, demand.first_key, demand.first_key + demand.keys - 1, timeout_ms, BLOCK_REPLY_NULL_ARRAY)


HANDLERS = {
    "bzmpop": native(bzmpop),
    "bzpopmax": native(bzpopmax),
    "bzpopmin": native(bzpopmin),
    "zmpop": native(zmpop),
    "zpopmax": native(zpopmax),
    "zpopmin": native(zpopmin),
}

"""SPOP and SRANDMEMBER.

The append-only file records SPOP as SREM, with at most 1024 members per command, or as DEL or UNLINK if the entire set
is removed.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport SET_REPLY, Replied, Reply, reply_aggregate, reply_array, reply_error, reply_null
from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_SET, changed, count_as
from pyredis.call.errors cimport reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.propagation cimport propagate_instead
from pyredis.commands.key_changes cimport delete_key_instead
from pyredis.commands.random_parts cimport open_random, random_count, reply_repeatedly
from pyredis.commands.sets.set_access cimport SetAccess, find_set, read_set, reply_member, store_fewer_members
from pyredis.ground.base cimport Slice, literal, parse_int64
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.types.set.set cimport Set, SetMember, member_slice, set_remove, set_size
from pyredis.types.set.set_sampling cimport set_pop, set_random, set_sample

cdef enum:
    REMOVALS = 1024


cdef void reply_sampled(void *context, const SetMember *member) noexcept nogil:
    reply_member(<Reply *> context, member)


# ---- SPOP ----

# Members in the reply that are to be propagated. They are kept as offsets, because the reply's memory may move.
ctypedef struct Removals:
    Call *call
    int count
    Slice argv[2 + REMOVALS]
    size_t offsets[REMOVALS]


cdef void send_removals(Removals *removals) noexcept nogil:
    cdef int index
    if removals.count == 0:
        return
    for index in range(removals.count):
        removals.argv[2 + index].data = removals.call.reply.data + removals.offsets[index]
    propagate_instead(removals.call, 2 + removals.count, removals.argv)
    removals.count = 0


cdef void reply_removed(void *context, const SetMember *member) noexcept nogil:
    cdef Removals *removals = <Removals *> context
    cdef Reply *reply = removals.call.reply
    cdef size_t begin = reply.size, at
    if removals.count == REMOVALS:
        send_removals(removals)
    reply_member(reply, member)
    # "$", the length and CRLF precede the text, CRLF follows it.
    at = begin
    while reply.data[at] != c'\n':
        at += 1
    removals.offsets[removals.count] = at + 1
    removals.argv[2 + removals.count].size = reply.size - 2 - (at + 1)
    removals.count += 1


cdef void pop_members(Call *call, SetAccess *access, size_t count) noexcept nogil:
    """Replies with ``count`` random members and removes them; the set has more than that."""
    cdef Removals *removals = <Removals *> mem_alloc(sizeof(Removals))
    removals.call = call
    removals.count = 0
    removals.argv[0] = literal("SREM")
    removals.argv[1] = call.argv[1]
    set_pop(&access.set, count, &access.limits, &call.server.keyspace.random, reply_removed, removals)
    send_removals(removals)
    mem_free(removals, sizeof(Removals))


cdef void pop_everything(Call *call, SetAccess *access) noexcept nogil:
    cdef size_t size = set_size(access.set)
    # This counts as a read of the entire set.
    call.server.hits += 1
    set_sample(access.set, size, &call.server.keyspace.random, reply_sampled, call.reply)
    changed(call, 1, EVENT_SET, "spop")
    delete_key_instead(call, 1, access.entry, call.server.settings.lazy_server_del != 0)
    count_as(call, size)


cdef Replied pop_one(Call *call) noexcept nogil:
    cdef SetAccess access
    cdef SetMember member
    cdef Slice argv[3]
    cdef char digits[20]
    if not find_set(call, 1, &access):
        return 0
    if access.set == NULL:
        return reply_null(call.reply)
    set_random(access.set, &call.server.keyspace.random, &member)
    reply_member(call.reply, &member)
    argv[0] = literal("SREM")
    argv[1] = call.argv[1]
    argv[2] = member_slice(&member, digits)
    propagate_instead(call, 3, argv)
    set_remove(&access.set, &member)
    store_fewer_members(call, &access, "spop", 1)
    return 0


cdef Replied spop(Call *call) noexcept nogil:
    cdef SetAccess access
    cdef int64_t count
    if call.argc == 2:
        return pop_one(call)
    if call.argc > 3:
        return reply_syntax_error(call)
    if not parse_int64(call.argv[2].data, call.argv[2].size, &count) or count < 0:
        return reply_error(call.reply, "ERR value is out of range, must be positive")
    if not find_set(call, 1, &access):
        return 0
    if access.set == NULL or count == 0:
        return reply_aggregate(call.reply, SET_REPLY, 0)
    reply_aggregate(call.reply, SET_REPLY, min(<size_t> count, set_size(access.set)))
    if <size_t> count >= set_size(access.set):
        pop_everything(call, &access)
        return 0
    pop_members(call, &access, count)
    store_fewer_members(call, &access, "spop", count)
    return 0


# ---- SRANDMEMBER ----

cdef void reply_any(Call *call, void *set) noexcept nogil:
    cdef SetMember member
    set_random(<Set *> set, &call.server.keyspace.random, &member)
    reply_member(call.reply, &member)


cdef Replied reply_random(Call *call) noexcept nogil:
    cdef Set *set = read_set(call, 1)
    if call.failed:
        return 0
    if set == NULL:
        return reply_null(call.reply)
    reply_any(call, set)
    return 0


cdef Replied srandmember(Call *call) noexcept nogil:
    cdef Set *set
    cdef int64_t count
    cdef uint64_t parts
    if call.argc == 2:
        return reply_random(call)
    if call.argc > 3:
        return reply_syntax_error(call)
    if not random_count(call, &count):
        return 0
    set = read_set(call, 1)
    if call.failed:
        return 0
    if set == NULL or count == 0:
        return reply_array(call.reply, 0)
    parts = open_random(call, count, set_size(set), False)
    if count < 0:
        reply_repeatedly(call, parts, reply_any, set)
    else:
        set_sample(set, parts, &call.server.keyspace.random, reply_sampled, call.reply)
    return 0


HANDLERS = {"spop": native(spop), "srandmember": native(srandmember)}

"""XINFO: reports on a stream, its groups and their consumers. Blocks count as the nodes of Redis's radix tree."""

from libc.stdint cimport int64_t
from libc.string cimport strlen

from pyredis._resp cimport (
    ARRAY,
    MAP,
    Replied,
    Reply,
    reply_aggregate,
    reply_array,
    reply_bulk,
    reply_close,
    reply_integer,
    reply_null,
    reply_open,
    reply_slice,
)
from pyredis.call.call cimport Call
from pyredis.call.errors cimport integer_argument, refuse_subcommand, reply_no_such_key
from pyredis.call.handlers cimport native
from pyredis.commands.streams.stream_access cimport (
    find_group,
    read_stream,
    reply_entry,
    reply_entry_of,
    reply_id,
    reply_no_group,
)
from pyredis.ground.base cimport equals_nocase
from pyredis.types.stream.consumer_groups cimport (
    ENTRIES_UNKNOWN,
    NEVER_ACTIVE,
    Consumer,
    Group,
    Nack,
    consumer_name,
    consumers_count,
    group_name,
    groups_count,
    list_free,
    sorted_consumers,
    sorted_groups,
)
from pyredis.types.stream.id_index cimport (
    IdIndex,
    IdPlace,
    StreamId,
    greatest_id,
    index_at,
    index_first,
    index_forward,
    least_id,
)
from pyredis.types.stream.stream cimport (
    LAG_UNKNOWN,
    Stream,
    StreamIterator,
    stream_first_id,
    stream_iterate,
    stream_lag,
    stream_last_id,
    stream_next,
)

from pyredis.commands.help import help_lines

cdef enum:
    # How many entries, and pending entries of each group and consumer, FULL reports without COUNT.
    FULL_COUNT = 10


cdef inline void say(Reply *reply, const char *name) noexcept nogil:
    reply_bulk(reply, name, strlen(name))


cdef inline void say_number(Reply *reply, const char *name, int64_t value) noexcept nogil:
    say(reply, name)
    reply_integer(reply, value)


cdef inline void say_id(Reply *reply, const char *name, StreamId id) noexcept nogil:
    say(reply, name)
    reply_id(reply, id)


cdef Stream *stream_to_tell(Call *call) noexcept nogil:
    """Returns the stream at argument 2; NULL after an error reply."""
    cdef Stream *stream = read_stream(call, 2)
    if stream == NULL and not call.failed:
        reply_no_such_key(call)
    return stream


# ---- XINFO STREAM ----

cdef void say_facts(Reply *reply, const Stream *stream) noexcept nogil:
    """Replies with the seven fields that both forms begin with."""
    cdef StreamId first
    say_number(reply, "length", stream.length)
    say_number(reply, "radix-tree-keys", stream.blocks.size)
    say_number(reply, "radix-tree-nodes", stream.blocks.size + 1)
    say_id(reply, "last-generated-id", stream.last_id)
    say_id(reply, "max-deleted-entry-id", stream.max_deleted)
    say_number(reply, "entries-added", stream.added)
    say_id(reply, "recorded-first-entry-id", first if stream_first_id(stream, &first) else least_id())


cdef void say_entry(Reply *reply, const char *name, Stream *stream, bint there, StreamId id) noexcept nogil:
    say(reply, name)
    if not there or not reply_entry_of(reply, stream, id):
        reply_null(reply)


cdef Replied reply_briefly(Reply *reply, Stream *stream) noexcept nogil:
    cdef StreamId first = least_id(), last = least_id()
    cdef bint there = stream_first_id(stream, &first) and stream_last_id(stream, &last)
    reply_aggregate(reply, MAP, 10)
    say_facts(reply, stream)
    say_number(reply, "groups", groups_count(stream.groups) if stream.groups != NULL else 0)
    say_entry(reply, "first-entry", stream, there, first)
    say_entry(reply, "last-entry", stream, there, last)
    return 0


cdef void reply_entries(Reply *reply, Stream *stream, int64_t count) noexcept nogil:
    cdef StreamIterator iterator
    cdef size_t start = reply_open(reply)
    cdef int64_t replied = 0
    stream_iterate(stream, least_id(), greatest_id(), &iterator)
    while (count == 0 or replied < count) and stream_next(&iterator):
        reply_entry(reply, &iterator.entry)
        replied += 1
    reply_close(reply, start, ARRAY, replied)


cdef void reply_pending(Reply *reply, const IdIndex *pending, int64_t count, bint consumers) noexcept nogil:
    """Replies with pending entries; ``consumers`` adds the consumer's name to each, for a group's entries."""
    cdef size_t start = reply_open(reply)
    cdef int64_t replied = 0
    cdef IdPlace place
    cdef Nack *nack
    cdef bint more = index_first(pending, &place)
    while more and (count == 0 or replied < count):
        nack = <Nack *> index_at(pending, place)
        reply_array(reply, 4 if consumers else 3)
        reply_id(reply, nack.id)
        if consumers:
            reply_slice(reply, consumer_name(nack.consumer))
        reply_integer(reply, nack.delivered_ms)
        reply_integer(reply, nack.deliveries)
        replied += 1
        more = index_forward(pending, &place)
    reply_close(reply, start, ARRAY, replied)


cdef void reply_consumer_fully(Reply *reply, Consumer *consumer, int64_t count) noexcept nogil:
    reply_aggregate(reply, MAP, 5)
    say(reply, "name")
    reply_slice(reply, consumer_name(consumer))
    say_number(reply, "seen-time", consumer.seen_ms)
    say_number(reply, "active-time", consumer.active_ms)
    say_number(reply, "pel-count", consumer.pending.size)
    say(reply, "pending")
    reply_pending(reply, &consumer.pending, count, False)


cdef void reply_group_fully(Reply *reply, Stream *stream, Group *group, int64_t count) noexcept nogil:
    cdef size_t consumers_found, at
    cdef Consumer **consumers = sorted_consumers(group, &consumers_found)
    reply_aggregate(reply, MAP, 7)
    say(reply, "name")
    reply_slice(reply, group_name(group))
    say_progress(reply, stream, group)
    say_number(reply, "pel-count", group.pending.size)
    say(reply, "pending")
    reply_pending(reply, &group.pending, count, True)
    say(reply, "consumers")
    reply_array(reply, consumers_found)
    for at in range(consumers_found):
        reply_consumer_fully(reply, consumers[at], count)
    list_free(consumers, consumers_found)


cdef Replied reply_fully(Reply *reply, Stream *stream, int64_t count) noexcept nogil:
    cdef size_t found, at
    cdef Group **groups
    reply_aggregate(reply, MAP, 9)
    say_facts(reply, stream)
    say(reply, "entries")
    reply_entries(reply, stream, count)
    say(reply, "groups")
    if stream.groups == NULL:
        return reply_array(reply, 0)
    groups = sorted_groups(stream.groups, &found)
    reply_array(reply, found)
    for at in range(found):
        reply_group_fully(reply, stream, groups[at], count)
    list_free(groups, found)
    return 0


cdef Replied xinfo_stream(Call *call) noexcept nogil:
    cdef Stream *stream = stream_to_tell(call)
    cdef int64_t count = FULL_COUNT
    if stream == NULL:
        return 0
    if call.argc == 3:
        return reply_briefly(call.reply, stream)
    if call.argc not in (4, 6) or not equals_nocase(call.argv[3], "full"):
        return refuse_subcommand(call)
    if call.argc == 6:
        if not equals_nocase(call.argv[4], "count"):
            return refuse_subcommand(call)
        if not integer_argument(call, 5, &count):
            return 0
    return reply_fully(call.reply, stream, count if count >= 0 else FULL_COUNT)


# ---- XINFO GROUPS, XINFO CONSUMERS ----

cdef void say_number_or_null(Reply *reply, const char *name, int64_t value, int64_t unknown) noexcept nogil:
    say(reply, name)
    if value == unknown:
        reply_null(reply)
    else:
        reply_integer(reply, value)


cdef void say_progress(Reply *reply, const Stream *stream, const Group *group) noexcept nogil:
    say_id(reply, "last-delivered-id", group.last_id)
    say_number_or_null(reply, "entries-read", group.entries_read, ENTRIES_UNKNOWN)
    say_number_or_null(reply, "lag", stream_lag(stream, group.last_id, group.entries_read), LAG_UNKNOWN)


cdef void reply_group(Reply *reply, const Stream *stream, const Group *group) noexcept nogil:
    reply_aggregate(reply, MAP, 6)
    say(reply, "name")
    reply_slice(reply, group_name(group))
    say_number(reply, "consumers", consumers_count(group))
    say_number(reply, "pending", group.pending.size)
    say_progress(reply, stream, group)


cdef Replied xinfo_groups(Call *call) noexcept nogil:
    cdef Stream *stream = stream_to_tell(call)
    cdef size_t count, at
    cdef Group **groups
    if stream == NULL:
        return 0
    if stream.groups == NULL:
        return reply_array(call.reply, 0)
    groups = sorted_groups(stream.groups, &count)
    reply_array(call.reply, count)
    for at in range(count):
        reply_group(call.reply, stream, groups[at])
    list_free(groups, count)
    return 0


cdef void reply_consumer(Reply *reply, const Consumer *consumer, int64_t now) noexcept nogil:
    reply_aggregate(reply, MAP, 4)
    say(reply, "name")
    reply_slice(reply, consumer_name(consumer))
    say_number(reply, "pending", consumer.pending.size)
    say_number(reply, "idle", max(now - consumer.seen_ms, 0))
    say_number(reply, "inactive",
               max(now - consumer.active_ms, 0) if consumer.active_ms != NEVER_ACTIVE else NEVER_ACTIVE)


cdef Replied xinfo_consumers(Call *call) noexcept nogil:
    cdef Stream *stream = stream_to_tell(call)
    cdef Group *group
    cdef Consumer **consumers
    cdef size_t count, at
    if stream == NULL:
        return 0
    group = find_group(stream, call.argv[3])
    if group == NULL:
        return reply_no_group(call)
    consumers = sorted_consumers(group, &count)
    reply_array(call.reply, count)
    for at in range(count):
        reply_consumer(call.reply, consumers[at], call.server.keyspace.now_ms)
    list_free(consumers, count)
    return 0


HANDLERS = {
    "xinfo_consumers": native(xinfo_consumers),
    "xinfo_groups": native(xinfo_groups),
    "xinfo_help": lambda client, arguments: help_lines("XINFO", arguments[0]),
    "xinfo_stream": native(xinfo_stream),
}

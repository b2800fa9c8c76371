"""XGROUP, XACK and XPENDING: the groups of a stream and their pending entries."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport (
    ARRAY,
    Replied,
    Reply,
    reply_array,
    reply_bulk_integer,
    reply_close,
    reply_error,
    reply_integer,
    reply_null,
    reply_null_array,
    reply_ok,
    reply_open,
    reply_slice,
)
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_STREAM, changed, changed_quietly, count_as, note_event
from pyredis.call.errors cimport integer_argument, refuse_subcommand, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.waiting cimport HEARD_WAITING, waiting_mark
from pyredis.commands.streams.stream_access cimport (
    consumed_stream,
    create_stream,
    find_group,
    first_argument,
    id_argument,
    is_text,
    last_argument,
    parse_id,
    read_stream,
    reply_id,
    reply_no_group,
    reply_no_key_or_group,
    write_stream,
)
from pyredis.ground.base cimport equals_nocase
from pyredis.types.stream.consumer_groups cimport (
    ENTRIES_UNKNOWN,
    Consumer,
    Group,
    Nack,
    consumer_create,
    consumer_delete,
    consumer_find,
    consumer_name,
    group_create,
    group_destroy,
    groups_new,
    list_free,
    nack_find,
    nack_remove,
    sorted_consumers,
)
from pyredis.types.stream.id_index cimport (
    IdIndex,
    IdPlace,
    StreamId,
    greatest_id,
    id_before,
    index_at,
    index_first,
    index_forward,
    index_last,
    index_seek,
    least_id,
)
from pyredis.types.stream.stream cimport Stream

from pyredis.commands.help import help_lines


# ---- XGROUP ----

# The options of CREATE and SETID.
ctypedef struct GroupOptions:
    bint make_stream
    int64_t entries_read


cdef bint group_options(Call *call, bint creating, GroupOptions *options) noexcept nogil:
    cdef int at = 5
    options.make_stream = False
    options.entries_read = ENTRIES_UNKNOWN
    while at < call.argc:
        if creating and equals_nocase(call.argv[at], "mkstream"):
            options.make_stream = True
            at += 1
        elif at + 1 < call.argc and equals_nocase(call.argv[at], "entriesread"):
            if not integer_argument(call, at + 1, &options.entries_read):
                return False
            if options.entries_read < ENTRIES_UNKNOWN:
                reply_error(call.reply, "ERR value for ENTRIESREAD must be positive or -1")
                return False
            at += 2
        else:
            refuse_subcommand(call)
            return False
    return True


cdef Replied reply_no_stream(Call *call) noexcept nogil:
    return reply_error(call.reply, "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may "
                                   "want to use the MKSTREAM option to create an empty stream automatically.")


cdef Stream *stream_with_groups(Call *call) noexcept nogil:
    """Returns the stream at argument 2; NULL after an error reply."""
    cdef Stream *stream = write_stream(call, 2)
    if stream == NULL and not call.failed:
        reply_no_stream(call)
    return stream


cdef inline int64_t possible_entries_read(const Stream *stream, const GroupOptions *options) noexcept nogil:
    """Returns ENTRIESREAD, at most the number of entries ever added, so that the lag is never negative."""
    if options.entries_read > 0 and <uint64_t> options.entries_read > stream.added:
        return <int64_t> stream.added
    return options.entries_read


cdef Group *group_to_change(Call *call) noexcept nogil:
    """Returns the group that arguments 2 and 3 name; NULL after an error reply."""
    cdef Stream *stream = stream_with_groups(call)
    cdef Group *group = NULL
    if stream != NULL:
        group = find_group(stream, call.argv[3])
        if group == NULL:
            reply_no_group(call)
    return group


cdef bint group_position(Call *call, const Stream *stream, bint creating, StreamId *id) noexcept nogil:
    """Reads argument 4, the last id that the group has read; returns False after an error reply."""
    if not creating and is_text(call.argv[4], c'-'):
        id[0] = least_id()
        return True
    if not creating and is_text(call.argv[4], c'+'):
        id[0] = greatest_id()
        return True
    if is_text(call.argv[4], c'$'):
        id[0] = stream.last_id if stream != NULL else least_id()
        return True
    return id_argument(call, 4, id)


cdef Replied xgroup_create(Call *call) noexcept nogil:
    cdef GroupOptions options
    cdef Stream *stream
    cdef StreamId id
    if not group_options(call, True, &options):
        return 0
    stream = write_stream(call, 2)
    if call.failed:
        return 0
    if stream == NULL and not options.make_stream:
        return reply_no_stream(call)
    if call.argc > 8:
        return refuse_subcommand(call)
    if not group_position(call, stream, True, &id):
        return 0
    if stream == NULL:
        stream = create_stream(call, 2)
        changed(call, 2, 0, "")
    if stream.groups == NULL:
        stream.groups = groups_new()
    elif find_group(stream, call.argv[3]) != NULL:
        return reply_error(call.reply, "BUSYGROUP Consumer Group name already exists")
    group_create(stream.groups, call.argv[3], id, possible_entries_read(stream, &options))
    changed_quietly(call, 2)
    count_as(call, 1)
    note_event(call, 2, EVENT_STREAM, "xgroup-create")
    return reply_ok(call.reply)


cdef Replied xgroup_setid(Call *call) noexcept nogil:
    cdef GroupOptions options
    cdef Stream *stream
    cdef Group *group
    cdef StreamId id
    if not group_options(call, False, &options):
        return 0
    group = group_to_change(call)
    if group == NULL:
        return 0
    if call.argc > 7:
        return refuse_subcommand(call)
    stream = write_stream(call, 2)
    if not group_position(call, stream, False, &id):
        return 0
    group.last_id = id
    group.entries_read = possible_entries_read(stream, &options)
    changed_quietly(call, 2)
    note_event(call, 2, EVENT_STREAM, "xgroup-setid")
    return reply_ok(call.reply)


cdef Replied xgroup_destroy(Call *call) noexcept nogil:
    cdef Stream *stream = stream_with_groups(call)
    cdef Group *group
    if stream == NULL:
        return 0
    group = find_group(stream, call.argv[3])
    if group == NULL:
        return reply_integer(call.reply, 0)
    group_destroy(stream.groups, group)
    changed_quietly(call, 2)
    note_event(call, 2, EVENT_STREAM, "xgroup-destroy")
    # Wakes the clients that wait to read with the group: they now get an error.
    if call.server.heard & HEARD_WAITING:
        waiting_mark(&call.server.waiting, call.database, call.argv[2], key_hash(call, 2))
    return reply_integer(call.reply, 1)


cdef Replied xgroup_createconsumer(Call *call) noexcept nogil:
    cdef Group *group = group_to_change(call)
    if group == NULL:
        return 0
    if consumer_find(group, call.argv[4]) != NULL:
        return reply_integer(call.reply, 0)
    consumer_create(group, call.argv[4], call.server.keyspace.now_ms)
    changed_quietly(call, 2)
    note_event(call, 2, EVENT_STREAM, "xgroup-createconsumer")
    return reply_integer(call.reply, 1)


cdef Replied xgroup_delconsumer(Call *call) noexcept nogil:
    cdef Group *group = group_to_change(call)
    cdef Consumer *consumer
    cdef int64_t pending
    if group == NULL:
        return 0
    consumer = consumer_find(group, call.argv[4])
    if consumer == NULL:
        return reply_integer(call.reply, 0)
    pending = consumer.pending.size
    consumer_delete(group, consumer)
    changed_quietly(call, 2)
    note_event(call, 2, EVENT_STREAM, "xgroup-delconsumer")
    return reply_integer(call.reply, pending)


# ---- XACK ----

cdef Replied xack(Call *call) noexcept nogil:
    cdef Stream *stream = consumed_stream(call, 1)
    cdef Group *group
    cdef Nack *nack
    cdef StreamId id
    cdef int64_t acknowledged = 0
    cdef int index
    if call.failed:
        return 0
    group = find_group(stream, call.argv[2]) if stream != NULL else NULL
    if group == NULL:
        return reply_integer(call.reply, 0)
    for index in range(3, call.argc):
        if not id_argument(call, index, &id):
            return 0
    for index in range(3, call.argc):
        parse_id(call.argv[index], 0, &id, NULL)
        nack = nack_find(group, id)
        if nack != NULL:
            nack_remove(group, nack)
            changed_quietly(call, 1)
            acknowledged += 1
    return reply_integer(call.reply, acknowledged)


# ---- XPENDING ----

ctypedef struct PendingRange:
    int64_t min_idle        # ms
    StreamId first
    StreamId last
    int64_t count
    int consumer_at         # 0 for all consumers


cdef void reply_consumers_with_pending(Reply *reply, Group *group) noexcept nogil:
    cdef size_t count, at, replied = 0
    cdef Consumer **consumers = sorted_consumers(group, &count)
    cdef size_t start = reply_open(reply)
    for at in range(count):
        if consumers[at].pending.size:
            reply_array(reply, 2)
            reply_slice(reply, consumer_name(consumers[at]))
            reply_bulk_integer(reply, consumers[at].pending.size)
            replied += 1
    reply_close(reply, start, ARRAY, replied)
    list_free(consumers, count)


cdef Replied reply_summary(Reply *reply, Group *group) noexcept nogil:
    cdef IdPlace first, last
    reply_array(reply, 4)
    reply_integer(reply, group.pending.size)
    if index_first(&group.pending, &first) and index_last(&group.pending, &last):
        reply_id(reply, (<Nack *> index_at(&group.pending, first)).id)
        reply_id(reply, (<Nack *> index_at(&group.pending, last)).id)
        reply_consumers_with_pending(reply, group)
        return 0
    reply_null(reply)
    reply_null(reply)
    return reply_null_array(reply)


cdef bint pending_range(Call *call, PendingRange *wanted) noexcept nogil:
    """Reads ``[IDLE ms] start end count [consumer]``; returns False after an error reply."""
    cdef int at = 3
    wanted.min_idle = 0
    if equals_nocase(call.argv[3], "idle"):
        if not integer_argument(call, 4, &wanted.min_idle):
            return False
        if call.argc < 8:
            reply_syntax_error(call)
            return False
        at = 5
    if not integer_argument(call, at + 2, &wanted.count):
        return False
    wanted.consumer_at = at + 3 if at + 3 < call.argc else 0
    return first_argument(call, at, &wanted.first) and last_argument(call, at + 1, &wanted.last)


cdef void reply_nack(Reply *reply, const Nack *nack, int64_t now) noexcept nogil:
    reply_array(reply, 4)
    reply_id(reply, nack.id)
    reply_slice(reply, consumer_name(nack.consumer))
    reply_integer(reply, max(now - nack.delivered_ms, 0))
    reply_integer(reply, nack.deliveries)


cdef Replied reply_pending(Call *call, const IdIndex *pending, const PendingRange *wanted) noexcept nogil:
    cdef int64_t now = call.server.keyspace.now_ms, left = wanted.count
    cdef size_t start = reply_open(call.reply), replied = 0
    cdef IdPlace place
    cdef Nack *nack
    cdef bint more = index_seek(pending, wanted.first, &place)
    while more and left > 0:
        nack = <Nack *> index_at(pending, place)
        if id_before(wanted.last, nack.id):
            break
        if wanted.min_idle == 0 or now - nack.delivered_ms >= wanted.min_idle:
            reply_nack(call.reply, nack, now)
            replied += 1
            left -= 1
        more = index_forward(pending, &place)
    return reply_close(call.reply, start, ARRAY, replied)


cdef Replied xpending(Call *call) noexcept nogil:
    cdef PendingRange wanted
    cdef Stream *stream
    cdef Group *group
    cdef Consumer *consumer
    if call.argc != 3 and not 6 <= call.argc <= 9:
        return reply_syntax_error(call)
    if call.argc > 3 and not pending_range(call, &wanted):
        return 0
    stream = read_stream(call, 1)
    if call.failed:
        return 0
    group = find_group(stream, call.argv[2]) if stream != NULL else NULL
    if group == NULL:
        return reply_no_key_or_group(call)
    if call.argc == 3:
        return reply_summary(call.reply, group)
    if wanted.consumer_at == 0:
        return reply_pending(call, &group.pending, &wanted)
    consumer = consumer_find(group, call.argv[wanted.consumer_at])
    if consumer == NULL:
        return reply_array(call.reply, 0)
    return reply_pending(call, &consumer.pending, &wanted)


HANDLERS = {
    "xack": native(xack),
    "xgroup_create": native(xgroup_create),
    "xgroup_createconsumer": native(xgroup_createconsumer),
    "xgroup_delconsumer": native(xgroup_delconsumer),
    "xgroup_destroy": native(xgroup_destroy),
    "xgroup_help": lambda client, arguments: help_lines("XGROUP", arguments[0]),
    "xgroup_setid": native(xgroup_setid),
    "xpending": native(xpending),
}

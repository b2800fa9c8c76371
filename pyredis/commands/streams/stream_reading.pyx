"""XREAD and XREADGROUP.

Both read all their streams, even when a change of one key wakes them: the reply contains every stream that has entries.
``$`` and ``+`` are resolved when the command first runs. Every change of its keys wakes XREADGROUP, because the removal
of its group must end the wait with an error.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdio cimport snprintf

from pyredis._resp cimport (
    ARRAY,
    MAP,
    Replied,
    Reply,
    reply_array,
    reply_close,
    reply_error,
    reply_error_slice,
    reply_null_array,
    reply_open,
    reply_slice,
)
from pyredis.call.blocking cimport BLOCK_REPLY_NULL_ARRAY, block_on_keys, timeout_ms_argument
from pyredis.call.call cimport Call
from pyredis.call.changes cimport changed_quietly
from pyredis.call.errors cimport integer_argument, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_in
from pyredis.call.propagation cimport propagate_nothing
from pyredis.commands.streams.stream_access cimport (
    consumed_stream,
    find_group,
    id_argument,
    is_text,
    read_stream,
    reply_entry,
    reply_entry_of,
    reply_id,
    stream_of,
    write_stream,
)
from pyredis.commands.streams.stream_delivery cimport (
    Delivery,
    note_read,
    propagate_claim,
    propagate_group_id,
    provide_consumer,
)
from pyredis.ground.base cimport Slice, equals_nocase, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.ground.turns cimport offer_turn
from pyredis.keyspace.keyspace cimport STREAM
from pyredis.types.stream.consumer_groups cimport Nack, nack_deliver
from pyredis.types.stream.id_index cimport (
    ID_TEXT,
    IdPlace,
    StreamId,
    format_id,
    greatest_id,
    id_before,
    index_at,
    index_forward,
    index_seek,
    least_id,
    lower_id,
    raise_id,
    same_id,
)
from pyredis.types.stream.stream cimport Stream, StreamIterator, stream_iterate, stream_last_id, stream_next

cdef enum:
    NO_BLOCK = -1

# What a command asks for.
ctypedef struct Reading:
    int64_t timeout_ms      # NO_BLOCK, or 0 for no timeout
    int64_t count           # 0 for no limit
    bint unacknowledged     # NOACK
    int group_at            # the argument that names the group, the next one the consumer; 0 without GROUP
    int first_key
    int streams             # the number of keys, and of the ids after them

# A reply in progress: a map of keys to entries.
ctypedef struct Answer:
    Reply *reply
    size_t start
    size_t streams


# ---- options ----

cdef Replied reply_only_for_groups(Call *call, const char *option) noexcept nogil:
    cdef char text[128]
    snprintf(text, sizeof(text),
             "ERR The %s option is only supported by XREADGROUP. You called XREAD instead.", option)
    return reply_error(call.reply, text)


cdef bint streams_option(Call *call, int at, bint grouped, Reading *reading) noexcept nogil:
    reading.first_key = at + 1
    reading.streams = (call.argc - at - 1) // 2
    if (call.argc - at - 1) % 2 == 0:
        return True
    if grouped:
        reply_error(call.reply, "ERR Unbalanced 'xreadgroup' list of streams: "
                                "for each stream key an ID or '>' must be specified.")
    else:
        reply_error(call.reply, "ERR Unbalanced 'xread' list of streams: "
                                "for each stream key an ID or '$' must be specified.")
    return False


cdef bint reading_option(Call *call, int *at, bint grouped, Reading *reading) noexcept nogil:
    """Reads any option except STREAMS; moves ``at`` to its last argument. Returns False after an error reply."""
    cdef Slice text = call.argv[at[0]]
    cdef int more = call.argc - at[0] - 1
    if more and equals_nocase(text, "block"):
        at[0] += 1
        return timeout_ms_argument(call, at[0], &reading.timeout_ms)
    if more and equals_nocase(text, "count"):
        at[0] += 1
        return integer_argument(call, at[0], &reading.count)
    if more >= 2 and equals_nocase(text, "group"):
        if not grouped:
            reply_only_for_groups(call, "GROUP")
        reading.group_at = at[0] + 1
        at[0] += 2
        return grouped
    if equals_nocase(text, "noack"):
        if not grouped:
            reply_only_for_groups(call, "NOACK")
        reading.unacknowledged = True
        return grouped
    reply_syntax_error(call)
    return False


cdef bint read_options(Call *call, bint grouped, Reading *reading) noexcept nogil:
    cdef int at = 1
    reading.timeout_ms = NO_BLOCK
    reading.count = 0
    reading.unacknowledged = False
    reading.group_at = reading.first_key = reading.streams = 0
    while at < call.argc and not reading.first_key:
        if at + 1 < call.argc and equals_nocase(call.argv[at], "streams"):
            if not streams_option(call, at, grouped, reading):
                return False
        elif not reading_option(call, &at, grouped, reading):
            return False
        at += 1
    if not reading.first_key:
        reply_syntax_error(call)
        return False
    if grouped and not reading.group_at:
        reply_error(call.reply, "ERR Missing GROUP option for XREADGROUP")
        return False
    reading.count = max(reading.count, 0)
    return True


cdef Replied refuse_mark(Call *call, char mark) noexcept nogil:
    """Replies that an id like ``$`` has no meaning for a group."""
    cdef char text[320]
    snprintf(text, sizeof(text),
             "ERR The %c ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer "
             "by specifying a proper ID, or use the > ID to get new messages. The %c ID would just return an empty "
             "result set.", mark, mark)
    return reply_error(call.reply, text)


# ---- replies ----

cdef void begin_stream(Answer *answer, Slice key) noexcept nogil:
    if answer.streams == 0:
        answer.start = reply_open(answer.reply)
    answer.streams += 1
    if answer.reply.protocol < 3:
        reply_array(answer.reply, 2)
    reply_slice(answer.reply, key)


cdef Replied finish_answer(Answer *answer) noexcept nogil:
    return reply_close(answer.reply, answer.start, MAP if answer.reply.protocol >= 3 else ARRAY, answer.streams)


# ---- XREAD ----

cdef bint resolve_id(Call *call, const Stream *stream, int index, StreamId *id) noexcept nogil:
    """Reads argument ``index``, the id after which to read; returns False after an error reply."""
    cdef Slice text = call.argv[index]
    if is_text(text, c'$'):
        id[0] = stream.last_id if stream != NULL else least_id()
    elif is_text(text, c'+'):
        id[0] = stream.last_id if stream != NULL else least_id()
        if stream != NULL and stream_last_id(stream, id):
            lower_id(id)
    elif is_text(text, c'>'):
        reply_error(call.reply, "ERR The > ID can be specified only when calling XREADGROUP using the GROUP "
                                "<group> <consumer> option.")
        return False
    else:
        return id_argument(call, index, id)
    return True


cdef void read_behind(Answer *answer, Slice key, Stream *stream, StreamId id, int64_t count) noexcept nogil:
    cdef StreamIterator iterator
    cdef StreamId last
    cdef size_t start, replied = 0
    if not stream_last_id(stream, &last) or not id_before(id, last):
        return
    begin_stream(answer, key)
    raise_id(&id)
    start = reply_open(answer.reply)
    stream_iterate(stream, id, greatest_id(), &iterator)
    while (not count or replied < <uint64_t> count) and stream_next(&iterator):
        offer_turn()
        reply_entry(answer.reply, &iterator.entry)
        replied += 1
    reply_close(answer.reply, start, ARRAY, replied)


cdef bint check_streams(Call *call, const Reading *reading) noexcept nogil:
    cdef StreamId id
    cdef Stream *stream
    cdef int index
    for index in range(reading.first_key, reading.first_key + reading.streams):
        stream = read_stream(call, index)
        if call.failed or not resolve_id(call, stream, index + reading.streams, &id):
            return False
    return True


cdef Replied wait_for_entries(Call *call, const Reading *reading) noexcept nogil:
    """Blocks with the present ids in place of ``$`` and ``+``, which the blocked command keeps."""
    cdef size_t room = reading.streams * ID_TEXT, argv_size = reading.streams * sizeof(Slice)
    cdef char *texts
    cdef Slice *kept
    cdef Slice *ids = call.argv + reading.first_key + reading.streams
    cdef Stream *stream
    cdef StreamId id
    cdef int index
    # Only a stream wakes the command.
    call.awaited_kind = STREAM
    if call.woken:
        return block_on_keys(call, reading.first_key, reading.first_key + reading.streams - 1, reading.timeout_ms,
                             BLOCK_REPLY_NULL_ARRAY)
    texts = <char *> mem_alloc(room)
    kept = <Slice *> mem_alloc(argv_size)
    for index in range(reading.streams):
        kept[index] = ids[index]
        # Looked up before, which has counted the hit or the miss.
        stream = stream_of(lookup_in(call, call.database, reading.first_key + index))
        resolve_id(call, stream, reading.first_key + reading.streams + index, &id)
        ids[index] = slice_of(texts + index * ID_TEXT, format_id(texts + index * ID_TEXT, id, c'-'))
    block_on_keys(call, reading.first_key, reading.first_key + reading.streams - 1, reading.timeout_ms,
                  BLOCK_REPLY_NULL_ARRAY)
    for index in range(reading.streams):
        ids[index] = kept[index]
    mem_free(kept, argv_size)
    mem_free(texts, room)
    return 0


cdef Replied xread(Call *call) noexcept nogil:
    cdef Reading reading
    cdef Answer answer
    cdef Stream *stream
    cdef StreamId id
    cdef int index
    if not read_options(call, False, &reading) or not check_streams(call, &reading):
        return 0
    answer.reply = call.reply
    answer.streams = 0
    for index in range(reading.first_key, reading.first_key + reading.streams):
        stream = read_stream(call, index)
        if stream != NULL:
            resolve_id(call, stream, index + reading.streams, &id)
            read_behind(&answer, call.argv[index], stream, id, reading.count)
    if answer.streams:
        return finish_answer(&answer)
    if reading.timeout_ms == NO_BLOCK:
        return reply_null_array(call.reply)
    return wait_for_entries(call, &reading)


# ---- XREADGROUP ----

cdef Replied reply_no_reading_group(Call *call, int key_at, int group_at) noexcept nogil:
    cdef Slice key = call.argv[key_at]
    cdef Slice group = call.argv[group_at]
    cdef size_t room = 128 + key.size + group.size
    cdef char *text = <char *> mem_alloc(room)
    cdef int size = snprintf(
        text, room, "NOGROUP No such key '%.*s' or consumer group '%.*s' in XREADGROUP with GROUP option",
        <int> key.size, key.data, <int> group.size, group.data)
    reply_error_slice(call.reply, slice_of(text, size))
    mem_free(text, room)
    return 0


cdef bint check_group_reading(Call *call, const Reading *reading, int index) noexcept nogil:
    """Checks one stream, its group and its id; returns False after an error reply. An absent key is a miss."""
    cdef Stream *stream = consumed_stream(call, index)
    cdef Slice text = call.argv[index + reading.streams]
    cdef StreamId id
    if call.failed:
        return False
    if stream == NULL or find_group(stream, call.argv[reading.group_at]) == NULL:
        reply_no_reading_group(call, index, reading.group_at)
        return False
    if is_text(text, c'$') or is_text(text, c'+'):
        refuse_mark(call, text.data[0])
        return False
    return is_text(text, c'>') or id_argument(call, index + reading.streams, &id)


cdef void deliver_entry(Delivery *delivery, StreamId id) noexcept nogil:
    propagate_claim(delivery, nack_deliver(delivery.group, delivery.consumer, id, delivery.now))
    delivery.consumer.active_ms = delivery.now


cdef void read_new(Delivery *delivery, const Reading *reading, Reply *reply) noexcept nogil:
    cdef StreamIterator iterator
    cdef StreamId first = delivery.group.last_id
    cdef size_t start = reply_open(reply), replied = 0
    cdef bint moved = False
    raise_id(&first)
    stream_iterate(delivery.stream, first, greatest_id(), &iterator)
    while (not reading.count or replied < <uint64_t> reading.count) and stream_next(&iterator):
        offer_turn()
        moved |= note_read(delivery, iterator.entry.id)
        reply_entry(reply, &iterator.entry)
        if not reading.unacknowledged:
            deliver_entry(delivery, iterator.entry.id)
        replied += 1
    reply_close(reply, start, ARRAY, replied)
    if moved:
        propagate_group_id(delivery)
        changed_quietly(delivery.call, delivery.key_at)


cdef void read_pending(Delivery *delivery, StreamId id, int64_t count, Reply *reply) noexcept nogil:
    """Replies with the consumer's pending entries after ``id``; those that still exist count as delivered again."""
    cdef size_t start = reply_open(reply), replied = 0
    cdef IdPlace place
    cdef Nack *nack
    cdef bint more = raise_id(&id) and index_seek(&delivery.consumer.pending, id, &place)
    while more and (not count or replied < <uint64_t> count):
        nack = <Nack *> index_at(&delivery.consumer.pending, place)
        if reply_entry_of(reply, delivery.stream, nack.id):
            nack.delivered_ms = delivery.now
            nack.deliveries += 1
        else:
            reply_array(reply, 2)
            reply_id(reply, nack.id)
            reply_null_array(reply)
        replied += 1
        more = index_forward(&delivery.consumer.pending, &place)
    reply_close(reply, start, ARRAY, replied)


cdef bint asks_for_history(Call *call, int index, StreamId *id) noexcept nogil:
    """Returns whether argument ``index``, which is valid, is an id; the highest id means the same as ``>``."""
    if is_text(call.argv[index], c'>'):
        return False
    id_argument(call, index, id)
    return not same_id(id[0], greatest_id())


cdef void read_as_consumer(Call *call, const Reading *reading, int index, Answer *answer) noexcept nogil:
    cdef Delivery delivery
    cdef StreamId id, last
    cdef bint history = asks_for_history(call, index + reading.streams, &id)
    delivery.call = call
    delivery.key_at = index
    delivery.group_name = call.argv[reading.group_at]
    delivery.consumer_name = call.argv[reading.group_at + 1]
    delivery.stream = write_stream(call, index)
    delivery.group = find_group(delivery.stream, delivery.group_name)
    delivery.now = call.server.keyspace.now_ms
    provide_consumer(&delivery, True)
    # The check of the group counted one read of the key; this counts another.
    call.server.hits += 1
    if history:
        begin_stream(answer, call.argv[index])
        read_pending(&delivery, id, reading.count, answer.reply)
    elif stream_last_id(delivery.stream, &last) and id_before(delivery.group.last_id, last):
        begin_stream(answer, call.argv[index])
        read_new(&delivery, reading, answer.reply)


cdef Replied xreadgroup(Call *call) noexcept nogil:
    cdef Reading reading
    cdef Answer answer
    cdef int index
    propagate_nothing(call)
    if not read_options(call, True, &reading):
        return 0
    for index in range(reading.first_key, reading.first_key + reading.streams):
        if not check_group_reading(call, &reading, index):
            return 0
    answer.reply = call.reply
    answer.streams = 0
    for index in range(reading.first_key, reading.first_key + reading.streams):
        read_as_consumer(call, &reading, index, &answer)
    if answer.streams:
        return finish_answer(&answer)
    if reading.timeout_ms == NO_BLOCK:
        return reply_null_array(call.reply)
    return block_on_keys(call, reading.first_key, reading.first_key + reading.streams - 1, reading.timeout_ms,
                         BLOCK_REPLY_NULL_ARRAY)


HANDLERS = {"xread": native(xread), "xreadgroup": native(xreadgroup)}

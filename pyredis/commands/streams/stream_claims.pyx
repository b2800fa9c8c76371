"""XCLAIM and XAUTOCLAIM: pass pending entries from one consumer to another.

Both reply with the entries, and remove pending entries whose stream entry no longer exists. Each change is propagated
as an XCLAIM (``stream_delivery``). An XCLAIM in a rewritten append-only file has no LASTID and restores the pending
entry whether or not the stream entry exists.
"""

from libc.stdint cimport INT64_MAX, int64_t
from libc.stdio cimport snprintf
from libc.string cimport memcpy, memmove

from pyredis._resp cimport ARRAY, Replied, Reply, reply_array, reply_close, reply_error, reply_error_slice, reply_open
from pyredis.call.call cimport Call
from pyredis.call.changes cimport changed_quietly
from pyredis.call.client cimport CLIENT_LOADER
from pyredis.call.errors cimport reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_untouched
from pyredis.call.propagation cimport propagate_nothing
from pyredis.commands.streams.stream_access cimport (
    consumed_stream,
    find_group,
    first_argument,
    id_argument,
    number_argument,
    parse_id,
    reply_entry_of,
    reply_id,
    reply_no_key_or_group,
)
from pyredis.commands.streams.stream_delivery cimport (
    Delivery,
    drop_nack,
    propagate_claim,
    propagate_group_id,
    provide_consumer,
)
from pyredis.ground.base cimport Slice, equals_nocase, parse_int64, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_grow
from pyredis.types.stream.consumer_groups cimport Nack, nack_assign, nack_deliver, nack_find
from pyredis.types.stream.id_index cimport IdPlace, StreamId, id_before, index_at, index_forward, index_seek, least_id
from pyredis.types.stream.stream cimport stream_has

cdef enum:
    UNSET = -1
    # XAUTOCLAIM looks at this many pending entries for each that it may claim.
    ATTEMPTS = 10
    DEFAULT_COUNT = 100
    ID_HEADER = 64

# What a command wants for every entry that it claims.
ctypedef struct Claim:
    int64_t min_idle        # ms
    int64_t delivered_ms    # Unix time
    int64_t deliveries      # UNSET: one more, unless `just_id`
    bint force
    bint just_id
    StreamId last_id        # LASTID
    bint restores           # a rewritten file restores pending entries
    int ids_end             # the argument after the ids

# Ids that the reply lists at its end.
ctypedef struct IdList:
    StreamId *ids
    size_t count
    size_t capacity


# ---- one entry ----

cdef void take(Delivery *delivery, Nack *nack, const Claim *claim) noexcept nogil:
    """Assigns the entry to the consumer, replies with it, and propagates the claim."""
    cdef Reply *reply = delivery.call.reply
    nack_assign(nack, delivery.consumer)
    nack.delivered_ms = claim.delivered_ms
    if claim.deliveries != UNSET:
        nack.deliveries = claim.deliveries
    elif not claim.just_id:
        nack.deliveries += 1
    delivery.consumer.active_ms = delivery.now
    if claim.just_id:
        reply_id(reply, nack.id)
    else:
        reply_entry_of(reply, delivery.stream, nack.id)
    propagate_claim(delivery, nack)
    changed_quietly(delivery.call, delivery.key_at)


cdef inline bint is_idle(const Delivery *delivery, const Nack *nack, const Claim *claim) noexcept nogil:
    return claim.min_idle <= 0 or delivery.now - nack.delivered_ms >= claim.min_idle


cdef bint open_delivery(Call *call, Delivery *delivery) noexcept nogil:
    """Finds the stream and the group; returns False after an error reply. The consumer is provided later."""
    delivery.call = call
    delivery.key_at = 1
    delivery.group_name = call.argv[2]
    delivery.consumer_name = call.argv[3]
    delivery.now = call.server.keyspace.now_ms
    delivery.stream = consumed_stream(call, 1)
    if call.failed:
        return False
    delivery.group = find_group(delivery.stream, delivery.group_name) if delivery.stream != NULL else NULL
    if delivery.group == NULL:
        reply_no_key_or_group(call)
    return delivery.group != NULL


# ---- XCLAIM ----

cdef Replied refuse_option(Call *call, int index) noexcept nogil:
    cdef Slice option = call.argv[index]
    cdef size_t room = option.size + 64
    cdef char *text = <char *> mem_alloc(room)
    cdef int size = snprintf(text, room, "ERR Unrecognized XCLAIM option '%.*s'", <int> option.size, option.data)
    reply_error_slice(call.reply, slice_of(text, size))
    mem_free(text, room)
    return 0


cdef bint claim_value(Call *call, int at, int64_t now, Claim *claim) noexcept nogil:
    """Reads an option whose value is argument ``at + 1``; returns False after an error reply."""
    cdef Slice text = call.argv[at]
    if equals_nocase(text, "idle"):
        if not number_argument(call, at + 1, &claim.delivered_ms, "ERR Invalid IDLE option argument for XCLAIM"):
            return False
        claim.delivered_ms = <int64_t> (<unsigned long long> now - <unsigned long long> claim.delivered_ms)
        return True
    if equals_nocase(text, "time"):
        return number_argument(call, at + 1, &claim.delivered_ms, "ERR Invalid TIME option argument for XCLAIM")
    if equals_nocase(text, "retrycount"):
        return number_argument(
            call, at + 1, &claim.deliveries, "ERR Invalid RETRYCOUNT option argument for XCLAIM")
    if equals_nocase(text, "lastid"):
        claim.restores = False
        return id_argument(call, at + 1, &claim.last_id)
    refuse_option(call, at)
    return False


cdef bint claim_options(Call *call, int at, int64_t now, Claim *claim) noexcept nogil:
    claim.force = claim.just_id = False
    claim.delivered_ms = claim.deliveries = UNSET
    claim.last_id = least_id()
    claim.restores = call.client.flags & CLIENT_LOADER
    while at < call.argc:
        if equals_nocase(call.argv[at], "force"):
            claim.force = True
        elif equals_nocase(call.argv[at], "justid"):
            claim.just_id = True
        elif at + 1 == call.argc:
            refuse_option(call, at)
            return False
        elif not claim_value(call, at, now, claim):
            return False
        else:
            at += 1
        at += 1
    # An impossible time counts as now, because clients use clocks of their own.
    if not 0 <= claim.delivered_ms <= now:
        claim.delivered_ms = now
    if claim.deliveries < 0:
        claim.deliveries = UNSET
    return True


cdef bint claim_entry(Delivery *delivery, StreamId id, const Claim *claim, bint *propagated) noexcept nogil:
    """Claims an entry; returns whether the reply contains it."""
    cdef Nack *nack = nack_find(delivery.group, id)
    if not stream_has(delivery.stream, id) and not claim.restores:
        if nack != NULL:
            drop_nack(delivery, nack)
            propagated[0] = True
        return False
    if nack == NULL:
        if not claim.force:
            return False
        nack = nack_deliver(delivery.group, delivery.consumer, id, delivery.now)
    elif not is_idle(delivery, nack, claim):
        return False
    take(delivery, nack, claim)
    propagated[0] = True
    return True


cdef Replied claim_all(Delivery *delivery, const Claim *claim) noexcept nogil:
    cdef Call *call = delivery.call
    cdef size_t start, replied = 0
    cdef bint further = id_before(delivery.group.last_id, claim.last_id), propagated = False
    cdef StreamId id
    cdef int index
    if further:
        delivery.group.last_id = claim.last_id
    provide_consumer(delivery, True)
    start = reply_open(call.reply)
    for index in range(5, claim.ids_end):
        parse_id(call.argv[index], 0, &id, NULL)
        replied += claim_entry(delivery, id, claim, &propagated)
    reply_close(call.reply, start, ARRAY, replied)
    if further:
        changed_quietly(call, 1)
        # Every propagated XCLAIM contains the last id too.
        if not propagated:
            propagate_group_id(delivery)
    return 0


cdef Replied xclaim(Call *call) noexcept nogil:
    cdef Delivery delivery
    cdef Claim claim
    cdef StreamId id
    propagate_nothing(call)
    if not open_delivery(call, &delivery):
        return 0
    if not number_argument(call, 4, &claim.min_idle, "ERR Invalid min-idle-time argument for XCLAIM"):
        return 0
    claim.ids_end = 5
    while claim.ids_end < call.argc and parse_id(call.argv[claim.ids_end], 0, &id, NULL):
        claim.ids_end += 1
    if not claim_options(call, claim.ids_end, delivery.now, &claim):
        return 0
    return claim_all(&delivery, &claim)


# ---- XAUTOCLAIM ----

cdef bint automatic_options(Call *call, int64_t *count, Claim *claim) noexcept nogil:
    cdef int at = 6
    count[0] = DEFAULT_COUNT
    claim.force = claim.just_id = False
    claim.deliveries = UNSET
    while at < call.argc:
        if equals_nocase(call.argv[at], "justid"):
            claim.just_id = True
        elif at + 1 < call.argc and equals_nocase(call.argv[at], "count"):
            at += 1
            if not parse_int64(call.argv[at].data, call.argv[at].size, count) or \
                    not 0 < count[0] <= INT64_MAX // <int64_t> sizeof(StreamId):
                reply_error(call.reply, "ERR COUNT must be > 0")
                return False
        else:
            reply_syntax_error(call)
            return False
        at += 1
    return True


cdef void list_id(IdList *ids, StreamId id) noexcept nogil:
    if ids.count == ids.capacity:
        ids.ids = <StreamId *> mem_grow(ids.ids, &ids.capacity, sizeof(StreamId), 8)
    ids.ids[ids.count] = id
    ids.count += 1


cdef StreamId claim_from(Delivery *delivery, StreamId first, int64_t count, const Claim *claim, IdList *deleted
                         ) noexcept nogil:
    """Replies with the entries claimed; returns the id where the next call continues, 0-0 at the end."""
    cdef size_t start = reply_open(delivery.call.reply), replied = 0
    cdef int64_t attempts = count * ATTEMPTS
    cdef IdPlace place
    cdef Nack *nack
    cdef bint more = index_seek(&delivery.group.pending, first, &place)
    while more and count and attempts:
        attempts -= 1
        nack = <Nack *> index_at(&delivery.group.pending, place)
        if not stream_has(delivery.stream, nack.id):
            first = nack.id
            list_id(deleted, first)
            drop_nack(delivery, nack)
            more = index_seek(&delivery.group.pending, first, &place)
            count -= 1
            continue
        if is_idle(delivery, nack, claim):
            take(delivery, nack, claim)
            replied += 1
            count -= 1
        more = index_forward(&delivery.group.pending, &place)
    reply_close(delivery.call.reply, start, ARRAY, replied)
    return (<Nack *> index_at(&delivery.group.pending, place)).id if more else least_id()


cdef void move_id_before(Reply *reply, size_t offset, StreamId id) noexcept nogil:
    """Inserts an id into the reply at ``offset``."""
    cdef char text[ID_HEADER]
    cdef size_t body = reply.size - offset, width
    reply_id(reply, id)
    width = reply.size - offset - body
    memcpy(text, reply.data + reply.size - width, width)
    memmove(reply.data + offset + width, reply.data + offset, body)
    memcpy(reply.data + offset, text, width)


cdef void reply_claims(Delivery *delivery, StreamId first, int64_t count, const Claim *claim) noexcept nogil:
    cdef Reply *reply = delivery.call.reply
    cdef IdList deleted
    cdef size_t offset, index
    deleted.ids = NULL
    deleted.count = deleted.capacity = 0
    reply_array(reply, 3)
    offset = reply.size
    first = claim_from(delivery, first, count, claim, &deleted)
    move_id_before(reply, offset, first)
    reply_array(reply, deleted.count)
    for index in range(deleted.count):
        reply_id(reply, deleted.ids[index])
    mem_free(deleted.ids, deleted.capacity * sizeof(StreamId))


cdef Replied xautoclaim(Call *call) noexcept nogil:
    cdef Delivery delivery
    cdef Claim claim
    cdef StreamId first
    cdef int64_t count
    propagate_nothing(call)
    if not number_argument(call, 4, &claim.min_idle, "ERR Invalid min-idle-time argument for XAUTOCLAIM") or \
            not first_argument(call, 5, &first) or not automatic_options(call, &count, &claim):
        # Even then this counts as a lookup of the key.
        lookup_untouched(call, 1)
        return 0
    if not open_delivery(call, &delivery):
        return 0
    claim.delivered_ms = delivery.now
    provide_consumer(&delivery, True)
    reply_claims(&delivery, first, count, &claim)
    return 0


HANDLERS = {"xautoclaim": native(xautoclaim), "xclaim": native(xclaim)}

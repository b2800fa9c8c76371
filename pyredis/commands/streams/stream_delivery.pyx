"""Creates consumers, assigns entries to them, and propagates both; see ``stream_delivery.pxd``."""

from pyredis.call.changes cimport EVENT_STREAM, changed_quietly, note_event
from pyredis.call.propagation cimport propagate_instead, takes_changes
from pyredis.ground.base cimport Slice, format_int64, format_uint64, literal, slice_of
from pyredis.types.stream.consumer_groups cimport (
    Group,
    Nack,
    consumer_create,
    consumer_find,
    consumer_name,
    nack_remove,
)
from pyredis.types.stream.id_index cimport ID_TEXT, StreamId, format_id, id_before
from pyredis.types.stream.stream cimport stream_entries_read


cdef void propagate_consumer(const Delivery *delivery) noexcept nogil:
    cdef Slice argv[5]
    argv[0] = literal("XGROUP")
    argv[1] = literal("CREATECONSUMER")
    argv[2] = delivery.call.argv[delivery.key_at]
    argv[3] = delivery.group_name
    argv[4] = delivery.consumer_name
    propagate_instead(delivery.call, 5, argv)


cdef void provide_consumer(Delivery *delivery, bint propagated) noexcept nogil:
    delivery.consumer = consumer_find(delivery.group, delivery.consumer_name)
    if delivery.consumer == NULL:
        delivery.consumer = consumer_create(delivery.group, delivery.consumer_name, delivery.now)
        changed_quietly(delivery.call, delivery.key_at)
        note_event(delivery.call, delivery.key_at, EVENT_STREAM, "xgroup-createconsumer")
        if propagated:
            propagate_consumer(delivery)
    delivery.consumer.seen_ms = delivery.now


cdef void propagate_claim(const Delivery *delivery, const Nack *nack) noexcept nogil:
    """Propagates a pending entry as an idempotent XCLAIM."""
    cdef char id[ID_TEXT]
    cdef char last[ID_TEXT]
    cdef char time[24]
    cdef char count[24]
    cdef Slice argv[14]
    if not takes_changes(delivery.call.server):
        return
    argv[0] = literal("XCLAIM")
    argv[1] = delivery.call.argv[delivery.key_at]
    argv[2] = delivery.group_name
    argv[3] = consumer_name(nack.consumer)
    argv[4] = literal("0")
    argv[5] = slice_of(id, format_id(id, nack.id, c'-'))
    argv[6] = literal("TIME")
    argv[7] = slice_of(time, format_int64(time, nack.delivered_ms))
    argv[8] = literal("RETRYCOUNT")
    argv[9] = slice_of(count, format_uint64(count, nack.deliveries))
    argv[10] = literal("FORCE")
    argv[11] = literal("JUSTID")
    argv[12] = literal("LASTID")
    argv[13] = slice_of(last, format_id(last, delivery.group.last_id, c'-'))
    propagate_instead(delivery.call, 14, argv)


cdef void propagate_group_id(const Delivery *delivery) noexcept nogil:
    cdef char id[ID_TEXT]
    cdef char count[24]
    cdef Slice argv[7]
    argv[0] = literal("XGROUP")
    argv[1] = literal("SETID")
    argv[2] = delivery.call.argv[delivery.key_at]
    argv[3] = delivery.group_name
    argv[4] = slice_of(id, format_id(id, delivery.group.last_id, c'-'))
    argv[5] = literal("ENTRIESREAD")
    argv[6] = slice_of(count, format_int64(count, delivery.group.entries_read))
    propagate_instead(delivery.call, 7, argv)


cdef void drop_nack(const Delivery *delivery, Nack *nack) noexcept nogil:
    propagate_claim(delivery, nack)
    changed_quietly(delivery.call, delivery.key_at)
    nack_remove(delivery.group, nack)


cdef bint note_read(const Delivery *delivery, StreamId id) noexcept nogil:
    cdef Group *group = delivery.group
    if not id_before(group.last_id, id):
        return False
    group.entries_read = stream_entries_read(delivery.stream, group.last_id, group.entries_read, id)
    group.last_id = id
    return True

"""The commands that streams are made of; ``streams.pyx`` and ``stream_pieces.pyx`` put them together."""

from libc.stdint cimport uint64_t

from pyredis.ground.base cimport Slice, format_uint64, literal, slice_of
from pyredis.journal.multibulk cimport append_bulk, append_header
from pyredis.persistence.saving.saver cimport Output, append_integer
from pyredis.types.stream.consumer_groups cimport (
    Consumer,
    Group,
    Nack,
    consumer_name,
    group_name,
    list_free,
    sorted_consumers,
)
from pyredis.types.stream.id_index cimport ID_TEXT, StreamId, format_id, least_id, same_id, stream_id
from pyredis.types.stream.stream cimport ELEMENT_DIGITS, Stream, StreamEntry, stream_next_pair


cdef void append_id(Output out, StreamId id) noexcept nogil:
    cdef char text[ID_TEXT]
    append_bulk(out, slice_of(text, format_id(text, id, c'-')))


cdef void append_count(Output out, uint64_t count) noexcept nogil:
    cdef char text[24]
    append_bulk(out, slice_of(text, format_uint64(text, count)))


# ---- entries ----

cdef void save_stream_entry(Output out, Slice key, StreamEntry *entry) noexcept nogil:
    cdef Slice name, value
    cdef char name_digits[ELEMENT_DIGITS]
    cdef char value_digits[ELEMENT_DIGITS]
    append_header(out, c'*', 3 + 2 * entry.pairs)
    append_bulk(out, literal("XADD"))
    append_bulk(out, key)
    append_id(out, entry.id)
    while stream_next_pair(entry, &name, &value, name_digits, value_digits):
        append_bulk(out, name)
        append_bulk(out, value)


cdef void save_emptiness(Output out, Slice key, const Stream *stream) noexcept nogil:
    append_header(out, c'*', 7)
    append_bulk(out, literal("XADD"))
    append_bulk(out, key)
    append_bulk(out, literal("MAXLEN"))
    append_bulk(out, literal("0"))
    append_id(out, stream_id(0, 1) if same_id(stream.last_id, least_id()) else stream.last_id)
    append_bulk(out, literal("x"))
    append_bulk(out, literal("y"))


cdef void save_facts(Output out, Slice key, const Stream *stream) noexcept nogil:
    append_header(out, c'*', 7)
    append_bulk(out, literal("XSETID"))
    append_bulk(out, key)
    append_id(out, stream.last_id)
    append_bulk(out, literal("ENTRIESADDED"))
    append_count(out, stream.added)
    append_bulk(out, literal("MAXDELETEDID"))
    append_id(out, stream.max_deleted)


# ---- groups ----

cdef void save_group(Output out, Slice key, Group *group) noexcept nogil:
    append_header(out, c'*', 7)
    append_bulk(out, literal("XGROUP"))
    append_bulk(out, literal("CREATE"))
    append_bulk(out, key)
    append_bulk(out, group_name(group))
    append_id(out, group.last_id)
    append_bulk(out, literal("ENTRIESREAD"))
    append_integer(out, group.entries_read)


cdef void save_consumer(Output out, Slice key, Group *group, Consumer *consumer) noexcept nogil:
    append_header(out, c'*', 5)
    append_bulk(out, literal("XGROUP"))
    append_bulk(out, literal("CREATECONSUMER"))
    append_bulk(out, key)
    append_bulk(out, group_name(group))
    append_bulk(out, consumer_name(consumer))


cdef void save_nack(Output out, Slice key, Group *group, const Nack *nack) noexcept nogil:
    append_header(out, c'*', 12)
    append_bulk(out, literal("XCLAIM"))
    append_bulk(out, key)
    append_bulk(out, group_name(group))
    append_bulk(out, consumer_name(nack.consumer))
    append_bulk(out, literal("0"))
    append_id(out, nack.id)
    append_bulk(out, literal("TIME"))
    append_integer(out, nack.delivered_ms)
    append_bulk(out, literal("RETRYCOUNT"))
    append_count(out, nack.deliveries)
    append_bulk(out, literal("JUSTID"))
    append_bulk(out, literal("FORCE"))


cdef void save_consumers(Output out, Slice key, Group *group) noexcept nogil:
    cdef size_t count, at
    cdef Consumer **consumers = sorted_consumers(group, &count)
    for at in range(count):
        save_consumer(out, key, group, consumers[at])
    list_free(consumers, count)

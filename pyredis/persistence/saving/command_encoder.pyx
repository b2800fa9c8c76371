"""Writes every part as a command or as arguments of one."""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport strlen

from pyredis.ground.base cimport Slice, format_int64, format_uint64, literal, slice_of
from pyredis.ground.doubles cimport format_double_long
from pyredis.keyspace.keyspace cimport HASH, KINDS, LIST, SET, ZSET, ValueKind
from pyredis.keyspace.parts cimport Part
from pyredis.persistence.saving.encoder cimport Encoder
from pyredis.persistence.saving.output cimport Output, output_bulk, output_header
from pyredis.types.stream.consumer_groups cimport Consumer, Group, Nack, consumer_name, group_name
from pyredis.types.stream.id_index cimport ID_TEXT, StreamId, format_id, least_id, same_id, stream_id
from pyredis.types.stream.stream cimport ELEMENT_DIGITS, Stream, StreamEntry, stream_next_pair

cdef enum:
    # The largest number of parts (fields, members, …) in one command.
    COMMAND_PARTS = 64

# The command that adds parts of a kind, and the number of its arguments for each part.
cdef const char *_commands[KINDS]
cdef size_t _words[KINDS]
_commands[<int> HASH] = "HMSET"
_commands[<int> LIST] = "RPUSH"
_commands[<int> SET] = "SADD"
_commands[<int> ZSET] = "ZADD"
_words[<int> HASH] = 2
_words[<int> LIST] = 1
_words[<int> SET] = 1
_words[<int> ZSET] = 2


cdef void append_id(Output *out, StreamId id) noexcept nogil:
    cdef char text[ID_TEXT]
    output_bulk(out, slice_of(text, format_id(text, id, c'-')))


cdef void append_count(Output *out, uint64_t count) noexcept nogil:
    cdef char text[24]
    output_bulk(out, slice_of(text, format_uint64(text, count)))


cdef void append_integer(Output *out, int64_t value) noexcept nogil:
    cdef char text[24]
    output_bulk(out, slice_of(text, format_int64(text, value)))


# ---- any key ----

cdef void write_select(Output *out, int database) noexcept nogil:
    output_header(out, c'*', 2)
    output_bulk(out, literal("SELECT"))
    append_integer(out, database)


cdef void write_string(Output *out, Slice key, Slice value, int64_t expiry) noexcept nogil:
    output_header(out, c'*', 5 if expiry >= 0 else 3)
    output_bulk(out, literal("SET"))
    output_bulk(out, key)
    output_bulk(out, value)
    if expiry >= 0:
        output_bulk(out, literal("PXAT"))
        append_integer(out, expiry)


cdef void write_key_expiry(Output *out, Slice key, int64_t expiry) noexcept nogil:
    output_header(out, c'*', 3)
    output_bulk(out, literal("PEXPIREAT"))
    output_bulk(out, key)
    append_integer(out, expiry)


# ---- parts ----

cdef void begin_parts(Output *out, ValueKind kind, Slice key, size_t count) noexcept nogil:
    cdef const char *command = _commands[<int> kind]
    output_header(out, c'*', 2 + _words[<int> kind] * count)
    output_bulk(out, slice_of(command, strlen(command)))
    output_bulk(out, key)


cdef void write_part(Output *out, ValueKind kind, const Part *part) noexcept nogil:
    cdef char text[40]
    if kind == ZSET:
        output_bulk(out, slice_of(text, format_double_long(text, part.score)))
    output_bulk(out, part.text)
    if kind == HASH:
        output_bulk(out, part.value)


cdef void write_part_expiry(Output *out, Slice key, const Part *part) noexcept nogil:
    output_header(out, c'*', 6)
    output_bulk(out, literal("HPEXPIREAT"))
    output_bulk(out, key)
    append_integer(out, part.expiry)
    output_bulk(out, literal("FIELDS"))
    output_bulk(out, literal("1"))
    output_bulk(out, part.text)


# ---- entries ----

cdef void write_entry(Output *out, Slice key, StreamEntry *entry) noexcept nogil:
    cdef Slice name, value
    cdef char name_digits[ELEMENT_DIGITS]
    cdef char value_digits[ELEMENT_DIGITS]
    output_header(out, c'*', 3 + 2 * entry.pairs)
    output_bulk(out, literal("XADD"))
    output_bulk(out, key)
    append_id(out, entry.id)
    while stream_next_pair(entry, &name, &value, name_digits, value_digits):
        output_bulk(out, name)
        output_bulk(out, value)


cdef void write_emptiness(Output *out, Slice key, const Stream *stream) noexcept nogil:
    output_header(out, c'*', 7)
    output_bulk(out, literal("XADD"))
    output_bulk(out, key)
    output_bulk(out, literal("MAXLEN"))
    output_bulk(out, literal("0"))
    append_id(out, stream_id(0, 1) if same_id(stream.last_id, least_id()) else stream.last_id)
    output_bulk(out, literal("x"))
    output_bulk(out, literal("y"))


cdef void write_facts(Output *out, Slice key, const Stream *stream) noexcept nogil:
    output_header(out, c'*', 7)
    output_bulk(out, literal("XSETID"))
    output_bulk(out, key)
    append_id(out, stream.last_id)
    output_bulk(out, literal("ENTRIESADDED"))
    append_count(out, stream.added)
    output_bulk(out, literal("MAXDELETEDID"))
    append_id(out, stream.max_deleted)


# ---- groups ----

cdef void write_group(Output *out, Slice key, Group *group) noexcept nogil:
    output_header(out, c'*', 7)
    output_bulk(out, literal("XGROUP"))
    output_bulk(out, literal("CREATE"))
    output_bulk(out, key)
    output_bulk(out, group_name(group))
    append_id(out, group.last_id)
    output_bulk(out, literal("ENTRIESREAD"))
    append_integer(out, group.entries_read)


cdef void write_consumer(Output *out, Slice key, Group *group, Consumer *consumer) noexcept nogil:
    output_header(out, c'*', 5)
    output_bulk(out, literal("XGROUP"))
    output_bulk(out, literal("CREATECONSUMER"))
    output_bulk(out, key)
    output_bulk(out, group_name(group))
    output_bulk(out, consumer_name(consumer))


cdef void write_nack(Output *out, Slice key, Group *group, const Nack *nack) noexcept nogil:
    output_header(out, c'*', 12)
    output_bulk(out, literal("XCLAIM"))
    output_bulk(out, key)
    output_bulk(out, group_name(group))
    output_bulk(out, consumer_name(nack.consumer))
    output_bulk(out, literal("0"))
    append_id(out, nack.id)
    output_bulk(out, literal("TIME"))
    append_integer(out, nack.delivered_ms)
    output_bulk(out, literal("RETRYCOUNT"))
    append_count(out, nack.deliveries)
    output_bulk(out, literal("JUSTID"))
    output_bulk(out, literal("FORCE"))


cdef Encoder _encoder
_encoder.scattered = True
_encoder.run = COMMAND_PARTS
_encoder.select = write_select
_encoder.string = write_string
_encoder.key_expiry = write_key_expiry
_encoder.begin_parts = begin_parts
_encoder.part = write_part
_encoder.part_expiry = write_part_expiry
_encoder.entry = write_entry
_encoder.emptiness = write_emptiness
_encoder.facts = write_facts
_encoder.group = write_group
_encoder.consumer = write_consumer
_encoder.nack = write_nack


cdef const Encoder *command_encoder() noexcept nogil:
    return &_encoder

"""Records what the savers enumerate, with an encoder of its own, or encodes it in memory; for tests only.

The encoder's functions need the GIL, which ``record`` and ``encode`` hold throughout.
"""

from libc.stdint cimport int64_t
from libc.string cimport memset

from pyredis._core cimport Core
from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport HASH, ZSET, Entry, Keyspace, ValueKind
from pyredis.keyspace.parts cimport Part
from pyredis.persistence.saving.command_encoder cimport command_encoder
from pyredis.persistence.saving.encoder cimport Encoder
from pyredis.persistence.saving.output cimport Output
from pyredis.persistence.saving.partial cimport session_save, session_work
from pyredis.persistence.saving.saver cimport Session
from pyredis.types.stream.consumer_groups cimport Consumer, Group, Nack, consumer_name, group_name
from pyredis.types.stream.id_index cimport StreamId
from pyredis.types.stream.stream cimport ELEMENT_DIGITS, Stream, StreamEntry, stream_next_pair
from pyredis.types.table.hashtable cimport TableIterator, table_iterate, table_iterate_end, table_next

# Larger than the runs of the encoder of commands. `table_walk` limits its own runs to 64 parts.
cdef enum:
    RUN = 1000


cdef bytes text_of(Slice slice):
    return slice.data[:slice.size]


cdef tuple id_of(StreamId id):
    return (id.ms, id.seq)


cdef void note(Output *out, tuple record) noexcept:
    (<list> out.target).append(record)


# ---- the encoder ----

cdef void record_select(Output *out, int database) noexcept:
    note(out, ("select", database))


cdef void record_string(Output *out, Slice key, Slice value, int64_t expiry) noexcept:
    note(out, ("string", text_of(key), text_of(value), expiry))


cdef void record_key_expiry(Output *out, Slice key, int64_t expiry) noexcept:
    note(out, ("key_expiry", text_of(key), expiry))


cdef void record_begin_parts(Output *out, ValueKind kind, Slice key, size_t count) noexcept:
    note(out, ("begin_parts", <int> kind, text_of(key), count))


cdef void record_part(Output *out, ValueKind kind, const Part *part) noexcept:
    if kind == HASH:
        note(out, ("part", text_of(part.text), text_of(part.value)))
    elif kind == ZSET:
        note(out, ("part", part.score, text_of(part.text)))
    else:
        note(out, ("part", text_of(part.text)))


cdef void record_part_expiry(Output *out, Slice key, const Part *part) noexcept:
    note(out, ("part_expiry", text_of(key), text_of(part.text), part.expiry))


cdef void record_entry(Output *out, Slice key, StreamEntry *entry) noexcept:
    cdef Slice name, value
    cdef char name_digits[ELEMENT_DIGITS]
    cdef char value_digits[ELEMENT_DIGITS]
    pairs = []
    while stream_next_pair(entry, &name, &value, name_digits, value_digits):
        pairs += (text_of(name), text_of(value))
    note(out, ("entry", text_of(key), id_of(entry.id), pairs))


cdef void record_emptiness(Output *out, Slice key, const Stream *stream) noexcept:
    note(out, ("emptiness", text_of(key)))


cdef void record_facts(Output *out, Slice key, const Stream *stream) noexcept:
    note(out, ("facts", text_of(key), id_of(stream.last_id), stream.added, id_of(stream.max_deleted)))


cdef void record_group(Output *out, Slice key, Group *group) noexcept:
    note(out, ("group", text_of(key), text_of(group_name(group)), id_of(group.last_id), group.entries_read))


cdef void record_consumer(Output *out, Slice key, Group *group, Consumer *consumer) noexcept:
    note(out, ("consumer", text_of(key), text_of(group_name(group)), text_of(consumer_name(consumer))))


cdef void record_nack(Output *out, Slice key, Group *group, const Nack *nack) noexcept:
    note(out, ("nack", text_of(key), text_of(group_name(group)), text_of(consumer_name(nack.consumer)),
               id_of(nack.id), nack.delivered_ms, nack.deliveries))


cdef Encoder _recorder
_recorder.scattered = True
_recorder.run = RUN
_recorder.select = <void (*)(Output *, int) noexcept nogil> <void *> record_select
_recorder.string = <void (*)(Output *, Slice, Slice, int64_t) noexcept nogil> <void *> record_string
_recorder.key_expiry = <void (*)(Output *, Slice, int64_t) noexcept nogil> <void *> record_key_expiry
_recorder.begin_parts = <void (*)(Output *, ValueKind, Slice, size_t) noexcept nogil> <void *> record_begin_parts
_recorder.part = <void (*)(Output *, ValueKind, const Part *) noexcept nogil> <void *> record_part
_recorder.part_expiry = <void (*)(Output *, Slice, const Part *) noexcept nogil> <void *> record_part_expiry
_recorder.entry = <void (*)(Output *, Slice, StreamEntry *) noexcept nogil> <void *> record_entry
_recorder.emptiness = <void (*)(Output *, Slice, const Stream *) noexcept nogil> <void *> record_emptiness
_recorder.facts = <void (*)(Output *, Slice, const Stream *) noexcept nogil> <void *> record_facts
_recorder.group = <void (*)(Output *, Slice, Group *) noexcept nogil> <void *> record_group
_recorder.consumer = <void (*)(Output *, Slice, Group *, Consumer *) noexcept nogil> <void *> record_consumer
_recorder.nack = <void (*)(Output *, Slice, Group *, const Nack *) noexcept nogil> <void *> record_nack


# ---- outputs other than a ring ----

cdef void append_nothing(Output *out, const char *data, size_t size) noexcept nogil:
    pass


cdef void append_to_memory(Output *out, const char *data, size_t size) noexcept:
    (<bytearray> out.target).extend(data[:size])


cdef void publish_nothing(Output *out) noexcept nogil:
    pass


# ---- the walk ----

cdef void save_everything(Keyspace *keyspace, Session *session) noexcept:
    cdef TableIterator iterator
    cdef Entry *entry
    cdef int index
    for index in range(keyspace.count):
        table_iterate(&keyspace.databases[index].keys, &iterator)
        while True:
            entry = <Entry *> table_next(&iterator)
            if entry == NULL:
                break
            session_save(session, index, entry)
            while session_work(session):
                pass
        table_iterate_end(&iterator)


cdef void save_to(Core core, size_t piece, Output *out, const Encoder *encoder) noexcept:
    cdef Session session
    memset(&session, 0, sizeof(session))
    session.out = out
    session.encoder = encoder
    session.keyspace = &core.server.keyspace
    session.selected = -1
    session.piece = piece
    out.publish = publish_nothing
    out.size = 0
    save_everything(session.keyspace, &session)


def record(Core core not None, size_t piece):
    """Returns the calls of an encoder for all keys, in order: tuples of a function's name and its arguments. Values of
    more than ``piece`` bytes are saved in pieces."""
    cdef Output out
    cdef list calls = []
    out.append = append_nothing
    out.target = <void *> calls
    save_to(core, piece, &out, &_recorder)
    return calls


def encode(Core core not None, size_t piece):
    """Returns all keys as commands. Values of more than ``piece`` bytes are saved in pieces."""
    cdef Output out
    cdef bytearray data = bytearray()
    out.append = <void (*)(Output *, const char *, size_t) noexcept nogil> <void *> append_to_memory
    out.target = <void *> data
    save_to(core, piece, &out, command_encoder())
    return bytes(data)

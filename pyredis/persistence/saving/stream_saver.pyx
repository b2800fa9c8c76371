"""Saves streams: their entries, their facts, and their groups with consumers and pending entries.

As in Redis, a base made of commands loses what commands cannot express: when consumers were seen, and pending entries
whose stream entries no longer exist.
"""

from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport STREAM
from pyredis.persistence.saving.saver cimport Saver, Session, saver_register
from pyredis.persistence.saving.stream_pieces cimport save_consumers, stream_pieces
from pyredis.types.stream.consumer_groups cimport Group, Nack, list_free, sorted_groups
from pyredis.types.stream.id_index cimport IdPlace, greatest_id, index_at, index_first, index_forward, least_id
from pyredis.types.stream.stream cimport Stream, StreamIterator, stream_iterate, stream_next
from pyredis.types.table.guard cimport Guard


cdef void save_pending(Session *session, Slice key, Group *group) noexcept nogil:
    cdef IdPlace place
    cdef bint more = index_first(&group.pending, &place)
    while more:
        session.encoder.nack(session.out, key, group, <Nack *> index_at(&group.pending, place))
        more = index_forward(&group.pending, &place)


cdef void save_groups(Session *session, Slice key, Stream *stream) noexcept nogil:
    cdef size_t count, at
    cdef Group **groups = sorted_groups(stream.groups, &count)
    for at in range(count):
        session.encoder.group(session.out, key, groups[at])
        save_consumers(session, key, groups[at])
        save_pending(session, key, groups[at])
    list_free(groups, count)


cdef void save(const Saver *saver, Session *session, Slice key, void *value) noexcept nogil:
    cdef Stream *stream = <Stream *> value
    cdef StreamIterator iterator
    stream_iterate(stream, least_id(), greatest_id(), &iterator)
    while stream_next(&iterator):
        session.encoder.entry(session.out, key, &iterator.entry)
    if stream.length == 0:
        session.encoder.emptiness(session.out, key, stream)
    session.encoder.facts(session.out, key, stream)
    if stream.groups != NULL:
        save_groups(session, key, stream)


cdef Guard **guard(void *value) noexcept nogil:
    return &(<Stream *> value).guard


cdef Saver _saver
_saver.kind = STREAM
_saver.save = save
_saver.guard = guard
_saver.pieces = stream_pieces()
saver_register(&_saver)

"""Streams as XADD, one for each entry, and XSETID; groups as XGROUP CREATE and CREATECONSUMER, the pending as XCLAIM.

A stream without entries is made by an XADD that trims itself away. What XGROUP and XCLAIM do not say is lost, as in
Redis: when consumers were seen, and pending entries whose stream entries are gone.
"""

from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport STREAM
from pyredis.persistence.saving.saver cimport Output, Saver, saver_register
from pyredis.persistence.saving.stream_commands cimport (
    save_consumers,
    save_emptiness,
    save_facts,
    save_group,
    save_nack,
    save_stream_entry,
)
from pyredis.persistence.saving.stream_pieces cimport stream_pieces
from pyredis.types.stream.consumer_groups cimport Group, Nack, list_free, sorted_groups
from pyredis.types.stream.id_index cimport IdPlace, greatest_id, index_at, index_first, index_forward, least_id
from pyredis.types.stream.stream cimport Stream, StreamIterator, stream_iterate, stream_next
from pyredis.types.table.guard cimport Guard


cdef void save_pending(Output out, Slice key, Group *group) noexcept nogil:
    cdef IdPlace place
    cdef bint more = index_first(&group.pending, &place)
    while more:
        save_nack(out, key, group, <Nack *> index_at(&group.pending, place))
        more = index_forward(&group.pending, &place)


cdef void save_groups(Output out, Slice key, Stream *stream) noexcept nogil:
    cdef size_t count, at
    cdef Group **groups = sorted_groups(stream.groups, &count)
    for at in range(count):
        save_group(out, key, groups[at])
        save_consumers(out, key, groups[at])
        save_pending(out, key, groups[at])
    list_free(groups, count)


cdef void save(const Saver *saver, Output out, Slice key, void *value) noexcept nogil:
    cdef Stream *stream = <Stream *> value
    cdef StreamIterator iterator
    stream_iterate(stream, least_id(), greatest_id(), &iterator)
    while stream_next(&iterator):
        save_stream_entry(out, key, &iterator.entry)
    if stream.length == 0:
        save_emptiness(out, key, stream)
    save_facts(out, key, stream)
    if stream.groups != NULL:
        save_groups(out, key, stream)


cdef Guard **guard(void *value) noexcept nogil:
    return &(<Stream *> value).guard


cdef Saver _saver
_saver.kind = STREAM
_saver.save = save
_saver.guard = guard
_saver.pieces = stream_pieces()
saver_register(&_saver)

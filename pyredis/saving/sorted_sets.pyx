"""Sorted sets as ZADD, in their order, so that whoever loads them only ever appends."""

from pyredis._aof_commands cimport append_bulk, append_header
from pyredis._base cimport Slice, slice_of
from pyredis._double cimport format_double_long
from pyredis._keyspace cimport ZSET
from pyredis.saving.saver cimport COMMAND_PARTS, Output, Saver, saver_register
from pyredis.types.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set cimport (
    SortedSet,
    SortedSetIterator,
    zset_iterate,
    zset_iterate_end,
    zset_next,
    zset_size,
)


cdef void save(Output out, Slice key, void *value) noexcept nogil:
    cdef SortedSet *set = <SortedSet *> value
    cdef SortedSetIterator iterator
    cdef ScoredMember member
    cdef char text[40]
    cdef size_t left = zset_size(set), inside = 0
    zset_iterate(set, 0, left, False, &iterator)
    while zset_next(&iterator, &member):
        if inside == 0:
            inside = min(left, <size_t> COMMAND_PARTS)
            left -= inside
            append_header(out, c'*', 2 + 2 * inside)
            append_bulk(out, slice_of("ZADD", 4))
            append_bulk(out, key)
        append_bulk(out, slice_of(text, format_double_long(text, member.score)))
        append_bulk(out, member.member)
        inside -= 1
    zset_iterate_end(&iterator)


cdef Saver _saver
_saver.save = save
saver_register(ZSET, &_saver)

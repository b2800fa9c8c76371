"""Sorted sets as ZADD, in their order, so that whoever loads them only ever appends; in any order where in pieces."""

from pyredis._aof_commands cimport append_bulk, append_header
from pyredis._base cimport Slice, slice_of
from pyredis._double cimport format_double_long
from pyredis._keyspace cimport ZSET
from pyredis.saving.saver cimport COMMAND_PARTS, Output, Saver, saver_register
from pyredis.saving.tables cimport table_pieces
from pyredis.types.guard cimport Guard
from pyredis.types.hashtable cimport Table
from pyredis.types.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set cimport (
    SortedSet,
    SortedSetIterator,
    zset_guard,
    zset_iterate,
    zset_iterate_end,
    zset_next,
    zset_size,
    zset_table,
)
from pyredis.types.sorted_tree cimport Member, member_text


cdef void begin_members(Output out, Slice key, size_t count) noexcept nogil:
    append_header(out, c'*', 2 + 2 * count)
    append_bulk(out, slice_of("ZADD", 4))
    append_bulk(out, key)


cdef void save_member(Output out, double score, Slice member) noexcept nogil:
    cdef char text[40]
    append_bulk(out, slice_of(text, format_double_long(text, score)))
    append_bulk(out, member)


cdef void save(Output out, Slice key, void *value) noexcept nogil:
    cdef SortedSet *set = <SortedSet *> value
    cdef SortedSetIterator iterator
    cdef ScoredMember member
    cdef size_t left = zset_size(set), inside = 0
    zset_iterate(set, 0, left, False, &iterator)
    while zset_next(&iterator, &member):
        if inside == 0:
            inside = min(left, <size_t> COMMAND_PARTS)
            left -= inside
            begin_members(out, key, inside)
        save_member(out, member.score, member.member)
        inside -= 1
    zset_iterate_end(&iterator)


# ---- pieces ----

cdef Guard **guard(void *value) noexcept nogil:
    return zset_guard(<SortedSet *> value)


cdef Table *table(void *value) noexcept nogil:
    return zset_table(<SortedSet *> value)


cdef void save_parts(Output out, Slice key, void **parts, size_t count) noexcept nogil:
    cdef size_t index
    begin_members(out, key, count)
    for index in range(count):
        save_member(out, (<Member *> parts[index]).score, member_text(<Member *> parts[index]))


cdef Saver _saver
_saver.save = save
_saver.guard = guard
_saver.pieces = table_pieces()
_saver.table = table
_saver.save_parts = save_parts
saver_register(ZSET, &_saver)

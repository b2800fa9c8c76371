"""Sets as SADD."""

from pyredis._aof_commands cimport append_bulk, append_header
from pyredis._base cimport Slice, slice_of
from pyredis._keyspace cimport SET
from pyredis.saving.saver cimport COMMAND_PARTS, Output, Saver, saver_register
from pyredis.saving.tables cimport table_pieces
from pyredis.types.guard cimport Guard
from pyredis.types.hashtable cimport Table
from pyredis.types.set cimport (
    Set,
    SetIterator,
    SetMember,
    member_slice,
    set_guard,
    set_iterate,
    set_iterate_end,
    set_next,
    set_size,
    set_table,
)
from pyredis.types.setmembers cimport Member, member_text


cdef void begin_members(Output out, Slice key, size_t count) noexcept nogil:
    append_header(out, c'*', 2 + count)
    append_bulk(out, slice_of("SADD", 4))
    append_bulk(out, key)


cdef void save(Output out, Slice key, void *value) noexcept nogil:
    cdef Set *set = <Set *> value
    cdef char digits[20]
    cdef SetIterator iterator
    cdef SetMember member
    cdef size_t left = set_size(set), inside = 0
    set_iterate(set, &iterator)
    while set_next(&iterator, &member):
        if inside == 0:
            inside = min(left, <size_t> COMMAND_PARTS)
            left -= inside
            begin_members(out, key, inside)
        append_bulk(out, member_slice(&member, digits))
        inside -= 1
    set_iterate_end(&iterator)


# ---- pieces ----

cdef Guard **guard(void *value) noexcept nogil:
    return set_guard(<Set *> value)


cdef Table *table(void *value) noexcept nogil:
    return set_table(<Set *> value)


cdef void save_parts(Output out, Slice key, void **parts, size_t count) noexcept nogil:
    cdef size_t index
    begin_members(out, key, count)
    for index in range(count):
        append_bulk(out, member_text(<Member *> parts[index]))


cdef Saver _saver
_saver.save = save
_saver.guard = guard
_saver.pieces = table_pieces()
_saver.table = table
_saver.save_parts = save_parts
saver_register(SET, &_saver)

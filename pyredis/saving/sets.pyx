"""Sets as SADD."""

from pyredis._aof_commands cimport append_bulk, append_header
from pyredis._base cimport Slice, slice_of
from pyredis._keyspace cimport SET
from pyredis.saving.saver cimport COMMAND_PARTS, Output, Saver, saver_register
from pyredis.types.set cimport (
    Set,
    SetIterator,
    SetMember,
    member_slice,
    set_iterate,
    set_iterate_end,
    set_next,
    set_size,
)


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
            append_header(out, c'*', 2 + inside)
            append_bulk(out, slice_of("SADD", 4))
            append_bulk(out, key)
        append_bulk(out, member_slice(&member, digits))
        inside -= 1
    set_iterate_end(&iterator)


cdef Saver _saver
_saver.save = save
saver_register(SET, &_saver)

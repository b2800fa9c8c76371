"""One walk over a value's parts for all kinds that have them; ``parts.pxd`` has the contracts."""

from libc.string cimport strlen

from pyredis.ground.base cimport Slice, slice_of
from pyredis.journal.multibulk cimport append_bulk, append_header
from pyredis.keyspace.parts cimport Part, PartIterator, parts_count, parts_end, parts_iterate, parts_next
from pyredis.persistence.saving.saver cimport COMMAND_PARTS, Output, Saver


cdef void begin_command(const Saver *saver, Output out, Slice key, size_t count) noexcept nogil:
    append_header(out, c'*', 2 + saver.words * count)
    append_bulk(out, slice_of(saver.command, strlen(saver.command)))
    append_bulk(out, key)


cdef bint save_parts(const Saver *saver, Output out, Slice key, void *value) noexcept nogil:
    """Whether a part expires."""
    cdef size_t left = parts_count(saver.kind, value), inside = 0
    cdef bint expires = False
    cdef PartIterator iterator
    cdef Part part
    parts_iterate(&iterator, saver.kind, value, 0, 0)
    while parts_next(&iterator, &part):
        if inside == 0:
            inside = min(left, <size_t> COMMAND_PARTS)
            left -= inside
            begin_command(saver, out, key, inside)
        saver.append_part(out, &part)
        expires |= part.expiry != 0
        inside -= 1
    parts_end(&iterator)
    return expires


cdef void save_expiries(const Saver *saver, Output out, Slice key, void *value) noexcept nogil:
    cdef PartIterator iterator
    cdef Part part
    parts_iterate(&iterator, saver.kind, value, 0, 0)
    while parts_next(&iterator, &part):
        if part.expiry:
            saver.append_expiry(out, key, &part)
    parts_end(&iterator)


cdef void save_whole(const Saver *saver, Output out, Slice key, void *value) noexcept nogil:
    if save_parts(saver, out, key, value):
        save_expiries(saver, out, key, value)


cdef void save_elements(const Saver *saver, Output out, Slice key, void **elements, size_t count) noexcept nogil:
    cdef bint expires = False
    cdef size_t index
    cdef Part part
    begin_command(saver, out, key, count)
    for index in range(count):
        saver.read_part(elements[index], &part)
        saver.append_part(out, &part)
        expires |= part.expiry != 0
    if not expires:
        return
    for index in range(count):
        saver.read_part(elements[index], &part)
        if part.expiry:
            saver.append_expiry(out, key, &part)

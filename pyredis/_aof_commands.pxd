"""Commands as the append-only file has them: multibulks, piece by piece into the ring."""

from libc.stdint cimport uint64_t

from pyredis._aof cimport Aof, aof_append
from pyredis._base cimport Slice
from pyredis._resp cimport format_header


cdef inline void append_header(Aof *aof, char type, uint64_t value) noexcept nogil:
    cdef char header[24]
    aof_append(aof, header, format_header(header, type, value))


cdef inline void append_bulk(Aof *aof, Slice value) noexcept nogil:
    append_header(aof, c'$', value.size)
    aof_append(aof, value.data, value.size)
    aof_append(aof, "\r\n", 2)

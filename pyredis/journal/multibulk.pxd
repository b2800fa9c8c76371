"""Commands as the append-only file has them: multibulks, piece by piece into the ring."""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy

from pyredis._resp cimport format_header
from pyredis.ground.base cimport Slice
from pyredis.journal.aof cimport Aof, aof_append

cdef enum:
    # Up to this size a bulk goes into the ring as one piece.
    SMALL_BULK = 96


cdef inline void append_header(Aof *aof, char type, uint64_t value) noexcept nogil:
    cdef char header[24]
    aof_append(aof, header, format_header(header, type, value))


cdef inline void append_bulk(Aof *aof, Slice value) noexcept nogil:
    cdef char bulk[SMALL_BULK + 26]
    cdef size_t size = format_header(bulk, c'$', value.size)
    if value.size <= SMALL_BULK:
        memcpy(bulk + size, value.data, value.size)
        memcpy(bulk + size + value.size, "\r\n", 2)
        aof_append(aof, bulk, size + value.size + 2)
        return
    aof_append(aof, bulk, size)
    aof_append(aof, value.data, value.size)
    aof_append(aof, "\r\n", 2)

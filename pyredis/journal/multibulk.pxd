"""Commands as the log has them: multibulks, piece by piece into its ring."""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy

from pyredis._resp cimport format_header
from pyredis.ground.base cimport Slice
from pyredis.journal.log cimport Log, log_append

cdef enum:
    # Up to this size a bulk goes into the ring as one piece.
    SMALL_BULK = 96


cdef inline void append_header(Log *log, char type, uint64_t value) noexcept nogil:
    cdef char header[24]
    log_append(log, header, format_header(header, type, value))


cdef inline void append_bulk(Log *log, Slice value) noexcept nogil:
    cdef char bulk[SMALL_BULK + 26]
    cdef size_t size = format_header(bulk, c'$', value.size)
    if value.size <= SMALL_BULK:
        memcpy(bulk + size, value.data, value.size)
        memcpy(bulk + size + value.size, "\r\n", 2)
        log_append(log, bulk, size + value.size + 2)
        return
    log_append(log, bulk, size)
    log_append(log, value.data, value.size)
    log_append(log, "\r\n", 2)

"""Appends commands to the log's ring as multibulks, piece by piece."""

from libc.stdint cimport uint64_t

from pyredis._resp cimport BULK_ROOM, SMALL_BULK, format_bulk, format_header
from pyredis.ground.base cimport Slice
from pyredis.journal.log cimport Log, log_append


cdef inline void append_header(Log *log, char type, uint64_t value) noexcept nogil:
    cdef char header[24]
    log_append(log, header, format_header(header, type, value))


cdef inline void append_bulk(Log *log, Slice value) noexcept nogil:
    cdef char bulk[BULK_ROOM]
    if value.size <= SMALL_BULK:
        log_append(log, bulk, format_bulk(bulk, value))
        return
    log_append(log, bulk, format_header(bulk, c'$', value.size))
    log_append(log, value.data, value.size)
    log_append(log, "\r\n", 2)

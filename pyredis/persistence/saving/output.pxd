"""The destination of a snapshot's bytes: the ring from which a file is written, memory, or nothing.

An ``Output`` is a sink with two functions. It must not move while it is used. A sink that needs more state is a struct
that begins with an ``Output``. Bytes are appended in pieces of any size. ``publish`` marks everything appended so far
as complete.
"""

from libc.stdint cimport uint64_t

from pyredis._resp cimport BULK_ROOM, SMALL_BULK, format_bulk, format_header
from pyredis.ground.base cimport Slice

cdef struct Output:
    void (*append)(Output *out, const char *data, size_t size) noexcept nogil
    void (*publish)(Output *out) noexcept nogil
    void *target            # for the functions: the ring or buffer
    uint64_t size           # bytes appended so far


cdef inline void output_append(Output *out, const char *data, size_t size) noexcept nogil:
    out.append(out, data, size)
    out.size += size


cdef inline void output_publish(Output *out) noexcept nogil:
    out.publish(out)


cdef inline void output_header(Output *out, char type, uint64_t value) noexcept nogil:
    cdef char header[24]
    output_append(out, header, format_header(header, type, value))


cdef inline void output_bulk(Output *out, Slice value) noexcept nogil:
    cdef char bulk[BULK_ROOM]
    if value.size <= SMALL_BULK:
        output_append(out, bulk, format_bulk(bulk, value))
        return
    output_append(out, bulk, format_header(bulk, c'$', value.size))
    output_append(out, value.data, value.size)
    output_append(out, "\r\n", 2)

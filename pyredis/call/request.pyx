"""Copying a request into a block of its own."""

from libc.string cimport memcpy

from pyredis._resp cimport format_header
from pyredis.call.command cimport Command
from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free


cdef size_t multibulk_size(int argc, const Slice *argv) noexcept nogil:
    cdef char header[24]
    cdef size_t size = format_header(header, c'*', argc)
    cdef int index
    for index in range(argc):
        size += format_header(header, c'$', argv[index].size) + argv[index].size + 2
    return size


cdef void encode_request(Queued *queued, const Slice *argv) noexcept nogil:
    """Writes the multibulk to the beginning of the block, and points the queued arguments into it."""
    cdef char *out = queued.block + format_header(queued.block, c'*', queued.argc)
    cdef size_t index
    for index in range(queued.argc):
        out += format_header(out, c'$', argv[index].size)
        queued.argv[index] = slice_of(out, argv[index].size)
        memcpy(out, argv[index].data, argv[index].size)
        out += argv[index].size
        memcpy(out, "\r\n", 2)
        out += 2


cdef void keep_request(Queued *queued, Command *command, int argc, const Slice *argv) noexcept nogil:
    cdef size_t raw_size = multibulk_size(argc, argv)
    cdef size_t aligned = (raw_size + 7) & ~<size_t> 7
    queued.command = command
    queued.argc = argc
    queued.raw_size = raw_size
    queued.block_size = aligned + argc * sizeof(Slice)
    queued.block = <char *> mem_alloc(queued.block_size)
    queued.argv = <Slice *> (queued.block + aligned)
    encode_request(queued, argv)


cdef void drop_request(Queued *queued) noexcept nogil:
    mem_free(queued.block, queued.block_size)

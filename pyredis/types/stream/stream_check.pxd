"""Whether bytes are a block of a stream (``stream_block.pxd``): nothing of them is believed before it is checked."""

from libc.stdint cimport uint8_t

from pyredis.types.stream.id_index cimport StreamId

# Whether `size` foreign bytes, which begin where a block may, are a block in every detail, with ids behind `before`;
# the last one's is stored there.
cdef bint block_check(const uint8_t *bytes, size_t size, StreamId *before) noexcept nogil

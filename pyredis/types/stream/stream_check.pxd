"""The validation of a stream's blocks (``stream_block.pxd``) from untrusted bytes."""

from libc.stdint cimport uint8_t

from pyredis.types.stream.id_index cimport StreamId

# Fully validates `size` untrusted bytes, aligned like an allocation, as a block whose ids are all after `before`. Sets
# `before` to the id of the last entry.
cdef bint block_check(const uint8_t *bytes, size_t size, StreamId *before) noexcept nogil

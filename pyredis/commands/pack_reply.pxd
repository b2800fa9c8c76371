"""Writes elements of packs and runs as bulk strings, many at a time."""

from libc.stdint cimport uint8_t

from pyredis._resp cimport Reply

# Writes `count` elements, the first at block[at], and returns the offset after them. `backward`: each element has a
# backlink after it.
cdef size_t reply_elements(Reply *reply, const uint8_t *block, size_t at, size_t count, bint backward) noexcept nogil

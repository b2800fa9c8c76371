"""Elements of packs and runs as bulks, many at a time."""

from libc.stdint cimport uint8_t

from pyredis._resp cimport Reply

# Writes `count` elements, the first at block[at]; `backward` where they can be walked backward. The place behind them.
cdef size_t reply_elements(Reply *reply, const uint8_t *block, size_t at, size_t count, bint backward) noexcept nogil

"""Strings as arrays of bits (``include/bits.h``): bit 0 is the highest bit of byte 0.

Ranges are of bits, ``first`` included, ``end`` not; they lie within the string and are not empty unless said.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from pyredis.ground.base cimport Slice

cdef extern from "bits.h" nogil:
    uint64_t bits_count_bytes(const uint8_t *data, size_t size)
    uint64_t bits_count_portable(const uint8_t *data, size_t size)
    bint bits_has_popcnt()

cdef enum BitOperation:
    BITS_AND
    BITS_OR
    BITS_XOR
    BITS_NOT

# How many bits of the range are set.
cdef uint64_t bits_count(const char *data, uint64_t first, uint64_t end) noexcept nogil
# The first bit of the range that is `bit`; -1 where there is none.
cdef int64_t bits_find(const char *data, bint bit, uint64_t first, uint64_t end) noexcept nogil
# Writes `size` bytes. Texts that are shorter count as padded with zero bytes; BITS_NOT takes one text. `out` overlaps
# none of them.
cdef void bits_combine(BitOperation operation, char *out, size_t size, const Slice *texts, int count) noexcept nogil
# The number in the `width` bits (1 to 64) from bit `offset` on; what lies behind the text is zero.
cdef uint64_t bits_get(Slice text, uint64_t offset, int width) noexcept nogil
# All of the bits lie within the `size` bytes.
cdef void bits_set(char *data, size_t size, uint64_t offset, int width, uint64_t value) noexcept nogil

"""Strings as arrays of bits (``include/bits.h``): bit 0 is the highest bit of byte 0.

A range of bits includes ``first`` but not ``end``. Ranges must be within the string and not empty.
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

# Returns how many bits of the range are set.
cdef uint64_t bits_count(const char *data, uint64_t first, uint64_t end) noexcept nogil
# Returns the position of the first bit in the range that equals `bit`, or -1 if there is none.
cdef int64_t bits_find(const char *data, bint bit, uint64_t first, uint64_t end) noexcept nogil
# Writes the result, of `size` bytes, to `out`, which must not overlap the texts. Shorter texts are treated as padded
# with zero bytes. BITS_NOT takes one text.
cdef void bits_combine(BitOperation operation, char *out, size_t size, const Slice *texts, int count) noexcept nogil
# Returns the number in the `width` bits (1 to 64) from bit `offset` on; bits after the end of the text are zero.
cdef uint64_t bits_get(Slice text, uint64_t offset, int width) noexcept nogil
# Writes the number into `width` bits, all of which must be within the `size` bytes.
cdef void bits_set(char *data, size_t size, uint64_t offset, int width, uint64_t value) noexcept nogil

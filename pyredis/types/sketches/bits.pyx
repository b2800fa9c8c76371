"""Counting, finding and combining bits, and numbers of up to 64 bits; the contracts are in ``bits.pxd``."""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy, memset

from pyredis.ground.base cimport Slice, highest_bit
from pyredis.ground.turns cimport offer_turn

cdef extern from "bits.h" nogil:
    uint64_t bits_count_word(uint64_t word)
    size_t bits_skip(const uint8_t *data, size_t size, uint8_t byte)
    void bits_and(uint8_t *out, const uint8_t *text, size_t size)
    void bits_or(uint8_t *out, const uint8_t *text, size_t size)
    void bits_xor(uint8_t *out, const uint8_t *text, size_t size)
    void bits_not(uint8_t *out, size_t size)
    uint64_t bits_field(const uint8_t *nine, unsigned shift, unsigned width)
    void bits_store_field(uint8_t *nine, unsigned shift, unsigned width, uint64_t value)

cdef enum:
    BLOCK = 1 << 14         # bytes of output that bits_combine completes at a time, so they stay in the L1 cache
    WINDOW = 9              # bytes that 64 bits may touch


cdef uint64_t bits_count(const char *data, uint64_t first, uint64_t end) noexcept nogil:
    cdef const uint8_t *begin = <const uint8_t *> data + first // 8
    cdef const uint8_t *last = <const uint8_t *> data + (end - 1) // 8
    cdef uint64_t before = begin[0] & ~(0xff >> (first & 7)) & 0xff
    cdef uint64_t behind = last[0] & (0x7f >> ((end - 1) & 7))
    return bits_count_bytes(begin, last - begin + 1) - bits_count_word(before) - bits_count_word(behind)


cdef int64_t bits_find(const char *data, bint bit, uint64_t first, uint64_t end) noexcept nogil:
    cdef const uint8_t *text = <const uint8_t *> data
    cdef uint8_t other = 0 if bit else 0xff
    cdef uint64_t at = first // 8, last = (end - 1) // 8, found
    cdef uint8_t hits = (text[at] ^ other) & (0xff >> (first & 7))
    if hits == 0:
        at += 1
        at += bits_skip(text + at, last + 1 - at, other)
        if at > last:
            return -1
        hits = text[at] ^ other
    found = at * 8 + 7 - highest_bit(hits)
    return <int64_t> found if found < end else -1


# ---- several texts ----

cdef inline size_t part_in(Slice text, size_t at, size_t size) noexcept nogil:
    """Returns how many of the ``size`` bytes from ``at`` on are within the text."""
    return min(size, text.size - at) if text.size > at else 0


cdef void combine_part(BitOperation operation, uint8_t *out, size_t size, Slice text, size_t at) noexcept nogil:
    cdef size_t own = part_in(text, at, size)
    cdef const uint8_t *part = <const uint8_t *> text.data + at
    if operation == BITS_AND:
        bits_and(out, part, own)
        memset(out + own, 0, size - own)
    elif operation == BITS_OR:
        bits_or(out, part, own)
    else:
        bits_xor(out, part, own)


cdef void combine_block(BitOperation operation, uint8_t *out, size_t size, const Slice *texts, int count, size_t at
                        ) noexcept nogil:
    cdef size_t own = part_in(texts[0], at, size)
    cdef int index
    if own:
        memcpy(out, texts[0].data + at, own)
    memset(out + own, 0, size - own)
    if operation == BITS_NOT:
        bits_not(out, size)
    for index in range(1, count):
        combine_part(operation, out, size, texts[index], at)


cdef void bits_combine(BitOperation operation, char *out, size_t size, const Slice *texts, int count) noexcept nogil:
    cdef size_t at = 0, part
    while at < size:
        offer_turn()
        part = min(size - at, <size_t> BLOCK)
        combine_block(operation, <uint8_t *> out + at, part, texts, count, at)
        at += part


# ---- fields ----

cdef uint64_t bits_get(Slice text, uint64_t offset, int width) noexcept nogil:
    cdef uint8_t nine[WINDOW]
    cdef size_t at = offset // 8
    memset(nine, 0, WINDOW)
    if at < text.size:
        memcpy(nine, text.data + at, min(text.size - at, <size_t> WINDOW))
    return bits_field(nine, offset & 7, width)


cdef void bits_set(char *data, size_t size, uint64_t offset, int width, uint64_t value) noexcept nogil:
    cdef uint8_t nine[WINDOW]
    cdef size_t at = offset // 8
    cdef size_t own = min(size - at, <size_t> WINDOW)
    memset(nine, 0, WINDOW)
    memcpy(nine, data + at, own)
    bits_store_field(nine, offset & 7, width, value)
    memcpy(data + at, nine, own)

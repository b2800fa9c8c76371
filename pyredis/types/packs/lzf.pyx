"""The LZF codec; the format is in ``lzf.pxd``.

The compressor remembers, by a hash of three bytes, where it last saw these bytes. A remembered place is only a guess:
the bytes there are compared before they are used.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy, memset

cdef enum:
    HASH_BITS = 12
    MOST_LITERALS = 32
    LEAST_MATCH = 3
    MOST_MATCH = 2 + 7 + 255
    MOST_DISTANCE = 1 << 13
    LONG_MATCH = 7
    # Positions are 32 bits wide.
    MOST_INPUT = 0xffffffff

ctypedef struct Output:
    uint8_t *bytes
    size_t size
    size_t at
    bint full


cdef inline uint32_t place_of(const uint8_t *bytes) noexcept nogil:
    cdef uint32_t three = <uint32_t> bytes[0] << 16 | <uint32_t> bytes[1] << 8 | bytes[2]
    return <uint32_t> (three * 2654435761U) >> (32 - HASH_BITS)


cdef void put_literals(Output *out, const uint8_t *bytes, size_t count) noexcept nogil:
    cdef size_t some
    while count and not out.full:
        some = min(count, <size_t> MOST_LITERALS)
        if out.size - out.at < some + 1:
            out.full = True
            return
        out.bytes[out.at] = <uint8_t> (some - 1)
        memcpy(out.bytes + out.at + 1, bytes, some)
        out.at += some + 1
        bytes += some
        count -= some


cdef void put_match(Output *out, size_t distance, size_t length) noexcept nogil:
    cdef uint8_t high = <uint8_t> ((distance - 1) >> 8)
    length -= 2
    if out.full or out.size - out.at < 3:
        out.full = True
        return
    if length < LONG_MATCH:
        out.bytes[out.at] = <uint8_t> (length << 5 | high)
        out.at += 1
    else:
        out.bytes[out.at] = <uint8_t> (LONG_MATCH << 5 | high)
        out.bytes[out.at + 1] = <uint8_t> (length - LONG_MATCH)
        out.at += 2
    out.bytes[out.at] = <uint8_t> (distance - 1)
    out.at += 1


cdef inline size_t match_length(const uint8_t *bytes, size_t earlier, size_t at, size_t size) noexcept nogil:
    cdef size_t length = 0, most = min(size - at, <size_t> MOST_MATCH)
    while length < most and bytes[earlier + length] == bytes[at + length]:
        length += 1
    return length


cdef size_t lzf_compress(const void *data, size_t size, void *out, size_t out_size) noexcept nogil:
    cdef uint32_t seen[1 << HASH_BITS]      # position + 1 of the last occurrence; 0: none
    cdef const uint8_t *bytes = <const uint8_t *> data
    cdef size_t at = 0, literals = 0, earlier, length
    cdef uint32_t place
    cdef Output output
    if size >= MOST_INPUT:
        return 0
    output.bytes = <uint8_t *> out
    output.size = out_size
    output.at = 0
    output.full = False
    memset(seen, 0, sizeof(seen))
    while at + LEAST_MATCH <= size and not output.full:
        place = place_of(bytes + at)
        earlier = seen[place]
        seen[place] = <uint32_t> at + 1
        if earlier == 0 or at - (earlier - 1) > MOST_DISTANCE:
            at += 1
            continue
        length = match_length(bytes, earlier - 1, at, size)
        if length < LEAST_MATCH:
            at += 1
            continue
        put_literals(&output, bytes + literals, at - literals)
        put_match(&output, at - (earlier - 1), length)
        at += length
        literals = at
    put_literals(&output, bytes + literals, size - literals)
    return 0 if output.full else output.at


cdef inline void copy_match(uint8_t *to, size_t distance, size_t length) noexcept nogil:
    """Copies byte by byte if the reference overlaps its output."""
    cdef size_t index
    if distance >= length:
        memcpy(to, to - distance, length)
        return
    for index in range(length):
        to[index] = to[index - distance]


cdef size_t lzf_decompress(const void *data, size_t size, void *out, size_t out_size) noexcept nogil:
    cdef const uint8_t *bytes = <const uint8_t *> data
    cdef uint8_t *to = <uint8_t *> out
    cdef size_t at = 0, written = 0, length, distance
    cdef unsigned control
    while at < size:
        control = bytes[at]
        at += 1
        if control < MOST_LITERALS:
            length = control + 1
            if length > size - at or length > out_size - written:
                return 0
            memcpy(to + written, bytes + at, length)
            at += length
        else:
            length = control >> 5
            if length == LONG_MATCH:
                if at == size:
                    return 0
                length += bytes[at]
                at += 1
            length += 2
            if at == size:
                return 0
            distance = ((control & 0x1f) << 8 | bytes[at]) + 1
            at += 1
            if distance > written or length > out_size - written:
                return 0
            copy_match(to + written, distance, length)
        written += length
    return written

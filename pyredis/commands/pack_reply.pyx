"""Writes elements of packs and runs as bulk strings: the inner loop of LRANGE.

Nearly all elements are short strings and integers. They are written in pieces of a fixed size into space that is
reserved for many at once; longer elements are written by `reply_slice`.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from pyredis._resp cimport Reply, reply_reserve, reply_slice
from pyredis.ground.base cimport format_int64, likely, store_u64
from pyredis.types.packs.listpack cimport (
    SHORT_STRING_MAX,
    SMALL_INTEGER,
    STRING_32_BIT,
    PackItem,
    pack_backlink,
    pack_extent,
    pack_get,
    pack_text,
)

cdef extern from "short_copy.h" nogil:
    void copy_short(void *to, const void *source, size_t size)

cdef enum:
    # Elements for which space is reserved at once, and the bytes of each: "$63", the text and two line ends, and eight
    # more because a header is always written as eight bytes.
    TOGETHER = 32
    MOST_BYTES = 5 + 64 + 2 + 8

# "$<size>" and a line end for every size of a short string, in the byte order of memory.
cdef uint64_t _headers[SHORT_STRING_MAX + 1]


def _make_headers():
    cdef char *bytes = <char *> _headers
    for size in range(SHORT_STRING_MAX + 1):
        for index, byte in enumerate((b"$%d\r\n" % size).ljust(8, b"\0")):
            bytes[8 * size + index] = byte


_make_headers()
del _make_headers


cdef inline char *write_short(char *out, const void *text, size_t size) noexcept nogil:
    store_u64(out, _headers[size])
    out += 4 if size < 10 else 5
    copy_short(out, text, size)
    out += size
    out[0] = c'\r'
    out[1] = c'\n'
    return out + 2


cdef inline char *write_integer(char *out, int64_t number) noexcept nogil:
    # As large as the most that the compiler must assume `copy_short` copies.
    cdef char digits[64]
    return write_short(out, digits, format_int64(digits, number))


cdef size_t reply_short(Reply *reply, const uint8_t *block, size_t at, size_t *count, bint backward) noexcept nogil:
    """Writes up to TOGETHER elements and stops at the first that is neither a short string nor an integer.

    Returns the offset after the elements written; ``count`` decreases by their number."""
    cdef size_t left = min(count[0], <size_t> TOGETHER)
    cdef char *out = reply_reserve(reply, TOGETHER * MOST_BYTES)
    cdef char *begin = out
    cdef unsigned head
    cdef PackItem item
    count[0] -= left
    while left:
        head = block[at]
        if likely(head <= SHORT_STRING_MAX):
            out = write_short(out, block + at + 1, head)
            # The backlink of an element below 128 bytes is one byte.
            at += 1 + head + backward
        elif SMALL_INTEGER <= head < STRING_32_BIT:
            item = pack_get(block, at)
            out = write_integer(out, item.number)
            at += pack_extent(block + at) + backward
        else:
            break
        left -= 1
    count[0] += left
    reply.size += out - begin
    return at


cdef size_t reply_long(Reply *reply, const uint8_t *block, size_t at, bint backward) noexcept nogil:
    cdef size_t extent = pack_extent(block + at)
    reply_slice(reply, pack_text(block, at, NULL))
    return at + extent + (pack_backlink(extent) if backward else 0)


cdef size_t reply_elements(Reply *reply, const uint8_t *block, size_t at, size_t count, bint backward) noexcept nogil:
    while count:
        at = reply_short(reply, block, at, &count, backward)
        if count and SHORT_STRING_MAX < block[at] and not SMALL_INTEGER <= block[at] < STRING_32_BIT:
            at = reply_long(reply, block, at, backward)
            count -= 1
    return at

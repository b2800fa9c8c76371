"""The block of a stream: the format of its entries, and how they are written and read.

A ``Block`` is one allocation: a header, the names of the *master*, which is the first entry that was added, and then
the entries, including the master:

======== ==========================================================================================
bytes    meaning
======== ==========================================================================================
1        flags: deleted; own names (different from the master's)
1..10    ms less the master's ms
1..10    the number within the millisecond; if ms is the master's, less the master's number
1..5     with own names: the number of pairs
…        with own names: name, value, name, value, …; else the values. Elements are encoded as in packs
1..5     the size of everything above, encoded to be read from its end
======== ==========================================================================================

Numbers have 7 bits per byte, the lowest first; the high bit is set if more bytes follow. The size at the end has its
lowest bits in its last byte and higher bits in the bytes before, so it can be read backward and leads to the start of
the entry. ``listpack.pxd`` describes the encoding of elements.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, likely, slice_of
from pyredis.types.packs.listpack cimport SHORT_STRING_MAX, PackCode, pack_code, pack_extent, pack_text
from pyredis.types.stream.id_index cimport StreamId, stream_id

cdef enum:
    # Flags of an entry in its block.
    BLOCK_DELETED = 1
    BLOCK_OWN_NAMES = 2

ctypedef struct Block:
    StreamId id             # of the master
    uint32_t size           # bytes allocated
    uint32_t end            # bytes used: the position after the last entry
    uint32_t begin          # the position of the first living entry
    uint32_t entries        # including deleted ones
    uint32_t deleted
    uint32_t names          # of the master

# An entry that is being read; valid until the next change of the stream.
ctypedef struct StreamEntry:
    StreamId id
    size_t pairs
    # for stream_next_pair
    const uint8_t *block
    size_t start
    size_t left             # pairs not read yet
    size_t name_at          # the next name if the names are the master's; 0 if they are the entry's own
    size_t at               # the next value, or own name


# ---- numbers ----

cdef inline uint8_t *put_number(uint8_t *out, uint64_t number) noexcept nogil:
    while number >= 0x80:
        out[0] = <uint8_t> (number | 0x80)
        out += 1
        number >>= 7
    out[0] = <uint8_t> number
    return out + 1


cdef inline uint64_t get_number(const uint8_t *block, size_t *at) noexcept nogil:
    cdef uint64_t number = block[at[0]]
    cdef unsigned shift = 7
    at[0] += 1
    if likely(number < 0x80):
        return number
    number &= 0x7f
    while block[at[0]] & 0x80:
        number |= <uint64_t> (block[at[0]] & 0x7f) << shift
        shift += 7
        at[0] += 1
    number |= <uint64_t> block[at[0]] << shift
    at[0] += 1
    return number


cdef inline size_t size_width(size_t size) noexcept nogil:
    cdef size_t width = 1
    while size >= 0x80:
        size >>= 7
        width += 1
    return width


cdef inline uint8_t *put_size(uint8_t *out, size_t size) noexcept nogil:
    """Writes a size that is read backward: the high bit of a byte says that there is another one before it."""
    cdef size_t width = size_width(size), index
    for index in range(width):
        out[width - 1 - index] = <uint8_t> (size & 0x7f | 0x80)
        size >>= 7
    out[0] &= 0x7f
    return out + width


cdef inline size_t entry_before(const Block *block, size_t at) noexcept nogil:
    """Returns where the entry that ends at ``at`` begins."""
    cdef const uint8_t *bytes = <const uint8_t *> block
    cdef size_t size
    cdef unsigned shift = 7
    at -= 1
    size = bytes[at] & 0x7f
    while bytes[at] & 0x80:
        at -= 1
        size |= <size_t> (bytes[at] & 0x7f) << shift
        shift += 7
    return at - size


# ---- elements ----

cdef inline uint8_t *put_element(uint8_t *out, Slice text) noexcept nogil:
    cdef PackCode code
    if likely(0 < text.size <= SHORT_STRING_MAX and text.data[0] > c'9'):
        out[0] = <uint8_t> text.size
        memcpy(out + 1, text.data, text.size)
        return out + 1 + text.size
    pack_code(&code, text)
    memcpy(out, code.head, code.head_size)
    if code.text_size:
        memcpy(out + code.head_size, code.text, code.text_size)
    return out + code.head_size + code.text_size


cdef inline Slice element_at(const uint8_t *block, size_t at, char *digits) noexcept nogil:
    if likely(block[at] <= SHORT_STRING_MAX):
        return slice_of(<const char *> block + at + 1, block[at])
    return pack_text(block, at, digits)


# ---- entries ----

cdef inline StreamId id_at(const Block *block, size_t *at) noexcept nogil:
    """Reads the id at ``at`` and advances ``at`` past it."""
    cdef uint64_t ms = get_number(<const uint8_t *> block, at)
    cdef uint64_t seq = get_number(<const uint8_t *> block, at)
    if ms == 0:
        return stream_id(block.id.ms, block.id.seq + seq)
    return stream_id(block.id.ms + ms, seq)


cdef inline StreamId entry_id(const Block *block, size_t at) noexcept nogil:
    at += 1
    return id_at(block, &at)


cdef inline bint is_deleted(const Block *block, size_t at) noexcept nogil:
    return ((<const uint8_t *> block)[at] & BLOCK_DELETED) != 0


cdef inline void read_entry(const Block *block, size_t at, StreamEntry *entry) noexcept nogil:
    cdef const uint8_t *bytes = <const uint8_t *> block
    cdef uint8_t flags = bytes[at]
    entry.block = bytes
    entry.start = at
    at += 1
    entry.id = id_at(block, &at)
    entry.pairs = get_number(bytes, &at) if flags & BLOCK_OWN_NAMES else block.names
    entry.name_at = 0 if flags & BLOCK_OWN_NAMES else sizeof(Block)
    entry.left = entry.pairs
    entry.at = at


cdef inline size_t skip_entry(const StreamEntry *entry) noexcept nogil:
    """Returns the position after the entry, however many of its pairs have been read."""
    cdef size_t at = entry.at
    cdef size_t left = entry.left if entry.name_at else 2 * entry.left
    while left:
        at += pack_extent(entry.block + at)
        left -= 1
    return at + size_width(at - entry.start)

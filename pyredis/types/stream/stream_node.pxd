"""The number of bytes that a block of a stream would take in Redis, as a node of its tree: one listpack of the entries.

Blocks end where nodes end, so trimming entire blocks removes what Redis would remove (``stream-node-max-bytes``). A
node has a header of 6 bytes and one byte at its end. In between are elements, in this order:

- the number of living entries, of deleted ones, and of the master's names; each of these names; 0;
- for each entry: flags; milliseconds and number, as differences to the master's; with own names, the number of pairs,
  and each name with its value; otherwise the values; the number of elements in the entry.

Each element is followed by its size, encoded to be read backward.
"""

from libc.stdint cimport int64_t, uint8_t

from pyredis.ground.base cimport likely
from pyredis.types.packs.listpack cimport SHORT_STRING_MAX, PackItem, pack_extent, pack_get
from pyredis.types.stream.id_index cimport StreamId
from pyredis.types.stream.stream_block cimport BLOCK_OWN_NAMES, Block, StreamEntry, read_entry, skip_entry

cdef enum:
    # Bytes of header and end.
    NODE_FRAME = 7
    # Bytes of an integer from 0 to 127.
    NODE_SMALL = 2


cdef inline size_t node_integer(int64_t number) noexcept nogil:
    if 0 <= number < 128:
        return NODE_SMALL
    if -(1 << 12) <= number < 1 << 12:
        return 3
    if -(1 << 15) <= number < 1 << 15:
        return 4
    if -(1 << 23) <= number < 1 << 23:
        return 5
    return 6 if -(<int64_t> 1 << 31) <= number < <int64_t> 1 << 31 else 10


cdef inline size_t node_string(size_t size) noexcept nogil:
    cdef size_t extent = size + (1 if size < 64 else 2 if size < 4096 else 5)
    if extent < 128:
        return extent + 1
    if extent < 16383:
        return extent + 2
    if extent < 2097151:
        return extent + 3
    return extent + (4 if extent < 268435455 else 5)


cdef inline size_t node_element(const uint8_t *block, size_t at) noexcept nogil:
    cdef PackItem item
    if likely(block[at] <= SHORT_STRING_MAX):
        return block[at] + 2
    item = pack_get(block, at)
    return node_integer(item.number) if item.text == NULL else node_string(item.size)


cdef inline size_t node_frame(const Block *block, StreamId id, size_t pairs, bint own) noexcept nogil:
    """Returns the bytes of an entry in addition to its names and values."""
    cdef size_t size = NODE_SMALL + node_integer(<int64_t> (id.ms - block.id.ms))
    size += node_integer(<int64_t> (id.seq - block.id.seq))
    if own:
        return size + node_integer(<int64_t> pairs) + node_integer(<int64_t> (2 * pairs + 4))
    return size + node_integer(<int64_t> (pairs + 3))


cdef inline size_t node_entry(const Block *block, size_t *at) noexcept nogil:
    """Returns the bytes of the entry at ``at``, and advances ``at`` to the next one."""
    cdef const uint8_t *bytes = <const uint8_t *> block
    cdef bint own = bytes[at[0]] & BLOCK_OWN_NAMES
    cdef size_t size, left
    cdef StreamEntry entry
    read_entry(block, at[0], &entry)
    size = node_frame(block, entry.id, entry.pairs, own)
    left = 2 * entry.pairs if own else entry.pairs
    at[0] = skip_entry(&entry)
    while left:
        size += node_element(bytes, entry.at)
        entry.at += pack_extent(bytes + entry.at)
        left -= 1
    return size


cdef inline size_t node_of(const Block *block) noexcept nogil:
    """Returns the bytes of everything except the two counts, which also change when entries are deleted."""
    cdef const uint8_t *bytes = <const uint8_t *> block
    cdef size_t at = sizeof(Block), size = NODE_FRAME + node_integer(block.names) + NODE_SMALL
    for _ in range(block.names):
        size += node_element(bytes, at)
        at += pack_extent(bytes + at)
    while at < block.end:
        size += node_entry(block, &at)
    return size


cdef inline size_t node_counts(const Block *block) noexcept nogil:
    return node_integer(block.entries - block.deleted) + node_integer(block.deleted)

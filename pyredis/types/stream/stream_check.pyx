"""The validation of a stream's block, from its first byte to its last.

A block is valid if appending and deleting could have produced it: all numbers and elements are in their one encoding,
an entry has its own names only if they differ from the master's, and ids ascend and fit in 128 bits.
"""

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcmp

from pyredis.types.packs.listpack cimport pack_check_element
from pyredis.types.stream.id_index cimport StreamId, id_before, same_id, stream_id
from pyredis.types.stream.stream_block cimport BLOCK_DELETED, BLOCK_OWN_NAMES, Block

ctypedef struct Entry:
    uint8_t flags
    StreamId id


# ---- numbers: all functions return the position after them, or 0 ----

cdef size_t check_number(const uint8_t *bytes, size_t at, size_t end, uint64_t *number) noexcept nogil:
    cdef unsigned shift = 0
    number[0] = 0
    while at < end and shift < 64:
        if shift == 63 and bytes[at] > 1:
            return 0
        number[0] |= <uint64_t> (bytes[at] & 0x7f) << shift
        at += 1
        if bytes[at - 1] < 0x80:
            return at if bytes[at - 1] or shift == 0 else 0
        shift += 7
    return 0


cdef size_t check_size(const uint8_t *bytes, size_t at, size_t end, size_t size) noexcept nogil:
    """Checks for ``size``, written to be read backward: the highest bits first, all bytes except the first marked."""
    cdef size_t recorded
    if at == end or bytes[at] == 0 or bytes[at] & 0x80:
        return 0
    recorded = bytes[at]
    at += 1
    while at < end and bytes[at] & 0x80 and recorded <= size:
        recorded = recorded << 7 | (bytes[at] & 0x7f)
        at += 1
    return at if recorded == size else 0


# ---- entries ----

cdef size_t check_elements(const uint8_t *bytes, size_t at, size_t end, uint64_t count) noexcept nogil:
    while count and at:
        at = pack_check_element(bytes, at, end, False)
        count -= 1
    return at


cdef bint add_ids(StreamId master, uint64_t ms, uint64_t seq, StreamId *id) noexcept nogil:
    """Computes an id from its difference to the master's; returns false if it overflows."""
    id[0] = stream_id(master.ms + ms, seq if ms else master.seq + seq)
    return id.ms >= ms and id.seq >= seq


cdef bint same_elements(const uint8_t *bytes, size_t a, size_t a_end, size_t b, size_t b_end) noexcept nogil:
    return a_end - a == b_end - b and memcmp(bytes + a, bytes + b, a_end - a) == 0


cdef size_t check_own_names(const Block *block, size_t at, size_t end, uint64_t count) noexcept nogil:
    """Checks pairs whose names, or the number of these, must differ from the master's."""
    cdef const uint8_t *bytes = <const uint8_t *> block
    cdef size_t master = sizeof(Block), master_end, name_end
    cdef bint same = count == block.names
    while count and at:
        name_end = pack_check_element(bytes, at, end, False)
        if name_end == 0:
            return 0
        if same:
            master_end = pack_check_element(bytes, master, end, False)
            same = same_elements(bytes, at, name_end, master, master_end)
            master = master_end
        at = pack_check_element(bytes, name_end, end, False)
        count -= 1
    return 0 if same else at


cdef size_t check_entry(const Block *block, size_t at, Entry *entry) noexcept nogil:
    """Returns the position after the entry, or 0 if it is invalid. The master's names must be valid."""
    cdef const uint8_t *bytes = <const uint8_t *> block
    cdef size_t start = at, end = block.end
    cdef uint64_t ms, seq, count
    entry.flags = bytes[at]
    if entry.flags & ~(BLOCK_DELETED | BLOCK_OWN_NAMES):
        return 0
    at = check_number(bytes, at + 1, end, &ms)
    at = check_number(bytes, at, end, &seq) if at else 0
    if at == 0 or not add_ids(block.id, ms, seq, &entry.id):
        return 0
    if entry.flags & BLOCK_OWN_NAMES:
        at = check_number(bytes, at, end, &count)
        at = check_own_names(block, at, end, count) if at else 0
    else:
        at = check_elements(bytes, at, end, block.names)
    return check_size(bytes, at, end, at - start) if at else 0


# ---- the block ----

cdef bint check_entries(const Block *block, size_t at, StreamId *before) noexcept nogil:
    cdef size_t start, entries = 0, deleted = 0, first_living = 0
    cdef Entry entry
    while at < block.end:
        start = at
        at = check_entry(block, at, &entry)
        if at == 0 or not id_before(before[0], entry.id):
            return False
        # The first entry is the master.
        if entries == 0 and (entry.flags & BLOCK_OWN_NAMES or not same_id(entry.id, block.id)):
            return False
        before[0] = entry.id
        entries += 1
        if entry.flags & BLOCK_DELETED:
            deleted += 1
        elif first_living == 0:
            first_living = start
    return (entries == block.entries and deleted == block.deleted
            and first_living != 0 and first_living == block.begin)


cdef bint block_check(const uint8_t *bytes, size_t size, StreamId *before) noexcept nogil:
    cdef const Block *block = <const Block *> bytes
    cdef size_t at
    if size < sizeof(Block) or block.size != size or not sizeof(Block) <= block.end <= size:
        return False
    at = check_elements(bytes, sizeof(Block), block.end, block.names)
    return at != 0 and check_entries(block, at, before)

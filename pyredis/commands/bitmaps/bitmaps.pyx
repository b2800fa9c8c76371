"""The bitmap commands: strings as arrays of bits. BITFIELD has a module of its own."""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from pyredis._resp cimport Replied, reply_error, reply_integer
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_STRING, changed
from pyredis.call.errors cimport integer_argument, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_read_kind, lookup_write, lookup_write_kind
from pyredis.commands.bitmaps.bit_offsets cimport bit_offset_argument
from pyredis.commands.key_changes cimport delete_key
from pyredis.commands.strings.string_access cimport writable_string
from pyredis.ground.base cimport Slice, equals_nocase, literal, slice_equal
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.ground.turns cimport offer_turn_now
from pyredis.keyspace.keyspace cimport (
    STRING,
    Entry,
    keyspace_resize_string,
    keyspace_set_string,
    string_size,
    string_slice,
)
from pyredis.types.sketches.bits cimport (
    BITS_AND,
    BITS_NOT,
    BITS_OR,
    BITS_XOR,
    BitOperation,
    bits_combine,
    bits_count,
    bits_find,
)

from pyredis.commands.bitmaps.bitfields import HANDLERS as FIELD_HANDLERS

cdef enum:
    DIGITS = 24             # bytes that an integer's text may need
    FIRST_SOURCE = 3        # among BITOP's arguments
    PART_BITS = 1 << 25     # bits that are examined between two turns for other threads

# The strings that BITOP combines. Every source has DIGITS bytes in `digits` for the text of a string that is stored as
# an integer.
ctypedef struct Sources:
    Slice *texts
    char *digits
    int count
    size_t size             # of the longest


# ---- single bits ----

cdef Replied getbit(Call *call) noexcept nogil:
    cdef char scratch[DIGITS]
    cdef uint64_t offset
    cdef Entry *entry
    cdef Slice text
    if not bit_offset_argument(call, 2, 0, &offset):
        return 0
    entry = lookup_read_kind(call, 1, STRING)
    if call.failed:
        return 0
    if entry == NULL:
        return reply_integer(call.reply, 0)
    text = string_slice(entry, scratch)
    if offset // 8 >= text.size:
        return reply_integer(call.reply, 0)
    return reply_integer(call.reply, text.data[offset // 8] >> (7 - (offset & 7)) & 1)


cdef bint bit_argument(Call *call, int index, int64_t *bit) noexcept nogil:
    """Parses SETBIT's value; returns False after replying with an error."""
    if call.argv[index].size != 1 or not c'0' <= call.argv[index].data[0] <= c'1':
        reply_error(call.reply, "ERR bit is not an integer or out of range")
        return False
    bit[0] = call.argv[index].data[0] - c'0'
    return True


cdef Replied setbit(Call *call) noexcept nogil:
    cdef uint64_t offset
    cdef int64_t bit
    cdef size_t before
    cdef int shift
    cdef char *place
    cdef bint old
    cdef Entry *entry
    if not bit_offset_argument(call, 2, 0, &offset) or not bit_argument(call, 3, &bit):
        return 0
    entry = lookup_write_kind(call, 1, STRING)
    if call.failed:
        return 0
    before = string_size(entry) if entry != NULL else 0
    place = writable_string(&call.server.keyspace, call.database, call.argv[1], key_hash(call, 1), entry,
                            offset // 8 + 1) + offset // 8
    shift = 7 - (offset & 7)
    old = place[0] >> shift & 1
    place[0] = <char> (place[0] & ~(1 << shift) | bit << shift)
    if old != bit or before <= offset // 8:
        changed(call, 1, EVENT_STRING, "setbit")
    return reply_integer(call.reply, old)


# ---- ranges ----

# The range of bits or bytes in a request; negative positions count from the end.
ctypedef struct Range:
    int64_t start
    int64_t end
    bint of_bits


cdef bint unit_argument(Call *call, int index, Range *range) noexcept nogil:
    """Parses ``BYTE`` or ``BIT`` if there is such an argument; returns False after replying with an error."""
    range.of_bits = index < call.argc and equals_nocase(call.argv[index], "bit")
    if index >= call.argc or range.of_bits or equals_nocase(call.argv[index], "byte"):
        return True
    reply_syntax_error(call)
    return False


cdef bint find_range(Slice text, const Range *range, uint64_t *first, uint64_t *end) noexcept nogil:
    """Converts a range to bits, from ``first`` up to but excluding ``end``; returns False if it is empty."""
    cdef int unit = 1 if range.of_bits else 8
    cdef int64_t size = <int64_t> text.size * 8 // unit
    cdef int64_t start = range.start if range.start >= 0 else max(range.start + size, <int64_t> 0)
    cdef int64_t last = range.end if range.end >= 0 else max(range.end + size, <int64_t> 0)
    last = min(last, size - 1)
    first[0] = <uint64_t> start * unit
    end[0] = <uint64_t> (last + 1) * unit
    return start <= last


cdef uint64_t count_in_parts(Slice text, uint64_t first, uint64_t end) noexcept nogil:
    cdef uint64_t count = 0
    while end - first > PART_BITS:
        count += bits_count(text.data, first, first + PART_BITS)
        first += PART_BITS
        offer_turn_now()
    return count + bits_count(text.data, first, end)


cdef int64_t find_in_parts(Slice text, bint bit, uint64_t first, uint64_t end) noexcept nogil:
    cdef int64_t found
    while end - first > PART_BITS:
        found = bits_find(text.data, bit, first, first + PART_BITS)
        if found >= 0:
            return found
        first += PART_BITS
        offer_turn_now()
    return bits_find(text.data, bit, first, end)


cdef Replied count_range(Call *call, const Range *range) noexcept nogil:
    cdef char scratch[DIGITS]
    cdef uint64_t first, end
    cdef Slice text
    cdef Entry *entry = lookup_read_kind(call, 1, STRING)
    if call.failed:
        return 0
    if entry == NULL or (range.start < 0 and range.end < 0 and range.start > range.end):
        return reply_integer(call.reply, 0)
    text = string_slice(entry, scratch)
    if not find_range(text, range, &first, &end):
        return reply_integer(call.reply, 0)
    return reply_integer(call.reply, count_in_parts(text, first, end))


cdef Replied bitcount(Call *call) noexcept nogil:
    cdef Range range
    range.start = 0
    range.end = -1
    range.of_bits = False
    if call.argc == 2:
        return count_range(call, &range)
    if call.argc != 4 and call.argc != 5:
        return reply_syntax_error(call)
    if not integer_argument(call, 2, &range.start) or not integer_argument(call, 3, &range.end) or \
            not unit_argument(call, 4, &range):
        return 0
    return count_range(call, &range)


cdef Replied find_in_range(Call *call, bint bit, const Range *range) noexcept nogil:
    cdef char scratch[DIGITS]
    cdef uint64_t first, end
    cdef int64_t found
    cdef Slice text
    cdef Entry *entry = lookup_read_kind(call, 1, STRING)
    if call.failed:
        return 0
    if entry == NULL:
        return reply_integer(call.reply, -1 if bit else 0)
    text = string_slice(entry, scratch)
    if not find_range(text, range, &first, &end):
        return reply_integer(call.reply, -1)
    found = find_in_parts(text, bit, first, end)
    # Without an end in the request, zeros are assumed to follow the string.
    if found < 0 and not bit and call.argc < 5:
        found = <int64_t> end
    return reply_integer(call.reply, found)


cdef Replied bitpos(Call *call) noexcept nogil:
    cdef int64_t bit
    cdef Range range
    range.start = 0
    range.end = -1
    range.of_bits = False
    if not integer_argument(call, 2, &bit):
        return 0
    if bit != 0 and bit != 1:
        return reply_error(call.reply, "ERR The bit argument must be 1 or 0.")
    if call.argc > 6:
        return reply_syntax_error(call)
    if call.argc > 3 and not integer_argument(call, 3, &range.start):
        return 0
    if not unit_argument(call, 5, &range):
        return 0
    if call.argc > 4 and not integer_argument(call, 4, &range.end):
        return 0
    return find_in_range(call, bit, &range)


# ---- several strings ----

cdef int operation_named(Slice word) noexcept nogil:
    """Returns a BitOperation, or -1."""
    if equals_nocase(word, "and"):
        return BITS_AND
    if equals_nocase(word, "or"):
        return BITS_OR
    if equals_nocase(word, "xor"):
        return BITS_XOR
    return BITS_NOT if equals_nocase(word, "not") else -1


cdef bint read_sources(Call *call, Sources *sources) noexcept nogil:
    """Fills in the texts of all sources and the size of the longest; returns False after replying with an error."""
    cdef Entry *entry
    cdef int index
    sources.size = 0
    for index in range(sources.count):
        entry = lookup_read_kind(call, FIRST_SOURCE + index, STRING)
        if call.failed:
            return False
        sources.texts[index] = literal("")
        if entry != NULL:
            sources.texts[index] = string_slice(entry, sources.digits + index * DIGITS)
        sources.size = max(sources.size, sources.texts[index].size)
    return True


cdef bint reads_target(const Call *call) noexcept nogil:
    cdef int index
    for index in range(FIRST_SOURCE, call.argc):
        if slice_equal(call.argv[index], call.argv[2]):
            return True
    return False


cdef char *replace_target(Call *call, size_t size) noexcept nogil:
    """Replaces the target's value with a new string of ``size`` bytes and returns its bytes, for the caller to fill."""
    cdef char *data
    cdef uint64_t hash = key_hash(call, 2)
    cdef Entry *entry = keyspace_set_string(&call.server.keyspace, call.database, call.argv[2], hash,
                                            lookup_write(call, 2), literal(""), -1)
    keyspace_resize_string(&call.server.keyspace, call.database, call.argv[2], hash, entry, size, &data)
    return data


cdef void store_combined(Call *call, BitOperation operation, const Sources *sources) noexcept nogil:
    cdef char *result
    if not reads_target(call):
        bits_combine(operation, replace_target(call, sources.size), sources.size, sources.texts, sources.count)
        return
    result = <char *> mem_alloc(sources.size)
    bits_combine(operation, result, sources.size, sources.texts, sources.count)
    memcpy(replace_target(call, sources.size), result, sources.size)
    mem_free(result, sources.size)


cdef void remove_target(Call *call) noexcept nogil:
    cdef Entry *entry = lookup_write(call, 2)
    if entry != NULL:
        delete_key(call, 2, entry, False)


cdef Replied combine_sources(Call *call, BitOperation operation, Sources *sources) noexcept nogil:
    if not read_sources(call, sources):
        return 0
    if sources.size:
        store_combined(call, operation, sources)
        changed(call, 2, EVENT_STRING, "set")
    else:
        remove_target(call)
    return reply_integer(call.reply, <int64_t> sources.size)


cdef Replied bitop(Call *call) noexcept nogil:
    cdef int operation = operation_named(call.argv[1])
    cdef Sources sources
    if operation < 0:
        return reply_syntax_error(call)
    if operation == BITS_NOT and call.argc != FIRST_SOURCE + 1:
        return reply_error(call.reply, "ERR BITOP NOT must be called with a single source key.")
    sources.count = call.argc - FIRST_SOURCE
    sources.texts = <Slice *> mem_alloc(sources.count * (sizeof(Slice) + DIGITS))
    sources.digits = <char *> (sources.texts + sources.count)
    combine_sources(call, <BitOperation> operation, &sources)
    mem_free(sources.texts, sources.count * (sizeof(Slice) + DIGITS))
    return 0


HANDLERS = {
    **FIELD_HANDLERS,
    "bitcount": native(bitcount),
    "bitop": native(bitop),
    "bitpos": native(bitpos),
    "getbit": native(getbit),
    "setbit": native(setbit),
}

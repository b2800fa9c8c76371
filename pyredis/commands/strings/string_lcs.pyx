"""LCS: the longest sequence of bytes, in order but not necessarily contiguous, that two strings share.

The lengths for all pairs of prefixes are computed row by row, and only one row is kept. Finding the sequence afterwards
needs a single bit of each pair: if the last bytes differ, whether to shorten the first string (``up``) or the second.
The memory limit is nevertheless Redis's, four bytes per pair, so that both refuse the same strings.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memset

from pyredis._resp cimport (
    ARRAY,
    MAP,
    Replied,
    reply_aggregate,
    reply_array,
    reply_bulk,
    reply_close,
    reply_error,
    reply_integer,
    reply_open,
    reply_slice,
)
from pyredis.call.call cimport Call
from pyredis.call.errors cimport integer_argument, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_read
from pyredis.ground.base cimport Slice, equals_nocase, literal, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_zalloc
from pyredis.ground.turns cimport offer_turn, offer_turn_now
from pyredis.keyspace.keyspace cimport STRING, Entry, string_slice

cdef enum:
    LONGEST = 0xfffffffe
    PART = 4096             # of a row: the cells between two turns for other threads

ctypedef struct Options:
    bint length             # LEN
    bint indexes            # IDX
    bint with_lengths       # WITHMATCHLEN
    int64_t shortest        # MINMATCHLEN

ctypedef struct Comparison:
    Slice a
    Slice b
    uint32_t length
    uint8_t *up             # a bit for each pair of prefixes, in rows of `stride` bytes
    size_t stride

# The runs of bytes that both strings share, found from the last to the first.
ctypedef struct Matches:
    Call *call
    const Options *options
    size_t count            # of runs in the reply
    char *text              # filled from its end, NULL if not wanted
    size_t left


cdef bint read_options(Call *call, Options *options) noexcept nogil:
    """Reads the options; returns False after an error reply."""
    cdef int index = 3
    cdef Slice word
    memset(options, 0, sizeof(Options))
    while index < call.argc:
        word = call.argv[index]
        if equals_nocase(word, "idx"):
            options.indexes = True
        elif equals_nocase(word, "len"):
            options.length = True
        elif equals_nocase(word, "withmatchlen"):
            options.with_lengths = True
        elif equals_nocase(word, "minmatchlen") and index + 1 < call.argc:
            index += 1
            if not integer_argument(call, index, &options.shortest):
                return False
        else:
            reply_syntax_error(call)
            return False
        index += 1
    if options.indexes and options.length:
        reply_error(call.reply, "ERR If you want both the length and indexes, please just use IDX.")
        return False
    return True


cdef bint is_too_large(Call *call, Slice a, Slice b) noexcept nogil:
    """Returns True, after an error reply, if the comparison would need too much memory."""
    if a.size >= LONGEST or b.size >= LONGEST:
        reply_error(call.reply, "ERR String too long for LCS")
        return True
    if (a.size + 1) > call.server.settings.proto_max_bulk // sizeof(uint32_t) // (b.size + 1):
        reply_error(call.reply, "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
        return True
    return False


cdef uint32_t compare_part(Comparison *it, uint32_t *row, size_t i, size_t first, size_t end, uint32_t diagonal
                           ) noexcept nogil:
    """Advances a part of the row. ``diagonal`` is what ``row[first]`` was before; returns the same of ``row[end]``."""
    cdef uint8_t *up = it.up + i * it.stride if it.up != NULL else NULL
    cdef char c = it.a.data[i]
    cdef uint32_t above
    cdef size_t j
    for j in range(first, end):
        above = row[j + 1]
        if c == it.b.data[j]:
            row[j + 1] = diagonal + 1
        elif above <= row[j]:
            row[j + 1] = row[j]
        elif up != NULL:
            up[j >> 3] |= 1 << (j & 7)
        diagonal = above
    return diagonal


cdef void compare_row(Comparison *it, uint32_t *row, size_t i) noexcept nogil:
    """Advances each ``row[j]``, the length for the first ``i`` bytes of ``a`` and ``j`` of ``b``, to ``i + 1``."""
    cdef size_t first = 0
    cdef uint32_t diagonal = 0
    while it.b.size - first > PART:
        diagonal = compare_part(it, row, i, first, first + PART, diagonal)
        first += PART
        offer_turn_now()
    compare_part(it, row, i, first, it.b.size, diagonal)


cdef void compare(Comparison *it, Slice a, Slice b, bint with_way) noexcept nogil:
    cdef size_t row_size = (b.size + 1) * sizeof(uint32_t)
    cdef uint32_t *row = <uint32_t *> mem_zalloc(row_size)
    cdef size_t i
    it.a = a
    it.b = b
    it.stride = (b.size + 7) // 8
    it.up = <uint8_t *> mem_zalloc(a.size * it.stride) if with_way else NULL
    for i in range(a.size):
        offer_turn()
        compare_row(it, row, i)
    it.length = row[b.size]
    mem_free(row, row_size)


cdef void reply_match(Call *call, size_t begin, size_t size) noexcept nogil:
    reply_array(call.reply, 2)
    reply_integer(call.reply, <int64_t> begin)
    reply_integer(call.reply, <int64_t> (begin + size - 1))


cdef void end_run(Matches *matches, size_t i, size_t j, size_t size) noexcept nogil:
    cdef Call *call = matches.call
    if size == 0 or not matches.options.indexes or <int64_t> size < matches.options.shortest:
        return
    matches.count += 1
    reply_array(call.reply, 3 if matches.options.with_lengths else 2)
    reply_match(call, i, size)
    reply_match(call, j, size)
    if matches.options.with_lengths:
        reply_integer(call.reply, <int64_t> size)


cdef void walk_back(const Comparison *it, Matches *matches) noexcept nogil:
    cdef size_t i = it.a.size
    cdef size_t j = it.b.size
    cdef size_t run = 0
    while i and j:
        if it.a.data[i - 1] == it.b.data[j - 1]:
            i -= 1
            j -= 1
            run += 1
            if matches.text != NULL:
                matches.left -= 1
                matches.text[matches.left] = it.a.data[i]
            continue
        end_run(matches, i, j, run)
        run = 0
        if it.up[(i - 1) * it.stride + ((j - 1) >> 3)] & (1 << ((j - 1) & 7)):
            i -= 1
        else:
            j -= 1
    end_run(matches, i, j, run)


cdef void reply_indexes(const Comparison *it, Matches *matches) noexcept nogil:
    cdef Call *call = matches.call
    cdef size_t start
    reply_aggregate(call.reply, MAP, 2)
    reply_slice(call.reply, literal("matches"))
    start = reply_open(call.reply)
    walk_back(it, matches)
    reply_close(call.reply, start, ARRAY, matches.count)
    reply_slice(call.reply, literal("len"))
    reply_integer(call.reply, it.length)


cdef void reply_text(const Comparison *it, Matches *matches) noexcept nogil:
    matches.text = <char *> mem_alloc(it.length)
    matches.left = it.length
    walk_back(it, matches)
    reply_bulk(matches.call.reply, matches.text, it.length)
    mem_free(matches.text, it.length)


cdef Replied reply_comparison(Call *call, Slice a, Slice b, const Options *options) noexcept nogil:
    cdef Comparison it
    cdef Matches matches
    compare(&it, a, b, not options.length)
    if options.length:
        return reply_integer(call.reply, it.length)
    memset(&matches, 0, sizeof(matches))
    matches.call = call
    matches.options = options
    if options.indexes:
        reply_indexes(&it, &matches)
    else:
        reply_text(&it, &matches)
    mem_free(it.up, a.size * it.stride)
    return 0


cdef inline Slice bytes_of(const Entry *entry, char *scratch) noexcept nogil:
    return string_slice(entry, scratch) if entry != NULL else slice_of(scratch, 0)


cdef Replied lcs(Call *call) noexcept nogil:
    cdef char scratch[2][24]
    cdef Options options
    cdef Slice a, b
    cdef Entry *first = lookup_read(call, 1)
    cdef Entry *second = lookup_read(call, 2)
    if (first != NULL and first.type != STRING) or (second != NULL and second.type != STRING):
        return reply_error(call.reply, "ERR The specified keys must contain string values")
    a = bytes_of(first, scratch[0])
    b = bytes_of(second, scratch[1])
    if not read_options(call, &options) or is_too_large(call, a, b):
        return 0
    return reply_comparison(call, a, b, &options)


HANDLERS = {"lcs": native(lcs)}

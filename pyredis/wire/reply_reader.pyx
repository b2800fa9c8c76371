"""Reads values one by one; a stack holds the aggregates they are in, so that reading can stop between any two."""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memchr, memcmp

from pyredis._resp cimport ARRAY, MAP, PUSH, SET_REPLY, Reply
from pyredis.ground.base cimport Slice, likely, parse_int64, slice_of, unlikely
from pyredis.ground.doubles cimport parse_double

cdef extern from "<math.h>" nogil:
    double INFINITY
    double NAN

cdef enum:
    # No line with a 64-bit number, a length, a boolean or a null is longer than this, in bytes.
    SHORT_LINE = 32
    # More than any real length; twice as much still fits into 64 bits.
    MAX_COUNT = 0x1fffffffffffffff


cdef void reader_init(ReplyReader *reader) noexcept nogil:
    reader.at = 0
    reader.scanned = 0
    reader.wants = 0
    reader.pieces = NULL
    reader.piece_count = 0
    reader.error = ""
    reader.depth = 0


cdef ReadStatus fail(ReplyReader *reader, const char *text) noexcept nogil:
    reader.error = text
    return READ_ERROR


cdef inline ReadStatus passed(ReplyReader *reader, size_t at, int stopped) noexcept nogil:
    """Records that a value ending at ``at`` has been passed to the sink."""
    reader.at = at
    reader.scanned = 0
    return READ_STOPPED if unlikely(stopped) else READ_REPLY


# ---- lines ----

cdef ReadStatus find_line(ReplyReader *reader, const char *data, size_t size, Slice *line) noexcept nogil:
    """Finds the text between the type byte at ``at`` and CRLF."""
    cdef const char *start = data + reader.at + 1
    cdef size_t most = size - reader.at - 1
    cdef const char *end = <const char *> memchr(start + reader.scanned, c'\n', most - reader.scanned)
    if end == NULL:
        reader.scanned = most
        return READ_MORE
    if end == start or (end - 1)[0] != c'\r' or memchr(start, c'\r', end - start - 1) != NULL:
        return fail(reader, "a line must end in CRLF and hold neither CR nor LF")
    line[0] = slice_of(start, end - start - 1)
    return READ_REPLY


cdef ReadStatus find_short_line(ReplyReader *reader, const char *data, size_t size, Slice *line, const char *invalid
                                ) noexcept nogil:
    """Does the same for lines that cannot be long."""
    cdef ReadStatus status = find_line(reader, data, min(size, reader.at + SHORT_LINE), line)
    if status == READ_MORE and size - reader.at >= SHORT_LINE:
        return fail(reader, invalid)
    return status


cdef inline size_t line_end(const char *data, Slice line) noexcept nogil:
    return line.data + line.size + 2 - data


cdef inline ReadStatus read_length(ReplyReader *reader, const char *data, size_t size, int64_t *length, size_t *next,
                                   const char *invalid) noexcept nogil:
    """Reads the length in the line at ``at``, -1 for a null; sets `next` to the offset after the line."""
    cdef const char *start = data + reader.at + 1
    cdef const char *end = data + size
    cdef const char *p = start
    cdef int64_t value = 0
    while p < end and p - start < 9 and c'0' <= p[0] <= c'9':
        value = value * 10 + (p[0] - c'0')
        p += 1
    if likely(end - p >= 2 and p[0] == c'\r' and p[1] == c'\n' and p > start and (start[0] != c'0' or p - start == 1)):
        length[0] = value
        next[0] = p + 2 - data
        return READ_REPLY
    return read_odd_length(reader, data, size, length, next, invalid)


cdef ReadStatus read_odd_length(ReplyReader *reader, const char *data, size_t size, int64_t *length, size_t *next,
                                const char *invalid) noexcept nogil:
    """Reads a length that is incomplete, negative, very long or invalid."""
    cdef Slice line
    cdef ReadStatus status = find_short_line(reader, data, size, &line, invalid)
    if status != READ_REPLY:
        return status
    if not parse_int64(line.data, line.size, length) or not -1 <= length[0] <= <int64_t> MAX_COUNT:
        return fail(reader, invalid)
    next[0] = line_end(data, line)
    return READ_REPLY


# ---- values of one line ----

cdef bint parse_signed(Slice text, int64_t *value) noexcept nogil:
    """Parses a 64-bit integer; the protocol allows a plus sign."""
    if text.size > 1 and text.data[0] == c'+' and text.data[1] != c'-':
        return parse_int64(text.data + 1, text.size - 1, value)
    return parse_int64(text.data, text.size, value)


cdef ReadStatus read_integer(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                             ) noexcept nogil:
    cdef Slice line
    cdef int64_t value
    cdef ReadStatus status = find_short_line(reader, data, size, &line, "invalid integer")
    if status != READ_REPLY:
        return status
    if not parse_signed(line, &value):
        return fail(reader, "invalid integer")
    return passed(reader, line_end(data, line), sink.integer(target, value))


cdef inline bint is_text(Slice line, const char *text, size_t size) noexcept nogil:
    return line.size == size and memcmp(line.data, text, size) == 0


cdef bint is_decimal(Slice text) noexcept nogil:
    """Returns whether the text is digits with at most one point, perhaps with an exponent, each perhaps with a sign."""
    cdef size_t at = 0, digits = 0
    cdef bint point = False, exponent = False
    while at < text.size:
        if c'0' <= text.data[at] <= c'9':
            digits += 1
        elif text.data[at] == c'.' and digits and not point and not exponent:
            point = True
            digits = 0
        elif text.data[at] in (c'e', c'E') and digits and not exponent:
            exponent = True
            digits = 0
        elif not (text.data[at] in (c'+', c'-') and (at == 0 or text.data[at - 1] in (c'e', c'E'))):
            return False
        at += 1
    return digits > 0


cdef bint parse_number(Slice text, double *value) noexcept nogil:
    if is_text(text, "inf", 3):
        value[0] = INFINITY
    elif is_text(text, "-inf", 4):
        value[0] = -INFINITY
    elif is_text(text, "nan", 3) or is_text(text, "-nan", 4):
        value[0] = NAN
    else:
        return is_decimal(text) and parse_double(text, value)
    return True


cdef ReadStatus read_number(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                            ) noexcept nogil:
    cdef Slice line
    cdef double value
    cdef ReadStatus status = find_line(reader, data, size, &line)
    if status != READ_REPLY:
        return status
    if not parse_number(line, &value):
        return fail(reader, "invalid double")
    return passed(reader, line_end(data, line), sink.number(target, value))


cdef ReadStatus read_boolean(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                             ) noexcept nogil:
    cdef Slice line
    cdef ReadStatus status = find_short_line(reader, data, size, &line, "invalid boolean")
    if status != READ_REPLY:
        return status
    if line.size != 1 or (line.data[0] != c't' and line.data[0] != c'f'):
        return fail(reader, "invalid boolean")
    return passed(reader, line_end(data, line), sink.boolean(target, line.data[0] == c't'))


cdef ReadStatus read_null(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                          ) noexcept nogil:
    cdef Slice line
    cdef ReadStatus status = find_short_line(reader, data, size, &line, "invalid null")
    if status != READ_REPLY:
        return status
    if line.size:
        return fail(reader, "invalid null")
    return passed(reader, line_end(data, line), sink.null(target))


cdef bint is_whole_number(Slice text) noexcept nogil:
    cdef size_t at = 1 if text.size and text.data[0] in (c'+', c'-') else 0
    if at == text.size:
        return False
    while at < text.size:
        if not c'0' <= text.data[at] <= c'9':
            return False
        at += 1
    return True


cdef ReadStatus read_text(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                          ) noexcept nogil:
    """Reads a simple string, an error or a big number."""
    cdef char type = data[reader.at]
    cdef Slice line
    cdef int stopped
    cdef ReadStatus status = find_line(reader, data, size, &line)
    if status != READ_REPLY:
        return status
    if type == c'+':
        stopped = sink.simple(target, line)
    elif type == c'-':
        stopped = sink.error(target, line)
    elif is_whole_number(line):
        stopped = sink.big_number(target, line)
    else:
        return fail(reader, "invalid big number")
    return passed(reader, line_end(data, line), stopped)


# ---- values of a declared length ----

cdef inline ReadStatus take_body(ReplyReader *reader, const char *data, size_t size, size_t length, size_t *next,
                                 Slice *body) noexcept nogil:
    """Reads the bytes at `next`, or the piece that belongs there, and the CRLF after them."""
    cdef size_t end = next[0]
    if unlikely(reader.piece_count and reader.pieces.at == end):
        body[0] = reader.pieces.bytes
        if body.size != length:
            return fail(reader, "invalid bulk length")
    else:
        body[0] = slice_of(data + end, length)
        if size - end < length:
            reader.wants = end + length + 2
            return READ_MORE
        end += length
    if unlikely(size - end < 2):
        if size > end and data[end] != c'\r':
            return fail(reader, "expected CRLF after a bulk")
        reader.wants = end + 2
        return READ_MORE
    if unlikely(data[end] != c'\r' or data[end + 1] != c'\n'):
        return fail(reader, "expected CRLF after a bulk")
    reader.wants = 0
    next[0] = end + 2
    return READ_REPLY


cdef inline void drop_piece(ReplyReader *reader, size_t next) noexcept nogil:
    """Drops the first piece if it is before `next`, because it has been read."""
    if unlikely(reader.piece_count and reader.pieces.at < next):
        reader.pieces += 1
        reader.piece_count -= 1


cdef inline ReadStatus read_bulk(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                                 ) noexcept nogil:
    """Reads a bulk string, a null bulk, a bulk error or a verbatim string."""
    cdef char type = data[reader.at]
    cdef int64_t length
    cdef size_t next
    cdef Slice body
    cdef ReadStatus status = read_length(reader, data, size, &length, &next, "invalid bulk length")
    if unlikely(status != READ_REPLY):
        return status
    if unlikely(length < 0):
        if type != c'$':
            return fail(reader, "invalid bulk length")
        return passed(reader, next, sink.null(target))
    status = take_body(reader, data, size, <size_t> length, &next, &body)
    if unlikely(status != READ_REPLY):
        return status
    drop_piece(reader, next)
    if likely(type == c'$'):
        return passed(reader, next, sink.bulk(target, body))
    if type == c'!':
        return passed(reader, next, sink.error(target, body))
    if body.size < 4 or body.data[3] != c':':
        return fail(reader, "invalid verbatim string")
    return passed(reader, next, sink.verbatim(
        target, slice_of(body.data, 3), slice_of(body.data + 4, body.size - 4)))


# ---- aggregates ----

cdef ReadStatus read_aggregate(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                               ) noexcept nogil:
    cdef int kind = data[reader.at]
    cdef Level *level
    cdef int64_t count
    cdef size_t next
    cdef ReadStatus status = read_length(reader, data, size, &count, &next, "invalid aggregate length")
    if status != READ_REPLY:
        return status
    if count < 0:
        if kind != ARRAY:
            return fail(reader, "invalid aggregate length")
        return passed(reader, next, sink.null(target))
    if reader.depth == NESTING:
        return fail(reader, "aggregates are nested too deeply")
    level = &reader.levels[reader.depth]
    reader.depth += 1
    level.kind = kind
    level.remaining = <uint64_t> count * (2 if kind == MAP or kind == ATTRIBUTE else 1)
    if passed(reader, next, sink.begin(target, kind, <size_t> count)) == READ_STOPPED:
        return READ_STOPPED
    return READ_OPENED


cdef ReadStatus read_value(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                           ) noexcept nogil:
    """Reads one value, or the header of an aggregate."""
    cdef char type
    if unlikely(reader.at >= size):
        return READ_MORE
    type = data[reader.at]
    if type == c'$' or type == c'=' or type == c'!':
        return read_bulk(reader, sink, target, data, size)
    if type == c':':
        return read_integer(reader, sink, target, data, size)
    if type == c'+' or type == c'-' or type == c'(':
        return read_text(reader, sink, target, data, size)
    if type == ARRAY or type == MAP or type == SET_REPLY or type == PUSH or type == ATTRIBUTE:
        return read_aggregate(reader, sink, target, data, size)
    if type == c'_':
        return read_null(reader, sink, target, data, size)
    if type == c',':
        return read_number(reader, sink, target, data, size)
    if type == c'#':
        return read_boolean(reader, sink, target, data, size)
    return fail(reader, "unknown type of reply")


cdef ReadStatus close_levels(ReplyReader *reader, const ReplySink *sink, void *target, bint opened) noexcept nogil:
    """Ends the aggregates that the last value has completed; READ_REPLY if that completes the reply. ``opened`` means
    that the header of an aggregate was read last."""
    cdef Level *level
    while reader.depth:
        level = &reader.levels[reader.depth - 1]
        level.remaining -= not opened
        if level.remaining:
            return READ_OPENED
        reader.depth -= 1
        if sink.end(target, level.kind):
            return READ_STOPPED
        # The value that an attribute describes is still to come, and the attribute does not count as an element.
        if level.kind == ATTRIBUTE:
            return READ_OPENED
        opened = False
    return READ_REPLY


cdef ReadStatus read_reply(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                           ) noexcept nogil:
    cdef ReadStatus status
    while True:
        status = read_value(reader, sink, target, data, size)
        if reader.depth and (status == READ_REPLY or status == READ_OPENED):
            status = close_levels(reader, sink, target, status == READ_OPENED)
        if status != READ_OPENED:
            return status


cdef ReadStatus read_written(ReplyReader *reader, const Reply *reply, size_t begin, const ReplySink *sink, void *target
                             ) noexcept nogil:
    reader_init(reader)
    reader.at = begin
    reader.pieces = reply.pieces
    reader.piece_count = reply.piece_count
    while reader.piece_count and reader.pieces.at <= begin:
        reader.pieces += 1
        reader.piece_count -= 1
    return read_reply(reader, sink, target, reply.data, reply.size)


# ---- a sink that ignores everything ----

cdef int pass_null(void *target) noexcept nogil:
    return 0


cdef int pass_integer(void *target, int64_t value) noexcept nogil:
    return 0


cdef int pass_number(void *target, double value) noexcept nogil:
    return 0


cdef int pass_boolean(void *target, bint value) noexcept nogil:
    return 0


cdef int pass_bytes(void *target, Slice bytes) noexcept nogil:
    return 0


cdef int pass_verbatim(void *target, Slice format, Slice text) noexcept nogil:
    return 0


cdef int pass_begin(void *target, int kind, size_t count) noexcept nogil:
    return 0


cdef int pass_end(void *target, int kind) noexcept nogil:
    return 0


cdef ReplySink _passing
_passing.null = pass_null
_passing.integer = pass_integer
_passing.number = pass_number
_passing.boolean = pass_boolean
_passing.big_number = pass_bytes
_passing.bulk = pass_bytes
_passing.simple = pass_bytes
_passing.error = pass_bytes
_passing.verbatim = pass_verbatim
_passing.begin = pass_begin
_passing.end = pass_end


cdef bint is_one_reply(const Reply *reply, size_t begin) noexcept nogil:
    cdef ReplyReader reader
    cdef ReadStatus status = read_written(&reader, reply, begin, &_passing, NULL)
    return (status == READ_REPLY and reader.at == reply.size) or (status == READ_ERROR and reader.depth == NESTING)


cdef bint are_replies(const Reply *reply, size_t begin) noexcept nogil:
    cdef ReplyReader reader
    cdef ReadStatus status = read_written(&reader, reply, begin, &_passing, NULL)
    while status == READ_REPLY and reader.at < reply.size:
        status = read_reply(&reader, &_passing, NULL, reply.data, reply.size)
    return status == READ_REPLY

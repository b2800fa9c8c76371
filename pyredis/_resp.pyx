"""The request parser and the reply writer.

A request is ``*<n>\\r\\n`` and n times ``$<size>\\r\\n<bytes>\\r\\n``, or a line of blank-separated words (an inline
request). The server sets limits for requests; each is checked on the declared length, before the bytes arrive. A
declared length allocates no memory.

A large value is not copied into the reply buffer. The buffer has its header and its CRLF, and a ``Piece`` records the
place of the value between them.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t
from libc.stdio cimport snprintf
from libc.string cimport memchr, memcpy, memmove, memset, strlen

from pyredis.ground.base cimport Slice, format_int64, format_uint64, likely, parse_int64, slice_of, unlikely
from pyredis.ground.blob cimport Blob, blob_hold, blob_may_be_sealed, blob_release, blob_sealed
from pyredis.ground.doubles cimport format_double
from pyredis.ground.memory cimport mem_free, mem_grow, mem_realloc
from pyredis.ground.words cimport WORD_FOUND, WORD_NONE, WordStatus, next_word

from pyredis.replies import NULL_ARRAY, Attributed, BigNumber, Error, Push, Set, Status, Verbatim

# ---- arguments ----


cdef Slice *arguments_grow(Arguments *arguments, size_t count) noexcept nogil:
    """Makes room for ``count`` more arguments; returns their place."""
    cdef size_t capacity = arguments.capacity
    if arguments.count + count > capacity:
        capacity = max(2 * capacity, arguments.count + count, <size_t> 64)
        arguments.items = <Slice *> mem_realloc(
            arguments.items, arguments.capacity * sizeof(Slice), capacity * sizeof(Slice))
        arguments.capacity = capacity
    return arguments.items + arguments.count


cdef void arguments_free(Arguments *arguments) noexcept nogil:
    mem_free(arguments.items, arguments.capacity * sizeof(Slice))
    arguments.items = NULL
    arguments.count = 0
    arguments.capacity = 0


cdef inline void add_argument(Arguments *arguments, const char *data, size_t size) noexcept nogil:
    cdef Slice *item
    if likely(arguments.count < arguments.capacity):
        item = arguments.items + arguments.count
    else:
        item = arguments_grow(arguments, 1)
    item.data = data
    item.size = size
    arguments.count += 1


# ---- parser ----

cdef void parser_init(Parser *parser, size_t max_bulk) noexcept nogil:
    parser.begin = 0
    parser.at = 0
    parser.first = 0
    parser.remaining = 0
    parser.bulk = -1
    parser.max_bulk = max_bulk
    parser.authenticated = True
    parser.error = ""
    parser.got = 0
    parser.whole = False
    parser.apart = False


cdef size_t parser_wants(const Parser *parser) noexcept nogil:
    if parser.remaining > 0 and parser.bulk >= 0:
        return parser.at + <size_t> parser.bulk + 2
    return 0


cdef void parser_take(Parser *parser, Arguments *arguments, Slice bulk) noexcept nogil:
    add_argument(arguments, bulk.data, bulk.size)
    parser.bulk = -1
    parser.remaining -= 1
    parser.whole = parser.remaining == 0
    parser.apart = True


cdef void parser_rebase(Parser *parser, Arguments *arguments, const char *old, const char *buffer) noexcept nogil:
    cdef size_t index
    for index in range(parser.first, arguments.count):
        arguments.items[index].data = buffer + (arguments.items[index].data - old - parser.begin)
    parser.at -= parser.begin
    parser.begin = 0


cdef ParseStatus fail(Parser *parser, const char *text) noexcept nogil:
    parser.error = text
    return PARSE_ERROR


cdef ParseStatus fail_expecting_bulk(Parser *parser, char got) noexcept nogil:
    # A zero byte would end the text.
    parser.got = got if got else c' '
    parser.error = "expected '$', got '%c'"
    return PARSE_ERROR


cdef void parser_error(const Parser *parser, char *out, size_t size) noexcept nogil:
    snprintf(out, size, parser.error, parser.got)


cdef inline ParseStatus read_length(Parser *parser, const char *buffer, size_t size, int64_t *length,
                                    const char *too_long, const char *invalid) noexcept nogil:
    """Reads the number between the type byte at ``at`` and its CRLF; moves past it."""
    cdef const char *start = buffer + parser.at + 1
    cdef const char *end = buffer + size
    cdef const char *p = start
    cdef int64_t value = 0
    while p < end and p - start < 9 and c'0' <= p[0] <= c'9':
        value = value * 10 + (p[0] - c'0')
        p += 1
    if likely(end - p >= 2 and p[0] == c'\r' and p[1] == c'\n' and p > start and (start[0] != c'0' or p - start == 1)):
        length[0] = value
        parser.at = p + 2 - buffer
        return PARSE_REQUEST
    return read_odd_length(parser, buffer, size, length, too_long, invalid)


cdef ParseStatus read_odd_length(Parser *parser, const char *buffer, size_t size, int64_t *length,
                                 const char *too_long, const char *invalid) noexcept nogil:
    """Reads a length that is incomplete, negative, very long or invalid."""
    cdef const char *start = buffer + parser.at + 1
    cdef const char *stop
    if parser.at + 1 >= size:
        return PARSE_MORE
    stop = <const char *> memchr(start, c'\r', buffer + size - start)
    if stop == NULL:
        return fail(parser, too_long) if size - parser.at > MAX_LINE else PARSE_MORE
    if stop + 1 == buffer + size:
        return PARSE_MORE
    if stop[1] != c'\n' or not parse_int64(start, stop - start, length):
        return fail(parser, invalid)
    parser.at = stop + 2 - buffer
    return PARSE_REQUEST


cdef ParseStatus begin_multibulk(Parser *parser, const char *buffer, size_t size) noexcept nogil:
    cdef int64_t count = 0
    cdef ParseStatus status = read_length(
        parser, buffer, size, &count, "too big mbulk count string", "invalid multibulk length")
    if status != PARSE_REQUEST:
        return status
    if count > MAX_ARGUMENTS:
        return fail(parser, "invalid multibulk length")
    if count > UNAUTHENTICATED_ARGUMENTS and not parser.authenticated:
        return fail(parser, "unauthenticated multibulk length")
    parser.remaining = count if count > 0 else 0
    parser.bulk = -1
    return PARSE_REQUEST


cdef inline ParseStatus begin_bulk(Parser *parser, const char *buffer, size_t size) noexcept nogil:
    cdef ParseStatus status
    if parser.at >= size:
        return PARSE_MORE
    if unlikely(buffer[parser.at] != c'$'):
        return fail_expecting_bulk(parser, buffer[parser.at])
    status = read_length(parser, buffer, size, &parser.bulk, "too big bulk count string", "invalid bulk length")
    if unlikely(status != PARSE_REQUEST):
        parser.bulk = -1
        return status
    if unlikely(parser.bulk < 0 or <size_t> parser.bulk > parser.max_bulk):
        return fail(parser, "invalid bulk length")
    if unlikely(parser.bulk > UNAUTHENTICATED_BULK and not parser.authenticated):
        return fail(parser, "unauthenticated bulk length")
    return PARSE_REQUEST


cdef inline ParseStatus read_arguments(
        Parser *parser, Arguments *arguments, const char *buffer, size_t size) noexcept nogil:
    cdef ParseStatus status
    cdef const char *end
    while parser.remaining > 0:
        if parser.bulk < 0:
            status = begin_bulk(parser, buffer, size)
            if unlikely(status != PARSE_REQUEST):
                return status
        if unlikely(size - parser.at < <size_t> parser.bulk + 2):
            return PARSE_MORE
        end = buffer + parser.at + parser.bulk
        if unlikely(end[0] != c'\r' or end[1] != c'\n'):
            return fail(parser, "expected CRLF after a bulk")
        add_argument(arguments, buffer + parser.at, <size_t> parser.bulk)
        parser.at += <size_t> parser.bulk + 2
        parser.bulk = -1
        parser.remaining -= 1
    return PARSE_REQUEST


cdef ParseStatus parse_request(
        Parser *parser, Arguments *arguments, char *buffer, size_t size, Request *request) noexcept nogil:
    cdef ParseStatus status
    if parser.remaining == 0 and likely(not parser.whole):
        if parser.at >= size:
            return PARSE_MORE
        parser.begin = parser.at
        parser.first = arguments.count
        parser.apart = False
        if unlikely(buffer[parser.at] != c'*'):
            return parse_inline(parser, arguments, buffer, size, request)
        status = begin_multibulk(parser, buffer, size)
        if unlikely(status != PARSE_REQUEST):
            return status
    status = read_arguments(parser, arguments, buffer, size)
    if unlikely(status != PARSE_REQUEST):
        return status
    request.first = parser.first
    request.count = arguments.count - parser.first
    request.raw = buffer + parser.begin
    request.raw_size = parser.at - parser.begin
    request.apart = parser.apart
    parser.whole = False
    return PARSE_REQUEST


# ---- inline requests ----

cdef bint add_words(Arguments *arguments, char *at, char *end) noexcept nogil:
    cdef Slice word
    cdef WordStatus status
    while True:
        status = next_word(&at, end, &word)
        if status != WORD_FOUND:
            return status == WORD_NONE
        add_argument(arguments, word.data, word.size)


cdef ParseStatus parse_inline(
        Parser *parser, Arguments *arguments, char *buffer, size_t size, Request *request) noexcept nogil:
    cdef char *start = buffer + parser.at
    cdef char *line_end = <char *> memchr(start, c'\n', size - parser.at)
    cdef char *stop
    cdef char *zero
    if line_end == NULL:
        return fail(parser, "too big inline request") if size - parser.at > MAX_LINE else PARSE_MORE
    stop = line_end - 1 if line_end > start and (line_end - 1)[0] == c'\r' else line_end
    # A zero byte ends the words, as it does for a C string.
    zero = <char *> memchr(start, 0, stop - start)
    if not add_words(arguments, start, zero if zero != NULL else stop):
        return fail(parser, "unbalanced quotes in request")
    parser.at = line_end + 1 - buffer
    request.first = parser.first
    request.count = arguments.count - parser.first
    request.raw = start
    request.raw_size = parser.at - parser.begin
    request.apart = True
    return PARSE_REQUEST


# ---- writer ----

cdef char *reply_grow(Reply *reply, size_t more) noexcept nogil:
    cdef size_t capacity = max(2 * reply.capacity, reply.size + more, <size_t> 16384)
    reply.data = <char *> mem_realloc(reply.data, reply.capacity, capacity)
    reply.capacity = capacity
    return reply.data + reply.size


cdef void reply_free(Reply *reply) noexcept nogil:
    reply_truncate(reply, 0)
    mem_free(reply.pieces, reply.piece_capacity * sizeof(Piece))
    mem_free(reply.data, reply.capacity)
    reply.pieces = NULL
    reply.piece_capacity = 0
    reply.data = NULL
    reply.capacity = 0


cdef void reply_truncate(Reply *reply, size_t size) noexcept nogil:
    cdef Piece *last
    reply.size = size
    while reply.piece_count:
        last = reply.pieces + reply.piece_count - 1
        if last.at <= size:
            return
        reply.piece_bytes -= last.bytes.size
        reply.piece_count -= 1
        blob_release(last.blob)


cdef Replied reply_raw(Reply *reply, const char *data, size_t size) noexcept nogil:
    memcpy(reply_reserve(reply, size), data, size)
    reply.size += size
    return 0


cdef Replied reply_ok(Reply *reply) noexcept nogil:
    return reply_raw(reply, "+OK\r\n", 5)


cdef void write_line(Reply *reply, char type, const char *text, size_t size) noexcept nogil:
    cdef char *out = reply_reserve(reply, size + 3)
    out[0] = type
    memcpy(out + 1, text, size)
    out[size + 1] = c'\r'
    out[size + 2] = c'\n'
    reply.size += size + 3


cdef void write_safe_line(Reply *reply, char type, const char *text, size_t size) noexcept nogil:
    """Writes a line of arbitrary text; CR and LF, which would end it early, become blanks."""
    cdef char *out
    cdef size_t index
    write_line(reply, type, text, size)
    out = reply.data + reply.size - size - 2
    for index in range(size):
        if out[index] == c'\r' or out[index] == c'\n':
            out[index] = c' '


cdef Replied reply_status(Reply *reply, const char *text) noexcept nogil:
    write_line(reply, c'+', text, strlen(text))
    return 0


cdef Replied reply_error_slice(Reply *reply, Slice text) noexcept nogil:
    reply.errors += 1
    reply.last_error = reply.size
    write_safe_line(reply, c'-', text.data, text.size)
    return 0


cdef Replied reply_error(Reply *reply, const char *text) noexcept nogil:
    return reply_error_slice(reply, slice_of(text, strlen(text)))


cdef inline void write_number(Reply *reply, char type, int64_t value) noexcept nogil:
    cdef char *out = reply_reserve(reply, 24)
    cdef size_t digits
    out[0] = type
    digits = format_int64(out + 1, value)
    out[digits + 1] = c'\r'
    out[digits + 2] = c'\n'
    reply.size += digits + 3


cdef Replied reply_integer(Reply *reply, int64_t value) noexcept nogil:
    write_number(reply, c':', value)
    return 0


cdef inline char *write_size(char *out, char type, size_t size) noexcept nogil:
    cdef size_t digits
    out[0] = type
    if likely(size < 10):
        out[1] = c'0' + <char> size
        digits = 1
    else:
        digits = format_uint64(out + 1, size)
    out += digits + 1
    out[0] = c'\r'
    out[1] = c'\n'
    return out + 2


cdef Replied reply_bulk(Reply *reply, const char *data, size_t size) noexcept nogil:
    cdef char *start = reply_reserve(reply, size + 32)
    cdef char *out = write_size(start, c'$', size)
    memcpy(out, data, size)
    out += size
    out[0] = c'\r'
    out[1] = c'\n'
    reply.size += out + 2 - start
    return 0


cdef Replied reply_slice(Reply *reply, Slice value) noexcept nogil:
    return reply_bulk(reply, value.data, value.size)


cdef Blob *reply_sealed(const Blob *blob) noexcept nogil:
    cdef char header[24]
    cdef size_t size = format_header(header, c'$', blob.size)
    return blob_sealed(blob, slice_of(header, size), "\r\n") if blob_may_be_sealed(size, blob.size) else NULL


cdef Replied reply_piece(Reply *reply, Blob *blob, Slice bytes) noexcept nogil:
    cdef Piece *piece
    if unlikely(not blob_hold(blob)):
        return reply_raw(reply, bytes.data, bytes.size)
    if reply.piece_count == reply.piece_capacity:
        reply.pieces = <Piece *> mem_grow(reply.pieces, &reply.piece_capacity, sizeof(Piece), 4)
    piece = reply.pieces + reply.piece_count
    piece.at = reply.size
    piece.blob = blob
    piece.bytes = bytes
    reply.piece_count += 1
    reply.piece_bytes += bytes.size
    return 0


cdef Replied reply_blob(Reply *reply, Blob *blob, Slice bytes) noexcept nogil:
    cdef char *start = reply_reserve(reply, 32)
    reply.size += write_size(start, c'$', bytes.size) - start
    reply_piece(reply, blob, bytes)
    return reply_raw(reply, "\r\n", 2)


cdef Replied reply_bulk_integer(Reply *reply, int64_t value) noexcept nogil:
    cdef char text[24]
    return reply_bulk(reply, text, format_int64(text, value))


cdef Replied reply_null(Reply *reply) noexcept nogil:
    if reply.protocol >= 3:
        return reply_raw(reply, "_\r\n", 3)
    return reply_raw(reply, "$-1\r\n", 5)


cdef Replied reply_null_array(Reply *reply) noexcept nogil:
    if reply.protocol >= 3:
        return reply_raw(reply, "_\r\n", 3)
    return reply_raw(reply, "*-1\r\n", 5)


cdef Replied reply_double(Reply *reply, double value) noexcept nogil:
    cdef char text[40]
    cdef size_t size = format_double(text, value)
    if reply.protocol >= 3:
        write_line(reply, c',', text, size)
        return 0
    return reply_bulk(reply, text, size)


cdef Replied reply_boolean(Reply *reply, bint value) noexcept nogil:
    if reply.protocol >= 3:
        return reply_raw(reply, "#t\r\n" if value else "#f\r\n", 4)
    return reply_integer(reply, value)


cdef Replied reply_big_number(Reply *reply, Slice digits) noexcept nogil:
    if reply.protocol >= 3:
        write_line(reply, c'(', digits.data, digits.size)
        return 0
    return reply_slice(reply, digits)


cdef Replied reply_verbatim(Reply *reply, const char *format, Slice text) noexcept nogil:
    cdef char *start
    cdef char *out
    if reply.protocol < 3:
        return reply_slice(reply, text)
    start = reply_reserve(reply, text.size + 40)
    out = write_size(start, c'=', text.size + 4)
    memcpy(out, format, 3)
    out[3] = c':'
    memcpy(out + 4, text.data, text.size)
    memcpy(out + 4 + text.size, "\r\n", 2)
    reply.size += out + 6 + text.size - start
    return 0


cdef Replied reply_aggregate(Reply *reply, Aggregate kind, size_t count) noexcept nogil:
    if reply.protocol < 3:
        if kind == MAP:
            count *= 2
        kind = ARRAY
    write_number(reply, <char> kind, <int64_t> count)
    return 0


cdef Replied reply_array(Reply *reply, size_t count) noexcept nogil:
    write_number(reply, c'*', <int64_t> count)
    return 0


cdef size_t reply_open(Reply *reply) noexcept nogil:
    return reply.size


cdef Replied reply_close(Reply *reply, size_t offset, Aggregate kind, size_t count) noexcept nogil:
    cdef char header[24]
    cdef size_t body = reply.size - offset
    cdef size_t width
    reply_aggregate(reply, kind, count)
    width = reply.size - offset - body
    memcpy(header, reply.data + reply.size - width, width)
    memmove(reply.data + offset + width, reply.data + offset, body)
    memcpy(reply.data + offset, header, width)
    return 0


# ---- Python values ----

cdef inline Slice bytes_slice(object value) noexcept:
    """Returns the slice of ``value``, an instance of ``bytes`` or a derived class."""
    return slice_of(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))


cdef int reply_list(Reply *reply, Aggregate kind, object values) except -1:
    reply_aggregate(reply, kind, len(values))
    for value in values:
        reply_object(reply, value)
    return 0


cdef int reply_dict(Reply *reply, dict values) except -1:
    reply_aggregate(reply, MAP, len(values))
    for key, value in values.items():
        reply_object(reply, key)
        reply_object(reply, value)
    return 0


cdef int reply_number(Reply *reply, object value) except -1:
    if -(1 << 63) <= value < (1 << 63):
        reply_integer(reply, value)
    else:
        reply_big_number(reply, bytes_slice(str(value).encode()))
    return 0


cdef int reply_text(Reply *reply, object value) except -1:
    """Writes a byte string according to its class in ``pyredis/replies.py``."""
    if isinstance(value, Status):
        write_safe_line(reply, c'+', PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
    elif isinstance(value, Error):
        reply_error_slice(reply, bytes_slice(value))
    elif isinstance(value, BigNumber):
        reply_big_number(reply, bytes_slice(value))
    else:
        reply_slice(reply, bytes_slice(value))
    return 0


cdef int reply_attributed(Reply *reply, object value) except -1:
    if reply.protocol >= 3:
        write_number(reply, c'|', len(value.attributes))
        for key, attribute in value.attributes.items():
            reply_object(reply, key)
            reply_object(reply, attribute)
    return reply_object(reply, value.value)


cdef int reply_special(Reply *reply, object value) except -1:
    """Writes a value that is neither a text, a number nor a collection."""
    if value is NULL_ARRAY:
        reply_null_array(reply)
    elif isinstance(value, Verbatim):
        reply_verbatim(reply, <const char *> (<bytes> value.kind), bytes_slice(value.text))
    elif isinstance(value, Attributed):
        reply_attributed(reply, value)
    else:
        raise TypeError(f"cannot encode {type(value).__name__} as a reply")
    return 0


cdef int reply_object(Reply *reply, object value) except -1:
    if value is None:
        reply_null(reply)
    elif isinstance(value, bytes):
        reply_text(reply, value)
    elif isinstance(value, str):
        reply_slice(reply, bytes_slice(value.encode("utf-8", "surrogateescape")))
    elif isinstance(value, bool):
        reply_boolean(reply, value)
    elif isinstance(value, int):
        reply_number(reply, value)
    elif isinstance(value, float):
        reply_double(reply, value)
    elif isinstance(value, dict):
        reply_dict(reply, value)
    elif isinstance(value, (Set, set, frozenset)):
        reply_list(reply, SET_REPLY, value)
    elif isinstance(value, Push):
        reply_list(reply, PUSH, value)
    elif isinstance(value, (list, tuple)):
        reply_list(reply, ARRAY, value)
    else:
        reply_special(reply, value)
    return 0


# ---- for Python ----

class ProtocolError(ValueError):
    """A request that violates the protocol; its text is the one after ``-ERR Protocol error: ``."""


cdef class RequestParser:
    """The parser with a buffer of its own, for tools and tests.

    ``feed(data)`` returns the requests that are now complete, each a list of ``bytes``; empty ones are skipped.
    It raises ``ProtocolError``; the parser must not be used after that.
    """

    cdef Parser _parser
    cdef Arguments _arguments
    cdef bytearray _buffer

    def __cinit__(self, size_t max_bulk=512 << 20, bint authenticated=True):
        parser_init(&self._parser, max_bulk)
        self._parser.authenticated = authenticated
        self._buffer = bytearray()

    def __dealloc__(self):
        arguments_free(&self._arguments)

    def feed(self, bytes data):
        cdef Request request
        cdef ParseStatus status
        cdef const char *old = self._buffer
        cdef char *start
        cdef char text[64]
        cdef list requests = []
        self._buffer += data
        start = self._buffer
        parser_rebase(&self._parser, &self._arguments, old, start)
        while True:
            status = parse_request(&self._parser, &self._arguments, start, len(self._buffer), &request)
            if status != PARSE_REQUEST:
                break
            if request.count:
                requests.append(self._collect(&request))
            self._arguments.count = 0
        if status == PARSE_ERROR:
            parser_error(&self._parser, text, sizeof(text))
            raise ProtocolError(text.decode("latin-1"))
        self._forget()
        return requests

    cdef list _collect(self, Request *request):
        cdef Slice *items = self._arguments.items + request.first
        return [items[index].data[:items[index].size] for index in range(request.count)]

    cdef int _forget(self) except -1:
        """Drops the parsed bytes, and moves the request under way to the beginning of the buffer."""
        cdef char *old = self._buffer
        cdef char *start
        if self._parser.remaining == 0:
            self._parser.begin = self._parser.at
        del self._buffer[:self._parser.begin]
        start = self._buffer
        parser_rebase(&self._parser, &self._arguments, old, start)
        return 0


def encode_reply(value, int protocol=2):
    """Returns the bytes of one reply, for any value of ``pyredis.replies``; protocol 2 or 3."""
    cdef Reply reply
    memset(&reply, 0, sizeof(Reply))
    reply.protocol = protocol
    try:
        reply_object(&reply, value)
        return reply.data[:reply.size]
    finally:
        reply_free(&reply)


def benchmark_parser(bytes data, int rounds):
    """Parses ``data``, complete requests, ``rounds`` times; returns the number of requests parsed."""
    cdef Parser parser
    cdef Arguments arguments
    cdef Request request
    cdef bytearray copy = bytearray(data)
    cdef char *start = copy
    cdef size_t size = len(copy)
    cdef uint64_t count = 0
    arguments.items = NULL
    arguments.capacity = 0
    for _ in range(rounds):
        parser_init(&parser, 512 << 20)
        arguments.count = 0
        while parse_request(&parser, &arguments, start, size, &request) == PARSE_REQUEST:
            arguments.count = 0
            count += 1
    arguments_free(&arguments)
    return count

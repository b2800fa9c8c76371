"""The protocol, without I/O: requests are parsed from bytes in place, replies are written into a growing buffer.

A parser never copies, and never reads a byte twice except for an incomplete line. Arguments are slices of the buffer it
reads; when that buffer moves, ``parser_rebase`` adjusts the slices of the request under way.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, format_uint64
from pyredis.ground.blob cimport Blob

cdef enum:
    # Up to this size a bulk string is formatted as one piece.
    SMALL_BULK = 96
    BULK_ROOM = SMALL_BULK + 26

# ---- requests ----

cdef enum:
    MAX_ARGUMENTS = 2147483647          # of one request: the range of an int, such as `Call.argc`
    MAX_LINE = 65536                    # bytes of an inline request, or of a line that declares a length
    UNAUTHENTICATED_ARGUMENTS = 10
    UNAUTHENTICATED_BULK = 16384

cdef enum ParseStatus:
    PARSE_ERROR = -1        # Parser.error says why; the connection must be closed
    PARSE_MORE = 0          # the request is incomplete
    PARSE_REQUEST = 1

# The arguments of all requests of a batch, in order.
ctypedef struct Arguments:
    Slice *items
    size_t count
    size_t capacity

ctypedef struct Request:
    size_t first            # its arguments are items[first : first + count]
    size_t count            # 0 for an empty request, which must be skipped
    const char *raw         # its bytes as received
    size_t raw_size
    bint apart              # the raw bytes are not a multibulk of it: it was inline, or an argument is elsewhere

# The state between two reads; offsets are from the buffer's beginning.
ctypedef struct Parser:
    size_t begin            # where the request under way begins
    size_t at               # where parsing continues
    size_t first            # index of its first argument
    int64_t remaining       # arguments still to come; 0 between requests
    int64_t bulk            # size of the bulk under way; -1 before its header is known
    size_t max_bulk         # proto-max-bulk-len
    const char *error       # after PARSE_ERROR: the format that parser_error fills in
    bint authenticated
    bint whole              # `parser_take` has added the last argument, and the request has not been returned
    bint apart              # `parser_take` has added an argument of the request under way
    char got                # the byte that `error` shows

cdef void parser_init(Parser *parser, size_t max_bulk) noexcept nogil
# Parses one request from buffer[parser.at : size]. Inline requests are unquoted in place.
cdef ParseStatus parse_request(
    Parser *parser, Arguments *arguments, char *buffer, size_t size, Request *request) noexcept nogil
# Adjusts the parser and its slices after the request under way has moved from `parser.begin` in the buffer `old` to the
# beginning of `buffer`.
cdef void parser_rebase(Parser *parser, Arguments *arguments, const char *old, const char *buffer) noexcept nogil
# Writes the text of the error, after PARSE_ERROR: at most `size` bytes, including a terminating zero.
cdef void parser_error(const Parser *parser, char *out, size_t size) noexcept nogil
# The number of bytes that the buffer must have for the bulk under way to be complete; 0 if unknown.
cdef size_t parser_wants(const Parser *parser) noexcept nogil
# Adds `bulk`, which has been read elsewhere together with its CRLF, as the next argument; ends the bulk under way.
cdef void parser_take(Parser *parser, Arguments *arguments, Slice bulk) noexcept nogil

cdef inline bint parser_under_way(const Parser *parser) noexcept nogil:
    """Returns whether a request has been parsed in part and not returned."""
    return parser.remaining > 0 or parser.whole

cdef inline size_t format_header(char *out, char type, uint64_t value) noexcept nogil:
    """Writes the line that declares a length or a count, at most 23 bytes; returns its size."""
    cdef size_t digits
    out[0] = type
    digits = format_uint64(out + 1, value)
    memcpy(out + 1 + digits, "\r\n", 2)
    return digits + 3

cdef inline size_t format_bulk(char *out, Slice value) noexcept nogil:
    """A complete bulk string of up to SMALL_BULK bytes; ``out`` has room for BULK_ROOM. Returns its size."""
    cdef size_t size = format_header(out, c'$', value.size)
    memcpy(out + size, value.data, value.size)
    memcpy(out + size + value.size, "\r\n", 2)
    return size + value.size + 2

cdef Slice *arguments_grow(Arguments *arguments, size_t count) noexcept nogil
cdef void arguments_free(Arguments *arguments) noexcept nogil

# ---- replies ----

# The result of every writer, so that a handler can end in `return reply_…` and cannot end without a reply.
ctypedef int Replied

# Bytes of a reply that are not copied before they are sent.
ctypedef struct Piece:
    size_t at               # its place: before the byte of Reply.data at this offset
    Blob *blob              # a reference
    Slice bytes             # of the blob

ctypedef struct Reply:
    char *data
    size_t size
    size_t capacity
    Piece *pieces           # in order of place; only those of the batch under way
    size_t piece_count
    size_t piece_capacity
    size_t piece_bytes
    int protocol            # 2 or 3
    uint64_t errors         # the number of error replies written so far
    size_t last_error       # offset of the last one

cdef enum Aggregate:
    ARRAY = 42              # '*'
    MAP = 37                # '%': a flat array of twice the size in RESP2
    SET_REPLY = 126         # '~': an array in RESP2
    PUSH = 62               # '>': an array in RESP2

cdef char *reply_grow(Reply *reply, size_t more) noexcept nogil

cdef inline char *reply_reserve(Reply *reply, size_t more) noexcept nogil:
    """Returns the place for the next `more` bytes; the caller adds the bytes it has written to `size`."""
    if reply.capacity - reply.size < more:
        return reply_grow(reply, more)
    return reply.data + reply.size

cdef void reply_free(Reply *reply) noexcept nogil
# Removes everything written from offset `size` on.
cdef void reply_truncate(Reply *reply, size_t size) noexcept nogil
# Sets the size and removes all pieces without releasing their references, which now belong to the caller.
cdef inline void reply_hand_over(Reply *reply, size_t size) noexcept nogil:
    reply.size = size
    reply.piece_count = 0
    reply.piece_bytes = 0

cdef inline size_t reply_total(const Reply *reply) noexcept nogil:
    return reply.size + reply.piece_bytes

cdef Replied reply_raw(Reply *reply, const char *data, size_t size) noexcept nogil
cdef Replied reply_ok(Reply *reply) noexcept nogil
cdef Replied reply_status(Reply *reply, const char *text) noexcept nogil
# `text` begins with its code ("ERR …"); CR and LF in it become blanks.
cdef Replied reply_error(Reply *reply, const char *text) noexcept nogil
cdef Replied reply_error_slice(Reply *reply, Slice text) noexcept nogil
cdef Replied reply_integer(Reply *reply, int64_t value) noexcept nogil
cdef Replied reply_bulk(Reply *reply, const char *data, size_t size) noexcept nogil
cdef Replied reply_slice(Reply *reply, Slice value) noexcept nogil
# Returns a sealed copy of the block with the header and the end of a bulk string around it, so that the entire reply is
# one piece of memory. NULL if it would be too large or waste too much, or the system has no memory for it.
cdef Blob *reply_sealed(const Blob *blob) noexcept nogil
# Appends `bytes` of the blob as they are, without copying them if the blob can have another owner. Bytes of the same
# reply must precede them, because a piece at an offset belongs to the reply that ends there (`reply_truncate`).
cdef Replied reply_piece(Reply *reply, Blob *blob, Slice bytes) noexcept nogil
# Does the same, as a bulk string.
cdef Replied reply_blob(Reply *reply, Blob *blob, Slice bytes) noexcept nogil
cdef Replied reply_bulk_integer(Reply *reply, int64_t value) noexcept nogil
cdef Replied reply_null(Reply *reply) noexcept nogil
cdef Replied reply_null_array(Reply *reply) noexcept nogil
cdef Replied reply_double(Reply *reply, double value) noexcept nogil
cdef Replied reply_boolean(Reply *reply, bint value) noexcept nogil
cdef Replied reply_big_number(Reply *reply, Slice digits) noexcept nogil
# `format` is three characters, such as "txt".
cdef Replied reply_verbatim(Reply *reply, const char *format, Slice text) noexcept nogil
# The header of `count` elements; for a map, of `count` pairs.
cdef Replied reply_aggregate(Reply *reply, Aggregate kind, size_t count) noexcept nogil
cdef Replied reply_array(Reply *reply, size_t count) noexcept nogil
# For a number of elements that is known only afterwards: returns the offset to pass to `reply_close`.
cdef size_t reply_open(Reply *reply) noexcept nogil
cdef Replied reply_close(Reply *reply, size_t offset, Aggregate kind, size_t count) noexcept nogil
# Writes any value of `pyredis/replies.py`.
cdef int reply_object(Reply *reply, object value) except -1

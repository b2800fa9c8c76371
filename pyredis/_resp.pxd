"""The wire, sans I/O: requests are parsed from bytes in place, replies are written into a growing buffer.

A parser never copies and never looks at a byte twice, save the one line that was cut. Arguments are slices of the
buffer it reads; when that buffer moves, ``parser_rebase`` moves the slices of the request under way with it.
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
    MAX_ARGUMENTS = 2147483647          # of one request: what an int counts, as `Call.argc` does
    MAX_LINE = 65536                    # bytes of an inline request, or of a line that announces a length
    UNAUTHENTICATED_ARGUMENTS = 10
    UNAUTHENTICATED_BULK = 16384

cdef enum ParseStatus:
    PARSE_ERROR = -1        # Parser.error tells why; the connection cannot go on
    PARSE_MORE = 0          # the request is not whole yet
    PARSE_REQUEST = 1

# The arguments of a batch of requests, one after the other.
ctypedef struct Arguments:
    Slice *items
    size_t count
    size_t capacity

ctypedef struct Request:
    size_t first            # its arguments are items[first : first + count]
    size_t count            # 0 for an empty request, which is to be passed over
    const char *raw         # its own bytes
    size_t raw_size
    bint apart              # the raw bytes are not the request: it was inline, or has an argument that stands elsewhere

# The state between two reads; offsets are from the buffer's beginning.
ctypedef struct Parser:
    size_t begin            # where the request under way begins
    size_t at               # where parsing goes on
    size_t first            # index of its first argument
    int64_t remaining       # arguments still to come; 0 between requests
    int64_t bulk            # size of the bulk under way; -1 before its header is known
    size_t max_bulk         # proto-max-bulk-len
    const char *error       # after PARSE_ERROR: the format that parser_error fills in
    bint authenticated
    bint whole              # the last argument has come by `parser_take`: the request is still to be returned
    bint apart              # an argument of the request under way has
    char got                # the byte of which `error` tells

cdef void parser_init(Parser *parser, size_t max_bulk) noexcept nogil
# Parses one request out of buffer[parser.at : size]. Inline requests are unquoted in place.
cdef ParseStatus parse_request(
    Parser *parser, Arguments *arguments, char *buffer, size_t size, Request *request) noexcept nogil
# The request under way now begins at `buffer` instead of at `old`; offsets count from there.
cdef void parser_rebase(Parser *parser, Arguments *arguments, const char *old, const char *buffer) noexcept nogil
# What was wrong, after PARSE_ERROR: at most `size` bytes of text, a terminating zero among them.
cdef void parser_error(const Parser *parser, char *out, size_t size) noexcept nogil
# How many bytes the buffer must hold for the bulk under way to be whole; 0 when not known.
cdef size_t parser_wants(const Parser *parser) noexcept nogil
# The bulk under way has been read elsewhere, CRLF and all: `bulk` is the next argument.
cdef void parser_take(Parser *parser, Arguments *arguments, Slice bulk) noexcept nogil

cdef inline bint parser_under_way(const Parser *parser) noexcept nogil:
    """Whether arguments of a request have been parsed that it has not returned."""
    return parser.remaining > 0 or parser.whole

cdef inline size_t format_header(char *out, char type, uint64_t value) noexcept nogil:
    """The line that announces a length or a count; at most 23 bytes. Returns how many."""
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

# What every writer returns, so that a handler can end in `return reply_…` and cannot end without one.
ctypedef int Replied

# Bytes of a reply that stay where they are until they are sent.
ctypedef struct Piece:
    size_t at               # its place: before the byte of Reply.data at this offset
    Blob *blob              # held
    Slice bytes             # of the blob

ctypedef struct Reply:
    char *data
    size_t size
    size_t capacity
    Piece *pieces           # by their places; those of the batch under way alone
    size_t piece_count
    size_t piece_capacity
    size_t piece_bytes
    int protocol            # 2 or 3
    uint64_t errors         # error replies written since the beginning
    size_t last_error       # offset of the last one

cdef enum Aggregate:
    ARRAY = 42              # '*'
    MAP = 37                # '%': a flat array of twice the size in RESP2
    SET_REPLY = 126         # '~': an array in RESP2
    PUSH = 62               # '>': an array in RESP2

cdef char *reply_grow(Reply *reply, size_t more) noexcept nogil

cdef inline char *reply_reserve(Reply *reply, size_t more) noexcept nogil:
    """Where the next `more` bytes go; the caller adds what it wrote to `size`."""
    if reply.capacity - reply.size < more:
        return reply_grow(reply, more)
    return reply.data + reply.size

cdef void reply_free(Reply *reply) noexcept nogil
# Takes back what was written from offset `size` on.
cdef void reply_truncate(Reply *reply, size_t size) noexcept nogil
# The pieces are forgotten; their references are the caller's.
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
# A copy of the block, sealed within the header and the end of a bulk: the whole reply is one piece of memory then. NULL
# where it would be too large or mostly waste, or the system has no memory for it.
cdef Blob *reply_sealed(const Blob *blob) noexcept nogil
# Appends `bytes`, which are of the blob, as they are; without copying them where it may have another owner. Something
# of the same reply must stand before them: a piece at an offset belongs to what ends there (`reply_truncate`).
cdef Replied reply_piece(Reply *reply, Blob *blob, Slice bytes) noexcept nogil
# A bulk of them.
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
# For a number of elements that is known only afterwards: the offset to hand to `reply_close`.
cdef size_t reply_open(Reply *reply) noexcept nogil
cdef Replied reply_close(Reply *reply, size_t offset, Aggregate kind, size_t count) noexcept nogil
# Any value of the vocabulary of commands/reply.py.
cdef int reply_object(Reply *reply, object value) except -1

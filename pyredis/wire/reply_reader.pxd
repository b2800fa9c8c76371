"""The reader of replies, without I/O: it reads RESP2 and RESP3 from bytes, and calls the functions of a ``ReplySink``.

A sink is a table of functions, one for each kind of value; ``target`` is the object they work on: Python objects
(``wire/reply_objects``), the stack of another language, or nothing at all. The reader neither needs nor releases the
interpreter's lock. If a sink needs the lock, the caller of the reader must hold it.

Values are reported in the order of the bytes. An aggregate is ``begin``, its elements, ``end``; the elements of a map
and of an attribute are keys and values in turn. An attribute precedes the value that it describes and does not count as
an element. A slice passed to a sink is valid during the call.

Reading can stop after any byte and continue when more have arrived: ``at`` is then the offset of the first incomplete
value, the sink has been called for everything before it, and no value is ever reported twice. A caller that drops the
bytes before ``at`` sets it to 0. A declared length allocates no memory here.

Everything that the protocol forbids is an error: a line that contains CR or LF, an invalid number, a length with a plus
sign or leading zeros, a bulk string without CRLF after it. The streamed forms of RESP3 (``$?``, ``*?``), which Redis
never sends, are errors too.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport Piece, Reply
from pyredis.ground.base cimport Slice

cdef enum:
    # The deepest nesting of aggregates; only scripts can reply with more.
    NESTING = 512
    # '|', in addition to the kinds of `_resp.Aggregate`: pairs that describe the value after them.
    ATTRIBUTE = 124

cdef enum ReadStatus:
    READ_ERROR = -1         # ReplyReader.error says why; nothing more can be read
    READ_MORE = 0           # the reply is incomplete
    READ_REPLY = 1
    READ_STOPPED = 2        # a function of the sink has returned something other than 0; nothing more can be read
    READ_OPENED = 3         # an aggregate has begun; never returned by `read_reply`

# Every function returns 0 to make the reader continue.
ctypedef struct ReplySink:
    int (*null)(void *target) noexcept nogil
    int (*integer)(void *target, int64_t value) noexcept nogil
    int (*number)(void *target, double value) noexcept nogil
    int (*boolean)(void *target, bint value) noexcept nogil
    # Any number of decimal digits, perhaps after a sign.
    int (*big_number)(void *target, Slice digits) noexcept nogil
    int (*bulk)(void *target, Slice bytes) noexcept nogil
    int (*simple)(void *target, Slice text) noexcept nogil
    # Code and text, of either form of an error.
    int (*error)(void *target, Slice text) noexcept nogil
    # `format` has three bytes, such as "txt".
    int (*verbatim)(void *target, Slice format, Slice text) noexcept nogil
    # `kind` is an Aggregate or ATTRIBUTE; `count` is the number of elements, or of pairs for a kind that has pairs.
    int (*begin)(void *target, int kind, size_t count) noexcept nogil
    int (*end)(void *target, int kind) noexcept nogil

ctypedef struct Level:
    uint64_t remaining      # values of the aggregate still to come
    int kind

ctypedef struct ReplyReader:
    size_t at               # where reading continues
    size_t scanned          # bytes of the line there that have been searched for its end
    size_t wants            # bytes that the buffer must have for the bulk under way to be complete; 0 if unknown
    const Piece *pieces     # bytes outside the buffer, as in `Reply.pieces`, from the next one on
    size_t piece_count
    const char *error       # after READ_ERROR, a literal
    int depth
    Level levels[NESTING]

cdef void reader_init(ReplyReader *reader) noexcept nogil
# Reads one reply of data[reader.at : size].
cdef ReadStatus read_reply(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                           ) noexcept nogil
# Reads the reply written from offset `begin` on, pieces included.
cdef ReadStatus read_written(ReplyReader *reader, const Reply *reply, size_t begin, const ReplySink *sink, void *target
                             ) noexcept nogil
# Whether the bytes from offset `begin` on are exactly one complete and well-formed reply.
cdef bint is_one_reply(const Reply *reply, size_t begin) noexcept nogil
# Whether it is replies, one or more.
cdef bint are_replies(const Reply *reply, size_t begin) noexcept nogil

"""The reader of replies, sans I/O: the bytes of RESP2 and RESP3 come in, calls of a ``ReplySink`` go out.

A sink is a table of functions, one for each kind of value, and ``target`` is what they work on: Python objects
(``wire/reply_objects``), a stack of another language, or nothing at all. The reader neither needs nor releases the
interpreter's lock. A sink that needs it may only be read for by a caller that holds it.

Values arrive in the order of the bytes. An aggregate is ``begin``, its elements, ``end``; those of a map and of an
attribute are keys and values in turn. An attribute precedes the value that it describes and does not count as an
element. A slice handed to a sink is valid during the call.

Reading can stop after any byte and go on when more have arrived: ``at`` is then the offset of the first value that is
not whole, the sink has been called for everything before it, and nothing is ever called twice. A caller that drops the
bytes before ``at`` sets it to 0. A declared length allocates no memory here.

The grammar is the protocol's, and what it forbids is an error: a line that holds CR or LF, a number that is not one, a
length with a sign or leading zeros, a bulk without CRLF after it. The streamed forms of RESP3 (``$?``, ``*?``), which
Redis never sends, are errors too.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport Piece, Reply
from pyredis.ground.base cimport Slice

cdef enum:
    # Aggregates inside one another; more than any reply of Redis has.
    NESTING = 512
    # '|', beside the kinds of `_resp.Aggregate`: pairs that describe the value after them.
    ATTRIBUTE = 124

cdef enum ReadStatus:
    READ_ERROR = -1         # ReplyReader.error says why; nothing more can be read
    READ_MORE = 0           # the reply is not whole yet
    READ_REPLY = 1
    READ_STOPPED = 2        # a function of the sink has returned something other than 0; nothing more can be read
    READ_OPENED = 3         # an aggregate has begun; never returned by `read_reply`

# Every function returns 0 for the reader to go on.
ctypedef struct ReplySink:
    int (*null)(void *target) noexcept nogil
    int (*integer)(void *target, int64_t value) noexcept nogil
    int (*number)(void *target, double value) noexcept nogil
    int (*boolean)(void *target, bint value) noexcept nogil
    # Decimal digits, of any number, perhaps with a sign.
    int (*big_number)(void *target, Slice digits) noexcept nogil
    int (*bulk)(void *target, Slice bytes) noexcept nogil
    int (*simple)(void *target, Slice text) noexcept nogil
    # Code and text, of either form of an error.
    int (*error)(void *target, Slice text) noexcept nogil
    # `format` has three bytes, such as "txt".
    int (*verbatim)(void *target, Slice format, Slice text) noexcept nogil
    # `kind` is an Aggregate or ATTRIBUTE; `count` is of elements, or of pairs where the kind has pairs.
    int (*begin)(void *target, int kind, size_t count) noexcept nogil
    int (*end)(void *target, int kind) noexcept nogil

ctypedef struct Level:
    uint64_t remaining      # values of the aggregate still to come
    int kind

ctypedef struct ReplyReader:
    size_t at               # where reading goes on
    size_t scanned          # bytes of the line there that have been searched for its end
    size_t wants            # how many bytes the buffer must hold for the bulk under way to be whole; 0 when not known
    const Piece *pieces     # bytes that are not in the buffer, as in `Reply.pieces`, from the next one on
    size_t piece_count
    const char *error       # after READ_ERROR, a literal
    int depth
    Level levels[NESTING]

cdef void reader_init(ReplyReader *reader) noexcept nogil
# Reads one reply of data[reader.at : size].
cdef ReadStatus read_reply(ReplyReader *reader, const ReplySink *sink, void *target, const char *data, size_t size
                           ) noexcept nogil
# Reads the reply that was written from offset `begin` on, pieces included.
cdef ReadStatus read_written(ReplyReader *reader, const Reply *reply, size_t begin, const ReplySink *sink, void *target
                             ) noexcept nogil
# Whether what was written from offset `begin` on is one reply, whole and well formed.
cdef bint is_one_reply(const Reply *reply, size_t begin) noexcept nogil

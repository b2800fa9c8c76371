"""Error replies that more than one family of commands uses. Each marks the call as failed."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport Replied
from pyredis.call.call cimport Call

cdef Replied reply_syntax_error(Call *call) noexcept nogil
cdef Replied reply_not_integer(Call *call) noexcept nogil
cdef Replied reply_not_float(Call *call) noexcept nogil
cdef Replied reply_out_of_range(Call *call) noexcept nogil
# "invalid expire time in '<command>' command"
cdef Replied reply_invalid_expiry(Call *call) noexcept nogil
cdef Replied reply_wrong_type(Call *call) noexcept nogil
cdef Replied reply_wrong_arity(Call *call) noexcept nogil
cdef Replied reply_no_such_key(Call *call) noexcept nogil
# For a subcommand that does not take such arguments.
cdef Replied refuse_subcommand(Call *call) noexcept nogil

# Whether a command of a file may make a string of so many bytes, more than `proto-max-bulk-len`: the file may have been
# written under a higher limit, but memory must suffice. If not, the file is damaged here.
cdef bint accepts_in_file(Call *call, uint64_t size) noexcept nogil


cdef inline bint accepts_length(Call *call, uint64_t size) noexcept nogil:
    """Returns whether a command may make a string of so many bytes; the caller replies with the error."""
    return size <= call.server.settings.proto_max_bulk or accepts_in_file(call, size)


# Reads argument `index` as an integer; if it is none, replies "not an integer or out of range" and returns False.
cdef bint integer_argument(Call *call, int index, int64_t *value) noexcept nogil

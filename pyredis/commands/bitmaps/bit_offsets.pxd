"""The offset argument of the bit commands."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport reply_error
from pyredis.call.call cimport Call
from pyredis.call.errors cimport accepts_length
from pyredis.ground.base cimport Slice, mul_overflows, parse_int64


cdef inline bint bit_offset_argument(Call *call, int index, int width, uint64_t *offset) noexcept nogil:
    """Parses a bit offset; returns False after replying with an error. With a ``width`` above 0, ``#n`` is the offset
    of the n-th number of that width."""
    cdef Slice text = call.argv[index]
    cdef int64_t value
    cdef bint counts = width > 0 and text.size > 0 and text.data[0] == c'#'
    if parse_int64(text.data + counts, text.size - counts, &value) and value >= 0 and \
            not mul_overflows(value, width if counts else 1, &value) and \
            accepts_length(call, <uint64_t> value // 8 + 1):
        offset[0] = <uint64_t> value
        return True
    reply_error(call.reply, "ERR bit offset is not an integer or out of range")
    return False

"""Random parts of a value: the code that HRANDFIELD, SRANDMEMBER and ZRANDMEMBER share."""

from libc.stdint cimport INT64_MAX, int64_t, uint64_t

from pyredis._resp cimport reply_array, reply_error
from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_CLOSE_NOW
from pyredis.call.errors cimport integer_argument, reply_out_of_range, reply_syntax_error
from pyredis.ground.base cimport equals_nocase

cdef enum:
    # A negative count can request any number of parts: a client whose reply exceeds this many bytes is disconnected.
    RANDOM_REPLY_MAX = 1 << 30

# Writes one random part of the value in `context`.
ctypedef void (*RandomWriter)(Call *call, void *context) noexcept nogil


# Both parse the arguments from the count on. If one is invalid, they reply with the error and return False.

cdef inline bint random_count(Call *call, int64_t *count) noexcept nogil:
    if not integer_argument(call, 2, count):
        return False
    if count[0] >= -INT64_MAX:
        return True
    reply_error(call.reply,
                "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
    return False


cdef inline bint random_pair_count(Call *call, const char *word, int64_t *count, bint *paired) noexcept nogil:
    """``paired``: whether ``word``, which asks for the value or score of each part, follows the count."""
    paired[0] = call.argc == 4
    if not random_count(call, count):
        return False
    if call.argc > 4 or (paired[0] and not equals_nocase(call.argv[3], word)):
        reply_syntax_error(call)
        return False
    if paired[0] and not -(INT64_MAX // 2) <= count[0] <= INT64_MAX // 2:
        reply_out_of_range(call)
        return False
    return True


cdef inline uint64_t open_random(Call *call, int64_t count, size_t size, bint paired) noexcept nogil:
    """Begins the reply and returns its number of parts: -``count`` if ``count`` is negative, because parts may then
    repeat, else at most ``size``. In RESP3 each pair is an array of its own."""
    cdef uint64_t parts = min(<uint64_t> count, <uint64_t> size) if count >= 0 else 0 - <uint64_t> count
    reply_array(call.reply, 2 * parts if paired and call.reply.protocol < 3 else parts)
    return parts


cdef inline void reply_repeatedly(Call *call, uint64_t count, RandomWriter write, void *context) noexcept nogil:
    """Writes ``count`` parts, each chosen independently of the others."""
    cdef size_t begin = call.reply.size
    while count and call.reply.size - begin < RANDOM_REPLY_MAX:
        write(call, context)
        count -= 1
    if count:
        call.client.flags |= CLIENT_CLOSE_NOW

"""The expiry of keys: the EXPIRE family, the TTL family, PERSIST.

Moments are Unix times in milliseconds. The append-only file contains only such absolute times: a command that sets an
expiry is written there as PEXPIREAT, and one whose moment has already passed as the removal of the key.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdio cimport snprintf

from pyredis._resp cimport Replied, reply_error, reply_error_slice, reply_integer
from pyredis.call.call cimport Call, argument
from pyredis.call.errors cimport integer_argument, reply_invalid_expiry
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_untouched, lookup_write
from pyredis.call.state cimport RESTRICT_LOADING
from pyredis.commands.generic.expiry_options cimport (
    ONLY_EARLIER,
    ONLY_LATER,
    ONLY_WITHOUT,
    expiry_condition,
    expiry_is_met,
)
from pyredis.commands.key_changes cimport delete_key_instead, expire_key_instead, persist_key
from pyredis.ground.base cimport Slice, add_overflows, mul_overflows, slice_of
from pyredis.keyspace.keyspace cimport Entry, entry_expiry, entry_has_expiry

cdef enum:
    SECOND = 1000
    MILLISECOND = 1
    UNSUPPORTED_MAX = 256


# ---- the EXPIRE family ----

cdef void reply_unsupported(Call *call, Slice option) noexcept nogil:
    """Replies with an error that quotes the option up to its first NUL, as in Redis."""
    cdef char text[UNSUPPORTED_MAX]
    cdef int size = snprintf(text, sizeof(text), "ERR Unsupported option %.*s",
                             <int> min(option.size, <size_t> UNSUPPORTED_MAX), option.data)
    reply_error_slice(call.reply, slice_of(text, min(<size_t> size, sizeof(text) - 1)))


cdef bint conditions_argument(Call *call, int at, int *conditions) noexcept nogil:
    """Parses the words from argument ``at`` on; replies with an error and returns False if they are invalid."""
    cdef int index, one
    conditions[0] = 0
    for index in range(at, call.argc):
        one = expiry_condition(argument(call, index))
        if one == 0:
            reply_unsupported(call, argument(call, index))
            return False
        conditions[0] |= one
    if conditions[0] & ONLY_WITHOUT and conditions[0] != ONLY_WITHOUT:
        reply_error(call.reply, "ERR NX and XX, GT or LT options at the same time are not compatible")
        return False
    if conditions[0] & ONLY_LATER and conditions[0] & ONLY_EARLIER:
        reply_error(call.reply, "ERR GT and LT options at the same time are not compatible")
        return False
    return True


cdef bint moment_argument(Call *call, int index, int unit, int64_t since, int64_t *moment) noexcept nogil:
    """Parses argument ``index``, a number of units of ``unit`` ms after ``since``; replies with an error and returns
    False if that is not a valid moment."""
    cdef int64_t number
    if not integer_argument(call, index, &number):
        return False
    if not mul_overflows(number, unit, &number) and not add_overflows(number, since, moment):
        return True
    reply_invalid_expiry(call)
    return False


cdef Replied expire_generic(Call *call, int unit, int64_t since) noexcept nogil:
    cdef int conditions
    cdef int64_t moment
    cdef Entry *entry
    cdef bint loading = call.server.restrictions & RESTRICT_LOADING
    if not conditions_argument(call, 3, &conditions) or not moment_argument(call, 2, unit, since, &moment):
        return 0
    entry = lookup_write(call, 1)
    if entry == NULL or not expiry_is_met(conditions, entry_expiry(entry), moment):
        return reply_integer(call.reply, 0)
    if moment <= call.server.keyspace.now_ms and not loading:
        delete_key_instead(call, 1, entry, call.server.settings.lazy_expire)
    else:
        expire_key_instead(call, 1, entry, max(moment, <int64_t> 0))
    return reply_integer(call.reply, 1)


cdef Replied expire(Call *call) noexcept nogil:
    return expire_generic(call, SECOND, call.server.keyspace.now_ms)


cdef Replied pexpire(Call *call) noexcept nogil:
    return expire_generic(call, MILLISECOND, call.server.keyspace.now_ms)


cdef Replied expireat(Call *call) noexcept nogil:
    return expire_generic(call, SECOND, 0)


cdef Replied pexpireat(Call *call) noexcept nogil:
    return expire_generic(call, MILLISECOND, 0)


cdef Replied persist(Call *call) noexcept nogil:
    cdef Entry *entry = lookup_write(call, 1)
    if entry == NULL or not entry_has_expiry(entry):
        return reply_integer(call.reply, 0)
    persist_key(call, 1, entry)
    return reply_integer(call.reply, 1)


# ---- the TTL family ----

cdef Replied ttl_generic(Call *call, int unit, int64_t since) noexcept nogil:
    cdef Entry *entry = lookup_untouched(call, 1)
    cdef uint64_t left
    if entry == NULL:
        return reply_integer(call.reply, -2)
    if not entry_has_expiry(entry):
        return reply_integer(call.reply, -1)
    left = <uint64_t> max(entry_expiry(entry) - since, <int64_t> 0)
    return reply_integer(call.reply, <int64_t> ((left + unit // 2) // unit))


cdef Replied ttl(Call *call) noexcept nogil:
    return ttl_generic(call, SECOND, call.server.keyspace.now_ms)


cdef Replied pttl(Call *call) noexcept nogil:
    return ttl_generic(call, MILLISECOND, call.server.keyspace.now_ms)


cdef Replied expiretime(Call *call) noexcept nogil:
    return ttl_generic(call, SECOND, 0)


cdef Replied pexpiretime(Call *call) noexcept nogil:
    return ttl_generic(call, MILLISECOND, 0)


HANDLERS = {
    "expire": native(expire),
    "expireat": native(expireat),
    "expiretime": native(expiretime),
    "persist": native(persist),
    "pexpire": native(pexpire),
    "pexpireat": native(pexpireat),
    "pexpiretime": native(pexpiretime),
    "pttl": native(pttl),
    "ttl": native(ttl),
}

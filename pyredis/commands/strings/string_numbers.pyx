"""The string commands that do arithmetic: INCR and its family, INCRBYFLOAT.

INCR and its family store the result as an integer, whatever text it was before. INCRBYFLOAT always stores text, even if
the sum is an integer. The append-only file records the sum instead of the addition, so that the rounding of another
machine cannot change it.
"""

from libc.math cimport isinf, isnan
from libc.stdint cimport INT64_MIN, int64_t

from pyredis._resp cimport Replied, reply_error, reply_integer, reply_slice
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_STRING, changed
from pyredis.call.errors cimport integer_argument, reply_not_float, reply_not_integer
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_write_kind
from pyredis.call.propagation cimport propagate_instead
from pyredis.ground.base cimport Slice, add_overflows, literal, parse_int64, slice_of
from pyredis.ground.long_doubles cimport LONG_DOUBLE_TEXT, format_long_double, parse_long_double
from pyredis.keyspace.keyspace cimport (
    EMBSTR_MAX,
    ENCODING_EMBSTR,
    ENCODING_INT,
    STRING,
    Entry,
    entry_expiry,
    entry_word,
    keyspace_set_integer,
    keyspace_set_raw,
    string_slice,
)


cdef inline bint stored_integer(const Entry *entry, int64_t *value) noexcept nogil:
    """Reads the stored integer, 0 if the key is absent; returns False if the text is not an integer."""
    cdef Slice text
    if entry == NULL:
        value[0] = 0
        return True
    if entry.encoding == ENCODING_INT:
        value[0] = <int64_t> entry_word(entry)
        return True
    text = string_slice(entry, NULL)
    return parse_int64(text.data, text.size, value)


cdef Replied add(Call *call, int64_t delta) noexcept nogil:
    cdef Entry *entry = lookup_write_kind(call, 1, STRING)
    cdef int64_t value
    if call.failed:
        return 0
    if not stored_integer(entry, &value):
        return reply_not_integer(call)
    if add_overflows(value, delta, &value):
        return reply_error(call.reply, "ERR increment or decrement would overflow")
    keyspace_set_integer(&call.server.keyspace, call.database, call.argv[1], key_hash(call, 1), entry, value,
                         entry_expiry(entry) if entry != NULL else -1)
    changed(call, 1, EVENT_STRING, "incrby")
    return reply_integer(call.reply, value)


cdef Replied incr(Call *call) noexcept nogil:
    return add(call, 1)


cdef Replied decr(Call *call) noexcept nogil:
    return add(call, -1)


cdef Replied incrby(Call *call) noexcept nogil:
    cdef int64_t delta
    if not integer_argument(call, 2, &delta):
        return 0
    return add(call, delta)


cdef Replied decrby(Call *call) noexcept nogil:
    cdef int64_t delta
    if not integer_argument(call, 2, &delta):
        return 0
    if delta == INT64_MIN:
        return reply_error(call.reply, "ERR decrement would overflow")
    return add(call, -delta)


cdef bint float_sum(Call *call, const Entry *entry, long double *total) noexcept nogil:
    """Computes the sum; returns False after an error reply."""
    cdef char scratch[24]
    cdef long double delta
    total[0] = 0
    if entry != NULL and not parse_long_double(string_slice(entry, scratch), total):
        reply_not_float(call)
        return False
    if not parse_long_double(call.argv[2], &delta):
        reply_not_float(call)
        return False
    total[0] += delta
    if isnan(total[0]) or isinf(total[0]):
        reply_error(call.reply, "ERR increment would produce NaN or Infinity")
        return False
    return True


cdef void propagate_sum(Call *call, Slice text) noexcept nogil:
    cdef Slice argv[4]
    argv[0] = literal("SET")
    argv[1] = call.argv[1]
    argv[2] = text
    argv[3] = literal("KEEPTTL")
    propagate_instead(call, 4, argv)


cdef Replied incrbyfloat(Call *call) noexcept nogil:
    cdef char digits[LONG_DOUBLE_TEXT]
    cdef long double total
    cdef Slice text
    cdef Entry *entry = lookup_write_kind(call, 1, STRING)
    if call.failed or not float_sum(call, entry, &total):
        return 0
    text = slice_of(digits, format_long_double(digits, total))
    entry = keyspace_set_raw(&call.server.keyspace, call.database, call.argv[1], key_hash(call, 1), entry, text)
    if text.size <= EMBSTR_MAX:
        entry.encoding = ENCODING_EMBSTR
    changed(call, 1, EVENT_STRING, "incrbyfloat")
    propagate_sum(call, text)
    return reply_slice(call.reply, text)


HANDLERS = {
    "incr": native(incr),
    "decr": native(decr),
    "incrby": native(incrby),
    "decrby": native(decrby),
    "incrbyfloat": native(incrbyfloat),
}

"""Code that the geo commands share: parsing of coordinates and units, positions of members, distances in replies."""

from libc.math cimport fabs, floor
from libc.stdint cimport int64_t
from libc.stdio cimport snprintf
from libc.string cimport memcpy

from pyredis._resp cimport Replied, reply_array, reply_bulk, reply_error, reply_error_slice, reply_raw
from pyredis.call.call cimport Call
from pyredis.call.errors cimport reply_not_float
from pyredis.ground.base cimport Slice, equals_nocase, format_int64, slice_of
from pyredis.ground.doubles cimport parse_double
from pyredis.ground.long_doubles cimport LONG_DOUBLE_TEXT, format_long_double
from pyredis.types.sorted_set.geohash cimport Position, geo_decode, geo_from_score, geo_is_valid
from pyredis.types.sorted_set.sorted_set cimport SortedSet, zset_score


cdef inline bint unit_argument(Call *call, int index, double *metres) noexcept nogil:
    """Parses a unit into its length in metres; returns False after replying with an error."""
    cdef Slice word = call.argv[index]
    if equals_nocase(word, "m"):
        metres[0] = 1
    elif equals_nocase(word, "km"):
        metres[0] = 1000
    elif equals_nocase(word, "ft"):
        metres[0] = 0.3048
    elif equals_nocase(word, "mi"):
        metres[0] = 1609.34
    else:
        reply_error(call.reply, "ERR unsupported unit provided. please use M, KM, FT, MI")
        return False
    return True


cdef inline bint position_argument(Call *call, int index, Position *position) noexcept nogil:
    """Parses longitude and latitude from argument ``index`` on; returns False after replying with an error."""
    cdef char text[1024]
    if not parse_double(call.argv[index], &position.longitude) or \
            not parse_double(call.argv[index + 1], &position.latitude):
        reply_not_float(call)
        return False
    if not geo_is_valid(position[0]):
        reply_error_slice(call.reply, slice_of(text, snprintf(
            text, sizeof(text), "ERR invalid longitude,latitude pair %f,%f", position.longitude, position.latitude)))
        return False
    return True


cdef inline bint member_position(SortedSet *set, Slice member, Position *position) noexcept nogil:
    cdef double score
    if set == NULL or not zset_score(set, member, &score):
        return False
    position[0] = geo_decode(geo_from_score(score))
    return True


cdef inline size_t format_distance(char *out, double distance) noexcept nogil:
    """Formats a distance with four decimals; ``out`` has room for 32 bytes, and the distance is below 2**39."""
    cdef double scaled = distance * 10000
    cdef double whole = floor(scaled)
    cdef double rest = scaled - whole
    cdef int64_t number
    cdef size_t size
    # This close to a tie, the multiplication may have rounded to the wrong side: only an exact conversion is reliable.
    if fabs(rest - 0.5) < 0.001:
        return snprintf(out, 32, "%.4f", distance)
    number = <int64_t> whole + (rest > 0.5)
    size = format_int64(out, number // 10000)
    out[size] = c'.'
    number %= 10000
    out[size + 1] = <char> (c'0' + number // 1000)
    out[size + 2] = <char> (c'0' + number // 100 % 10)
    out[size + 3] = <char> (c'0' + number // 10 % 10)
    out[size + 4] = <char> (c'0' + number % 10)
    return size + 5


cdef inline Replied reply_distance(Call *call, double distance) noexcept nogil:
    cdef char text[32]
    return reply_bulk(call.reply, text, format_distance(text, distance))


cdef inline Replied reply_coordinate(Call *call, double value) noexcept nogil:
    """Replies with at most seventeen decimals: a bulk string in RESP2, a double in RESP3."""
    cdef char text[LONG_DOUBLE_TEXT]
    cdef size_t size = format_long_double(text + 1, value)
    if call.reply.protocol == 2:
        return reply_bulk(call.reply, text + 1, size)
    text[0] = c','
    memcpy(text + 1 + size, "\r\n", 2)
    return reply_raw(call.reply, text, size + 3)


cdef inline Replied reply_position(Call *call, Position position) noexcept nogil:
    reply_array(call.reply, 2)
    reply_coordinate(call, position.longitude)
    return reply_coordinate(call, position.latitude)

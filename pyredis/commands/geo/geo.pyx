"""The geo commands on individual members. Searches of an area are in ``geo_search``.

Positions are kept in a sorted set whose scores are geohashes of 52 bits: every sorted set command works on it.
"""

from libc.string cimport memset

from pyredis._resp cimport Replied, reply_array, reply_bulk, reply_null, reply_null_array
from pyredis.call.call cimport Call
from pyredis.call.errors cimport reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.commands.geo.geo_access cimport (
    member_position,
    position_argument,
    reply_distance,
    reply_position,
    unit_argument,
)
from pyredis.commands.sorted_sets.sorted_set_access cimport read_sorted_set
from pyredis.commands.sorted_sets.sorted_set_additions cimport Addition, add_members, addition_members, addition_option
from pyredis.types.sorted_set.geohash cimport GEO_TEXT, Position, geo_distance, geo_encode, geo_text
from pyredis.types.sorted_set.sorted_set cimport ADD_IF_NEW, ADD_IF_PRESENT, SortedSet

from pyredis.commands.geo.geo_search import HANDLERS as SEARCH_HANDLERS


# ---- GEOADD ----

cdef bint read_options(Call *call, Addition *add) noexcept nogil:
    """Parses the options and the number of members; replies with an error and returns False if they are invalid."""
    while add.at < call.argc and addition_option(call.argv[add.at], add):
        add.at += 1
    if not addition_members(call, add):
        return False
    if add.conditions != ADD_IF_NEW | ADD_IF_PRESENT:
        return True
    reply_syntax_error(call)
    return False


cdef bint read_scores(Call *call, const Addition *add, double *scores) noexcept nogil:
    cdef Position position
    cdef int index
    for index in range(add.count):
        if not position_argument(call, add.at + 3 * index, &position):
            return False
        scores[index] = <double> geo_encode(position)
    return True


cdef Replied geoadd(Call *call) noexcept nogil:
    cdef Addition add
    memset(&add, 0, sizeof(add))
    add.at = 2
    add.stride = 3
    return add_members(call, &add, read_scores) if read_options(call, &add) else 0


# ---- members by name ----

cdef Replied geodist(Call *call) noexcept nogil:
    cdef double metres = 1
    cdef Position first, second
    cdef SortedSet *set
    if call.argc > 5:
        return reply_syntax_error(call)
    if call.argc == 5 and not unit_argument(call, 4, &metres):
        return 0
    set = read_sorted_set(call, 1)
    if call.failed:
        return 0
    if not member_position(set, call.argv[2], &first) or not member_position(set, call.argv[3], &second):
        return reply_null(call.reply)
    return reply_distance(call, geo_distance(first, second) / metres)


cdef Replied geohash(Call *call) noexcept nogil:
    cdef char text[GEO_TEXT]
    cdef Position position
    cdef SortedSet *set = read_sorted_set(call, 1)
    cdef int index
    if call.failed:
        return 0
    reply_array(call.reply, call.argc - 2)
    for index in range(2, call.argc):
        if member_position(set, call.argv[index], &position):
            geo_text(position, text)
            reply_bulk(call.reply, text, GEO_TEXT)
        else:
            reply_null(call.reply)
    return 0


cdef Replied geopos(Call *call) noexcept nogil:
    cdef Position position
    cdef SortedSet *set = read_sorted_set(call, 1)
    cdef int index
    if call.failed:
        return 0
    reply_array(call.reply, call.argc - 2)
    for index in range(2, call.argc):
        if member_position(set, call.argv[index], &position):
            reply_position(call, position)
        else:
            reply_null_array(call.reply)
    return 0


HANDLERS = {
    **SEARCH_HANDLERS,
    "geoadd": native(geoadd),
    "geodist": native(geodist),
    "geohash": native(geohash),
    "geopos": native(geopos),
}

"""The geo commands about members named one by one. Searching an area stands in ``geo_search``.

The members are those of a sorted set, their scores geohashes of 52 bits: every command of sorted sets works on them.
"""

from libc.stdint cimport int64_t
from libc.string cimport memset

from pyredis._base cimport equals_nocase
from pyredis._dispatch cimport (
    EVENT_ZSET,
    Call,
    changed,
    lookup_write_kind,
    native,
    reply_syntax_error,
)
from pyredis._keyspace cimport ZSET, Entry
from pyredis._memory cimport mem_alloc, mem_free
from pyredis._resp cimport Replied, reply_array, reply_bulk, reply_integer, reply_null, reply_null_array
from pyredis.commands.geo_access cimport (
    member_position,
    position_argument,
    reply_distance,
    reply_position,
    unit_argument,
)
from pyredis.commands.sorted_set_access cimport (
    read_sorted_set,
    sorted_set_limits,
    sorted_set_of,
    store_sorted_set,
)
from pyredis.types.geohash cimport GEO_TEXT, Position, geo_distance, geo_encode, geo_text
from pyredis.types.sorted_set cimport (
    ADD_CHANGED,
    ADD_CREATED,
    ADD_IF_NEW,
    ADD_IF_PRESENT,
    AddResult,
    SortedSet,
    SortedSetLimits,
    zset_add,
    zset_expect,
    zset_new_for,
)

from pyredis.commands.geo_search import HANDLERS as SEARCH_HANDLERS

cdef enum:
    SCORES_ON_STACK = 32

ctypedef struct Addition:
    int conditions
    bint tells_changes      # CH
    int at                  # of the first longitude
    int count               # of members
    double *scores


# ---- GEOADD ----

cdef bint read_options(Call *call, Addition *add) noexcept nogil:
    """Options and number of members. Answers and returns False where something is wrong."""
    add.at = 2
    while add.at < call.argc:
        if equals_nocase(call.argv[add.at], "nx"):
            add.conditions |= ADD_IF_NEW
        elif equals_nocase(call.argv[add.at], "xx"):
            add.conditions |= ADD_IF_PRESENT
        elif equals_nocase(call.argv[add.at], "ch"):
            add.tells_changes = True
        else:
            break
        add.at += 1
    add.count = (call.argc - add.at) // 3
    if (call.argc - add.at) % 3 or add.count == 0 or add.conditions == ADD_IF_NEW | ADD_IF_PRESENT:
        reply_syntax_error(call)
        return False
    return True


cdef bint read_scores(Call *call, Addition *add) noexcept nogil:
    cdef Position position
    cdef int index
    for index in range(add.count):
        if not position_argument(call, add.at + 3 * index, &position):
            return False
        add.scores[index] = <double> geo_encode(position)
    return True


cdef int64_t add_members(Call *call, Addition *add, SortedSet **set, const SortedSetLimits *limits, int64_t *changes
                         ) noexcept nogil:
    """Returns how many are new; ``changes`` counts them too."""
    cdef AddResult result
    cdef int64_t created = 0
    cdef int index
    changes[0] = 0
    for index in range(add.count):
        result = zset_add(set, call.argv[add.at + 3 * index + 2], &add.scores[index], add.conditions, limits)
        created += result == ADD_CREATED
        changes[0] += result == ADD_CREATED or result == ADD_CHANGED
    return created


cdef Replied add_all(Call *call, Addition *add) noexcept nogil:
    cdef Entry *entry = lookup_write_kind(call, 1, ZSET)
    cdef SortedSetLimits limits = sorted_set_limits(call)
    cdef SortedSet *set = sorted_set_of(entry)
    cdef int64_t created, changes
    if call.failed:
        return 0
    if entry == NULL:
        if add.conditions & ADD_IF_PRESENT:
            return reply_integer(call.reply, 0)
        set = zset_new_for(add.count, call.argv[add.at + 2].size, &limits)
    elif <size_t> add.count > limits.entries:
        zset_expect(&set, add.count, &limits)
    created = add_members(call, add, &set, &limits, &changes)
    store_sorted_set(call, 1, entry, set)
    if changes:
        changed(call, 1, EVENT_ZSET, "zadd")
        call.server.keyspace.dirty += changes - 1
    return reply_integer(call.reply, changes if add.tells_changes else created)


cdef Replied geoadd(Call *call) noexcept nogil:
    cdef double on_stack[SCORES_ON_STACK]
    cdef Addition add
    memset(&add, 0, sizeof(add))
    if not read_options(call, &add):
        return 0
    add.scores = on_stack
    if add.count > SCORES_ON_STACK:
        add.scores = <double *> mem_alloc(add.count * sizeof(double))
    if read_scores(call, &add):
        add_all(call, &add)
    if add.scores != on_stack:
        mem_free(add.scores, add.count * sizeof(double))
    return 0


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

"""The list commands that work on one list and do not block; the others are in ``list_moves``."""

from libc.stdint cimport INT64_MIN, int64_t

from pyredis._resp cimport (
    ARRAY,
    Replied,
    Reply,
    reply_array,
    reply_close,
    reply_error,
    reply_integer,
    reply_null,
    reply_null_array,
    reply_ok,
    reply_open,
    reply_slice,
)
from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_LIST, changed, count_as
from pyredis.call.errors cimport integer_argument, reply_no_such_key, reply_syntax_error, reply_wrong_arity
from pyredis.call.handlers cimport native
from pyredis.commands.lists.list_access cimport (
    ListAccess,
    find_list,
    number_argument,
    pop_one,
    pop_several,
    push_event,
    read_list,
    store_fewer,
    store_list,
)
from pyredis.commands.pack_reply cimport reply_elements
from pyredis.ground.base cimport Slice, equals_nocase
from pyredis.ground.turns cimport offer_turn
from pyredis.keyspace.keyspace cimport LIST, ValueType, value_type_register
from pyredis.types.list.list cimport (
    List,
    ListItem,
    ListIterator,
    list_copy,
    list_drop_many,
    list_effort,
    list_encoding,
    list_expect,
    list_free_some,
    list_insert,
    list_iterate,
    list_iterate_end,
    list_memory,
    list_new,
    list_next,
    list_next_stretch,
    list_positions,
    list_push,
    list_remove,
    list_set,
    list_shrink,
    list_size,
)
from pyredis.types.list.list_long cimport ListStretch

from pyredis.commands.lists.list_moves import HANDLERS as MOVE_HANDLERS

cdef enum:
    ALL = 0x7fffffffffffffff

cdef const char *OUT_OF_RANGE = "ERR index out of range"
cdef const char *NOT_POSITIVE = "ERR value is out of range, must be positive"
cdef const char *BEYOND_LONG = (
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
cdef const char *RANK_ZERO = (
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start "
    "from the end of the list")


# ---- pushing ----

cdef Replied push(Call *call, bint front, bint create) noexcept nogil:
    cdef ListAccess access
    if not find_list(call, 1, &access):
        return 0
    if access.list == NULL:
        if not create:
            return reply_integer(call.reply, 0)
        access.list = list_new(0, front)
    list_push(&access.list, call.argv + 2, call.argc - 2, front, &access.limits)
    store_list(call, &access)
    changed(call, 1, EVENT_LIST, push_event(front))
    count_as(call, call.argc - 2)
    return reply_integer(call.reply, <int64_t> list_size(access.list))


cdef Replied lpush(Call *call) noexcept nogil:
    return push(call, True, True)


cdef Replied rpush(Call *call) noexcept nogil:
    return push(call, False, True)


cdef Replied lpushx(Call *call) noexcept nogil:
    return push(call, True, False)


cdef Replied rpushx(Call *call) noexcept nogil:
    return push(call, False, False)


# ---- popping ----

cdef Replied pop_counted(Call *call, bint front) noexcept nogil:
    cdef ListAccess access
    cdef int64_t count
    if not number_argument(call, 2, 0, &count, NOT_POSITIVE) or not find_list(call, 1, &access):
        return 0
    if access.list == NULL:
        return reply_null_array(call.reply)
    if count == 0:
        return reply_array(call.reply, 0)
    return pop_several(call, &access, front, min(<size_t> count, list_size(access.list)))


cdef Replied pop(Call *call, bint front) noexcept nogil:
    cdef ListAccess access
    if call.argc > 3:
        return reply_wrong_arity(call)
    if call.argc == 3:
        return pop_counted(call, front)
    if not find_list(call, 1, &access):
        return 0
    if access.list == NULL:
        return reply_null(call.reply)
    return pop_one(call, &access, front)


cdef Replied lpop(Call *call) noexcept nogil:
    return pop(call, True)


cdef Replied rpop(Call *call) noexcept nogil:
    return pop(call, False)


# ---- reading ----

cdef Replied llen(Call *call) noexcept nogil:
    cdef List *list = read_list(call)
    if call.failed:
        return 0
    return reply_integer(call.reply, <int64_t> list_size(list) if list != NULL else 0)


cdef inline bint in_list(const List *list, int64_t *index) noexcept nogil:
    """Converts a negative index, which counts from the end; returns whether the element exists."""
    cdef int64_t size = <int64_t> list_size(list)
    if index[0] < 0:
        index[0] += size
    return 0 <= index[0] < size


cdef Replied reply_element(Call *call, List *list, size_t index) noexcept nogil:
    cdef ListIterator iterator
    cdef ListItem item
    list_iterate(list, index, &iterator)
    list_next(&iterator, &item)
    reply_slice(call.reply, item.text)
    list_iterate_end(&iterator)
    return 0


cdef Replied lindex(Call *call) noexcept nogil:
    cdef List *list = read_list(call)
    cdef int64_t index
    if call.failed:
        return 0
    if list == NULL:
        return reply_null(call.reply)
    if not integer_argument(call, 2, &index):
        return 0
    if not in_list(list, &index):
        return reply_null(call.reply)
    return reply_element(call, list, <size_t> index)


ctypedef struct Range:
    size_t start
    size_t count


cdef bint range_arguments(Call *call, int64_t *start, int64_t *stop) noexcept nogil:
    return integer_argument(call, 2, start) and integer_argument(call, 3, stop)


cdef Range range_within(size_t size, int64_t start, int64_t stop) noexcept nogil:
    """Returns the part of a list of that size between two indexes, both included; it is empty if ``count`` is 0."""
    cdef Range range
    range.start = 0
    range.count = 0
    if start < 0:
        start = max(start + <int64_t> size, <int64_t> 0)
    if stop < 0:
        stop += <int64_t> size
    stop = min(stop, <int64_t> size - 1)
    if start <= stop:
        range.start = <size_t> start
        range.count = <size_t> (stop - start + 1)
    return range


cdef Replied reply_range(Reply *reply, const List *list, size_t start, size_t count) noexcept nogil:
    cdef ListIterator iterator
    cdef const ListStretch *stretch
    cdef size_t some
    reply_array(reply, count)
    list_iterate(list, start, &iterator)
    while count:
        offer_turn()
        stretch = list_next_stretch(&iterator)
        some = min(count, stretch.count)
        if stretch.bytes != NULL:
            reply_elements(reply, stretch.bytes, stretch.at, some, stretch.backward)
        else:
            reply_slice(reply, stretch.plain)
        count -= some
    list_iterate_end(&iterator)
    return 0


cdef Replied lrange(Call *call) noexcept nogil:
    cdef int64_t start, stop
    cdef List *list
    cdef Range range
    if not range_arguments(call, &start, &stop):
        return 0
    list = read_list(call)
    if call.failed:
        return 0
    if list == NULL:
        return reply_array(call.reply, 0)
    range = range_within(list_size(list), start, stop)
    return reply_range(call.reply, list, range.start, range.count)


# ---- LPOS ----

ctypedef struct Positions:
    int64_t rank
    int64_t count           # 0: all; -1: only the first, not as an array
    int64_t within          # elements to examine; 0: the entire list


cdef bint position_option(Call *call, int at, Positions *positions) noexcept nogil:
    """Parses the option whose word is argument ``at``; replies with an error and returns False if it is invalid."""
    cdef Slice word = call.argv[at]
    if at + 1 < call.argc:
        if equals_nocase(word, "rank"):
            if not integer_argument(call, at + 1, &positions.rank):
                return False
            if positions.rank == 0 or positions.rank < -<int64_t> ALL:
                reply_error(call.reply, BEYOND_LONG if positions.rank else RANK_ZERO)
                return False
            return True
        if equals_nocase(word, "count"):
            return number_argument(call, at + 1, 0, &positions.count, "ERR COUNT can't be negative")
        if equals_nocase(word, "maxlen"):
            return number_argument(call, at + 1, 0, &positions.within, "ERR MAXLEN can't be negative")
    reply_syntax_error(call)
    return False


cdef void reply_position(void *context, size_t index) noexcept nogil:
    reply_integer(<Reply *> context, <int64_t> index)


cdef size_t reply_positions(Call *call, const List *list, const Positions *positions) noexcept nogil:
    cdef bint front = positions.rank > 0
    cdef size_t skip = <size_t> (positions.rank - 1 if front else -(positions.rank + 1))
    cdef size_t limit = 1 if positions.count < 0 else ALL if positions.count == 0 else <size_t> positions.count
    cdef size_t within = <size_t> positions.within if positions.within else ALL
    return list_positions(list, call.argv[2], front, skip, limit, within, reply_position, call.reply)


cdef Replied lpos(Call *call) noexcept nogil:
    cdef Positions positions
    cdef List *list
    cdef size_t offset, count
    cdef int at
    positions.rank = 1
    positions.count = -1
    positions.within = 0
    for at in range(3, call.argc, 2):
        if not position_option(call, at, &positions):
            return 0
    list = read_list(call)
    if call.failed:
        return 0
    offset = reply_open(call.reply)
    count = reply_positions(call, list, &positions) if list != NULL else 0
    if positions.count >= 0:
        return reply_close(call.reply, offset, ARRAY, count)
    return 0 if count else reply_null(call.reply)


# ---- changing ----

cdef Replied lset(Call *call) noexcept nogil:
    cdef ListAccess access
    cdef int64_t index
    if not find_list(call, 1, &access):
        return 0
    if access.list == NULL:
        return reply_no_such_key(call)
    if not integer_argument(call, 2, &index):
        return 0
    if not in_list(access.list, &index):
        # The list may become a long one even if the index is out of range.
        list_expect(&access.list, call.argv[3].size, 1, True, &access.limits)
        store_list(call, &access)
        return reply_error(call.reply, OUT_OF_RANGE)
    list_set(&access.list, <size_t> index, call.argv[3], &access.limits)
    list_shrink(&access.list, &access.limits)
    store_list(call, &access)
    changed(call, 1, EVENT_LIST, "lset")
    return reply_ok(call.reply)


cdef Replied linsert(Call *call) noexcept nogil:
    cdef ListAccess access
    cdef bint behind = equals_nocase(call.argv[2], "after"), inserted
    if not behind and not equals_nocase(call.argv[2], "before"):
        return reply_syntax_error(call)
    if not find_list(call, 1, &access):
        return 0
    if access.list == NULL:
        return reply_integer(call.reply, 0)
    inserted = list_insert(&access.list, call.argv[3], call.argv[4], behind, &access.limits)
    # The list may have become a long one even if nothing was inserted.
    store_list(call, &access)
    if not inserted:
        return reply_integer(call.reply, -1)
    changed(call, 1, EVENT_LIST, "linsert")
    return reply_integer(call.reply, <int64_t> list_size(access.list))


cdef Replied lrem(Call *call) noexcept nogil:
    cdef ListAccess access
    cdef int64_t count
    cdef size_t removed, limit
    if not integer_argument(call, 2, &count):
        return 0
    if count == INT64_MIN:
        return reply_error(call.reply, BEYOND_LONG)
    if not find_list(call, 1, &access):
        return 0
    if access.list == NULL:
        return reply_integer(call.reply, 0)
    limit = ALL if count == 0 else <size_t> count if count > 0 else 0 - <size_t> count
    removed = list_remove(&access.list, call.argv[3], limit, count >= 0, &access.limits)
    if removed:
        store_fewer(call, &access, "lrem", removed)
    return reply_integer(call.reply, <int64_t> removed)


cdef Replied ltrim(Call *call) noexcept nogil:
    cdef ListAccess access
    cdef int64_t start, stop
    cdef size_t size
    cdef Range range
    if not range_arguments(call, &start, &stop) or not find_list(call, 1, &access):
        return 0
    if access.list == NULL:
        return reply_ok(call.reply)
    size = list_size(access.list)
    range = range_within(size, start, stop)
    list_drop_many(access.list, size - range.start - range.count, False)
    list_drop_many(access.list, range.start, True)
    store_fewer(call, &access, "ltrim", size - range.count)
    return reply_ok(call.reply)


value_type_register(LIST, ValueType(
    release=list_free_some,
    effort=list_effort,
    copy=list_copy,
    footprint=list_memory,
    encoding=list_encoding,
    prefetch_place=NULL,
    prefetch_part=NULL,
))

HANDLERS = {
    "lindex": native(lindex),
    "linsert": native(linsert),
    "llen": native(llen),
    "lpop": native(lpop),
    "lpos": native(lpos),
    "lpush": native(lpush),
    "lpushx": native(lpushx),
    "lrange": native(lrange),
    "lrem": native(lrem),
    "lset": native(lset),
    "ltrim": native(ltrim),
    "rpop": native(rpop),
    "rpush": native(rpush),
    "rpushx": native(rpushx),
    **MOVE_HANDLERS,
}

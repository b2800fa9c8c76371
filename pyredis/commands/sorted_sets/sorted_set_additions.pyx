"""ZADD and ZINCRBY; what GEOADD shares with them is declared in ``sorted_set_additions.pxd``."""

from libc.string cimport memset

from pyredis._resp cimport Replied, reply_double, reply_error, reply_integer, reply_null
from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_ZSET, changed, count_as
from pyredis.call.errors cimport reply_not_float, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_write_kind
from pyredis.commands.sorted_sets.sorted_set_access cimport sorted_set_limits, sorted_set_of, store_sorted_set
from pyredis.ground.base cimport Slice, equals_nocase, unlikely
from pyredis.ground.doubles cimport parse_double
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport ZSET, Entry
from pyredis.types.sorted_set.sorted_set cimport (
    ADD_CHANGED,
    ADD_CREATED,
    ADD_IF_GREATER,
    ADD_IF_LESS,
    ADD_IF_NEW,
    ADD_IF_PRESENT,
    ADD_INCREMENT,
    ADD_NOT_A_NUMBER,
    ADD_REFUSED,
    AddResult,
    SortedSet,
    SortedSetLimits,
    zset_add,
    zset_expect,
    zset_new_for,
)

cdef enum:
    SCORES_ON_STACK = 32


# ---- reading a request ----

cdef bint addition_option(Slice word, Addition *add) noexcept nogil:
    if equals_nocase(word, "nx"):
        add.conditions |= ADD_IF_NEW
    elif equals_nocase(word, "xx"):
        add.conditions |= ADD_IF_PRESENT
    elif equals_nocase(word, "ch"):
        add.tells_changes = True
    else:
        return False
    return True


cdef bint addition_members(Call *call, Addition *add) noexcept nogil:
    add.count = (call.argc - add.at) // add.stride
    if (call.argc - add.at) % add.stride == 0 and add.count:
        return True
    reply_syntax_error(call)
    return False


cdef bint is_condition(Slice word, Addition *add) noexcept nogil:
    if equals_nocase(word, "gt"):
        add.conditions |= ADD_IF_GREATER
    elif equals_nocase(word, "lt"):
        add.conditions |= ADD_IF_LESS
    elif equals_nocase(word, "incr"):
        add.conditions |= ADD_INCREMENT
    else:
        return False
    return True


cdef bint contradicts_itself(Call *call, const Addition *add) noexcept nogil:
    cdef bint new = (add.conditions & ADD_IF_NEW) != 0
    cdef bint greater = (add.conditions & ADD_IF_GREATER) != 0
    cdef bint less = (add.conditions & ADD_IF_LESS) != 0
    if new and add.conditions & ADD_IF_PRESENT:
        reply_error(call.reply, "ERR XX and NX options at the same time are not compatible")
    elif (new and (greater or less)) or (greater and less):
        reply_error(call.reply, "ERR GT, LT, and/or NX options at the same time are not compatible")
    elif add.conditions & ADD_INCREMENT and add.count > 1:
        reply_error(call.reply, "ERR INCR option supports a single increment-element pair")
    else:
        return False
    return True


cdef bint read_addition(Call *call, Addition *add) noexcept nogil:
    """Reads the options and the number of pairs; on error, replies and returns False."""
    cdef Slice word
    while add.at < call.argc:
        word = call.argv[add.at]
        # Most scores begin with a digit or a sign, which no option does.
        if word.size == 0 or word.data[0] < c'A' or not (addition_option(word, add) or is_condition(word, add)):
            break
        add.at += 1
    return addition_members(call, add) and not contradicts_itself(call, add)


cdef bint read_scores(Call *call, const Addition *add, double *scores) noexcept nogil:
    cdef int index
    for index in range(add.count):
        if not parse_double(call.argv[add.at + 2 * index], &scores[index]):
            reply_not_float(call)
            return False
    return True


# ---- adding ----

cdef AddResult add_each(
        Call *call, Addition *add, double *scores, SortedSet **set, const SortedSetLimits *limits) noexcept nogil:
    cdef AddResult result = ADD_REFUSED
    cdef const Slice *name = call.argv + add.at + add.stride - 1
    cdef int index
    for index in range(add.count):
        result = zset_add(set, name[0], &scores[index], add.conditions, limits)
        add.created += result == ADD_CREATED
        add.updated += result == ADD_CHANGED
        add.processed |= result != ADD_REFUSED
        name += add.stride
    add.score = scores[add.count - 1]
    return result


cdef bint apply(Call *call, Addition *add, double *scores) noexcept nogil:
    """Adds the members; returns False after an error reply."""
    cdef Entry *entry = lookup_write_kind(call, 1, ZSET)
    cdef SortedSetLimits limits = sorted_set_limits(call)
    cdef SortedSet *set = sorted_set_of(entry)
    if call.failed:
        return False
    if entry == NULL:
        if add.conditions & ADD_IF_PRESENT:
            return True
        set = zset_new_for(add.count, call.argv[add.at + add.stride - 1].size, &limits)
    elif unlikely(<size_t> add.count > limits.entries):
        zset_expect(&set, add.count, &limits)
    if add_each(call, add, scores, &set, &limits) == ADD_NOT_A_NUMBER:
        reply_error(call.reply, "ERR resulting score is not a number (NaN)")
        return False
    store_sorted_set(call, 1, entry, set)
    if add.created or add.updated:
        changed(call, 1, EVENT_ZSET, "zincr" if add.conditions & ADD_INCREMENT else "zadd")
        count_as(call, add.created + add.updated)
    return True


cdef Replied reply_addition(Call *call, const Addition *add) noexcept nogil:
    if not add.conditions & ADD_INCREMENT:
        return reply_integer(call.reply, add.created + (add.updated if add.tells_changes else 0))
    return reply_double(call.reply, add.score) if add.processed else reply_null(call.reply)


cdef Replied add_members(Call *call, Addition *add, ScoreReader read) noexcept nogil:
    cdef double on_stack[SCORES_ON_STACK]
    cdef double *scores = on_stack
    cdef bint done
    if unlikely(add.count > SCORES_ON_STACK):
        scores = <double *> mem_alloc(add.count * sizeof(double))
    done = read(call, add, scores) and apply(call, add, scores)
    if unlikely(scores != on_stack):
        mem_free(scores, add.count * sizeof(double))
    return reply_addition(call, add) if done else 0


cdef Replied add_generic(Call *call, int conditions) noexcept nogil:
    cdef Addition add
    memset(&add, 0, sizeof(add))
    add.conditions = conditions
    add.at = 2
    add.stride = 2
    return add_members(call, &add, read_scores) if read_addition(call, &add) else 0


cdef Replied zadd(Call *call) noexcept nogil:
    return add_generic(call, 0)


cdef Replied zincrby(Call *call) noexcept nogil:
    return add_generic(call, ADD_INCREMENT)


HANDLERS = {
    "zadd": native(zadd),
    "zincrby": native(zincrby),
}

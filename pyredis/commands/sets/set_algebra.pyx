"""Intersection, union and difference of sets: returned, counted, or stored.

Members are passed from set to set in batches (``SetBatch``), so the latency of a large table's memory is paid once per
batch.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport qsort

from pyredis._resp cimport SET_REPLY, Replied, Reply, reply_close, reply_error, reply_integer, reply_open
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_SET, changed
from pyredis.call.errors cimport reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_write
from pyredis.commands.key_changes cimport delete_key
from pyredis.commands.sets.set_access cimport read_set, reply_member, set_limits
from pyredis.ground.base cimport equals_nocase, parse_int64
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.ground.turns cimport offer_turn
from pyredis.keyspace.keyspace cimport SET, Entry, keyspace_set_value
from pyredis.types.set.set cimport (
    Set,
    SetBatch,
    SetIterator,
    SetLimits,
    set_add_batch,
    set_confine_integers,
    set_copy,
    set_filter,
    set_form,
    set_free,
    set_iterate,
    set_iterate_end,
    set_new_integers,
    set_new_table,
    set_next_batch,
    set_remove,
    set_size,
)
from pyredis.types.set.set_forms cimport SET_INTEGERS

# The sets of a request in the order of its keys; NULL for an absent key.
ctypedef struct Sources:
    Set **sets
    int count
    int absent

# Where the result is written: to `set`, else to `reply`; if both are NULL, members are only counted.
ctypedef struct Result:
    Reply *reply
    Set *set
    SetLimits limits
    size_t count
    size_t limit            # the most members that are wanted; 0 for all

ctypedef void (*Operation)(Sources *sources, Result *result) noexcept nogil


# ---- sources and results ----

cdef void free_sources(Sources *sources) noexcept nogil:
    mem_free(sources.sets, sources.count * sizeof(Set *))


cdef bint find_sources(Call *call, int first, int count, Sources *sources) noexcept nogil:
    """Finds the sets at ``count`` arguments from ``first`` on. Returns False, with nothing to free, after an error."""
    cdef int index
    sources.sets = <Set **> mem_alloc(count * sizeof(Set *))
    sources.count = count
    sources.absent = 0
    for index in range(count):
        sources.sets[index] = read_set(call, first + index)
        if call.failed:
            free_sources(sources)
            return False
        sources.absent += sources.sets[index] == NULL
    return True


cdef bint take(Result *result, SetBatch *batch) noexcept nogil:
    """Adds a batch to the result; returns False once no more members are wanted."""
    cdef size_t i
    if result.set != NULL:
        result.count += set_add_batch(&result.set, batch, &result.limits)
        return True
    result.count += batch.count
    if result.reply != NULL:
        for i in range(batch.count):
            reply_member(result.reply, &batch.members[i])
    return result.limit == 0 or result.count < result.limit


cdef void take_all(Result *result, Set *set) noexcept nogil:
    cdef SetIterator iterator
    cdef SetBatch batch
    set_iterate(set, &iterator)
    while set_next_batch(&iterator, &batch):
        offer_turn()
        take(result, &batch)
    set_iterate_end(&iterator)


cdef int larger(const void *a, const void *b) noexcept nogil:
    cdef size_t left = set_size((<Set **> a)[0]), right = set_size((<Set **> b)[0])
    return (left > right) - (left < right)


cdef void sort_by_size(Set **sets, size_t count) noexcept nogil:
    """Sorts the sets, the smallest first."""
    if count > 1:
        qsort(sets, count, sizeof(Set *), larger)


# ---- intersection ----

cdef void intersect(Sources *sources, Result *result) noexcept nogil:
    if sources.absent:
        return
    sort_by_size(sources.sets, sources.count)
    if result.set == NULL or set_form(sources.sets[0]) == SET_INTEGERS:
        intersect_sorted(sources, result)
    else:
        intersect_into_pack(sources, result)


cdef void intersect_into_pack(Sources *sources, Result *result) noexcept nogil:
    """Intersects when the smallest set is not encoded as integers.

    As in Redis, the result may then be a listpack even if all its members are integers.
    """
    cdef size_t integers = result.limits.integers
    result.limits.integers = max(integers, result.limits.entries)
    intersect_sorted(sources, result)
    result.limits.integers = integers
    set_confine_integers(&result.set, &result.limits)


cdef void intersect_sorted(Sources *sources, Result *result) noexcept nogil:
    cdef SetIterator iterator
    cdef SetBatch batch
    cdef int index
    set_iterate(sources.sets[0], &iterator)
    while set_next_batch(&iterator, &batch):
        offer_turn()
        for index in range(1, sources.count):
            set_filter(sources.sets[index], &batch, True)
            if batch.count == 0:
                break
        if not take(result, &batch):
            break
    set_iterate_end(&iterator)


# ---- union ----

cdef void compact(Sources *sources) noexcept nogil:
    """Moves the present sets to the front, in their order."""
    cdef int index, kept = 0
    for index in range(sources.count):
        if sources.sets[index] != NULL:
            sources.sets[kept] = sources.sets[index]
            kept += 1
    while kept < sources.count:
        sources.sets[kept] = NULL
        kept += 1


cdef Set *scratch_for(const Sources *sources, int count) noexcept nogil:
    """Returns an empty set for the union of the first ``count`` sets."""
    cdef bint integers = True
    cdef size_t largest = 0
    cdef int index
    for index in range(count):
        integers = integers and set_form(sources.sets[index]) == SET_INTEGERS
        largest = max(largest, set_size(sources.sets[index]))
    return set_new_integers() if integers else set_new_table(largest)


cdef void unite_into_scratch(const Sources *sources, int count, Result *result) noexcept nogil:
    cdef Result scratch
    cdef int index
    scratch.limits = result.limits
    scratch.count = 0
    scratch.set = scratch_for(sources, count)
    for index in range(count):
        take_all(&scratch, sources.sets[index])
    take_all(result, scratch.set)
    set_free(scratch.set)


cdef void unite(Sources *sources, Result *result) noexcept nogil:
    cdef int count = sources.count - sources.absent, index
    compact(sources)
    if count > 1 and result.set == NULL:
        unite_into_scratch(sources, count, result)
        return
    for index in range(count):
        take_all(result, sources.sets[index])


# ---- difference ----

cdef bint is_subtracted_from_itself(const Sources *sources) noexcept nogil:
    cdef int index
    for index in range(1, sources.count):
        if sources.sets[index] == sources.sets[0]:
            return True
    return False


cdef bint lookups_are_cheaper(const Sources *sources, int count) noexcept nogil:
    """Returns whether it is cheaper to look up the first set's members in the others than to remove theirs from it."""
    cdef size_t first = set_size(sources.sets[0]), lookups = first, removals = first
    cdef int index
    for index in range(1, count):
        lookups += first
        removals += set_size(sources.sets[index])
    return lookups // 2 <= removals


cdef void subtract_by_lookups(Sources *sources, int count, Result *result) noexcept nogil:
    cdef SetIterator iterator
    cdef SetBatch batch
    cdef int index
    sort_by_size(sources.sets + 1, count - 1)
    set_iterate(sources.sets[0], &iterator)
    while set_next_batch(&iterator, &batch):
        offer_turn()
        # The largest set first: it is the most likely to have a member.
        for index in range(count - 1, 0, -1):
            set_filter(sources.sets[index], &batch, False)
            if batch.count == 0:
                break
        take(result, &batch)
    set_iterate_end(&iterator)


cdef void remove_all(Set **set, Set *others) noexcept nogil:
    cdef SetIterator iterator
    cdef SetBatch batch
    cdef size_t i
    set_iterate(others, &iterator)
    while set_size(set[0]) > 0 and set_next_batch(&iterator, &batch):
        offer_turn()
        set_filter(set[0], &batch, True)
        for i in range(batch.count):
            set_remove(set, &batch.members[i])
    set_iterate_end(&iterator)


cdef void subtract_by_removals(Sources *sources, int count, Result *result) noexcept nogil:
    cdef Set *rest = <Set *> set_copy(sources.sets[0])
    cdef int index
    for index in range(1, count):
        remove_all(&rest, sources.sets[index])
    take_all(result, rest)
    set_free(rest)


cdef void subtract(Sources *sources, Result *result) noexcept nogil:
    cdef int count = sources.count - sources.absent
    if sources.sets[0] == NULL or is_subtracted_from_itself(sources):
        return
    compact(sources)
    if lookups_are_cheaper(sources, count):
        subtract_by_lookups(sources, count, result)
    else:
        subtract_by_removals(sources, count, result)


# ---- handlers ----

cdef Replied answer(Call *call, Operation operate) noexcept nogil:
    cdef Sources sources
    cdef Result result
    cdef size_t offset
    if not find_sources(call, 1, call.argc - 1, &sources):
        return 0
    offset = reply_open(call.reply)
    result.reply = call.reply
    result.set = NULL
    result.limits = set_limits(call.server)
    result.count = 0
    result.limit = 0
    operate(&sources, &result)
    free_sources(&sources)
    return reply_close(call.reply, offset, SET_REPLY, result.count)


cdef Replied store_nothing(Call *call, Entry *entry) noexcept nogil:
    if entry != NULL:
        delete_key(call, 1, entry, call.server.settings.lazy_server_del != 0)
    return reply_integer(call.reply, 0)


cdef Replied store(Call *call, Operation operate, const char *event) noexcept nogil:
    """Stores the result at argument 1, in place of any former value."""
    cdef Sources sources
    cdef Result result
    cdef Entry *entry
    if not find_sources(call, 2, call.argc - 2, &sources):
        return 0
    result.set = set_new_integers()
    result.limits = set_limits(call.server)
    result.count = 0
    operate(&sources, &result)
    free_sources(&sources)
    entry = lookup_write(call, 1)
    if result.count == 0:
        set_free(result.set)
        return store_nothing(call, entry)
    keyspace_set_value(
        &call.server.keyspace, call.database, call.argv[1], key_hash(call, 1), entry, SET, result.set, -1)
    changed(call, 1, EVENT_SET, event)
    return reply_integer(call.reply, <int64_t> result.count)


cdef Replied sinter(Call *call) noexcept nogil:
    return answer(call, intersect)


cdef Replied sinterstore(Call *call) noexcept nogil:
    return store(call, intersect, "sinterstore")


cdef Replied sunion(Call *call) noexcept nogil:
    return answer(call, unite)


cdef Replied sunionstore(Call *call) noexcept nogil:
    return store(call, unite, "sunionstore")


cdef Replied sdiff(Call *call) noexcept nogil:
    return answer(call, subtract)


cdef Replied sdiffstore(Call *call) noexcept nogil:
    return store(call, subtract, "sdiffstore")


cdef bint counting_options(Call *call, int at, int64_t *limit) noexcept nogil:
    """Reads the options after the keys; on error, replies and returns False."""
    limit[0] = 0
    while at < call.argc:
        if not equals_nocase(call.argv[at], "limit") or at + 1 == call.argc:
            reply_syntax_error(call)
            return False
        if not parse_int64(call.argv[at + 1].data, call.argv[at + 1].size, limit) or limit[0] < 0:
            reply_error(call.reply, "ERR LIMIT can't be negative")
            return False
        at += 2
    return True


cdef Replied sintercard(Call *call) noexcept nogil:
    cdef Sources sources
    cdef Result result
    cdef int64_t keys, limit
    if not parse_int64(call.argv[1].data, call.argv[1].size, &keys) or keys < 1:
        return reply_error(call.reply, "ERR numkeys should be greater than 0")
    if keys > call.argc - 2:
        return reply_error(call.reply, "ERR Number of keys can't be greater than number of args")
    if not counting_options(call, 2 + <int> keys, &limit) or not find_sources(call, 2, <int> keys, &sources):
        return 0
    result.reply = NULL
    result.set = NULL
    result.count = 0
    result.limit = <size_t> limit
    intersect(&sources, &result)
    free_sources(&sources)
    return reply_integer(call.reply, min(result.count, <size_t> limit) if limit else result.count)


HANDLERS = {
    "sdiff": native(sdiff),
    "sdiffstore": native(sdiffstore),
    "sinter": native(sinter),
    "sintercard": native(sintercard),
    "sinterstore": native(sinterstore),
    "sunion": native(sunion),
    "sunionstore": native(sunionstore),
}

"""The union, intersection and difference of sorted sets and sets: returned, stored, or counted.

A result is gathered in a table, member by member, and then sorted once.
"""

from libc.math cimport isnan
from libc.stdint cimport int64_t
from libc.stdlib cimport qsort

from pyredis._resp cimport Replied, reply_array, reply_error, reply_error_slice, reply_integer
from pyredis.call.call cimport Call
from pyredis.call.errors cimport integer_argument, reply_syntax_error, reply_wrong_type
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_read
from pyredis.commands.sorted_sets.sorted_set_access cimport reply_member, sorted_set_limits, store_result
from pyredis.commands.sorted_sets.sorted_set_sources cimport (
    Source,
    SourceWalk,
    source_iterate,
    source_iterate_end,
    source_next,
    source_score,
    source_size,
)
from pyredis.ground.base cimport Slice, equals_nocase, parse_int64
from pyredis.ground.doubles cimport parse_double
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.ground.turns cimport offer_turn
from pyredis.keyspace.keyspace cimport SET, ZSET, Entry, entry_pointer
from pyredis.types.set.set cimport Set
from pyredis.types.sorted_set.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set.sorted_set cimport (
    SortedSet,
    SortedSetIterator,
    SortedSetLimits,
    zset_arrange,
    zset_free,
    zset_gather,
    zset_gathered,
    zset_iterate,
    zset_iterate_end,
    zset_next,
    zset_score,
    zset_size,
)

cdef extern from "<stdio.h>" nogil:
    int snprintf(char *out, size_t size, const char *format, ...)

cdef enum Aggregation:
    SUM = 0
    MIN = 1
    MAX = 2

cdef enum Kind:
    UNION = 0
    INTERSECTION = 1
    DIFFERENCE = 2

# What a command asks for.
ctypedef struct Operation:
    Kind kind
    bint stores
    bint counts             # ZINTERCARD
    Source *sources
    size_t count            # of sources
    Aggregation aggregation
    bint scored             # WITHSCORES
    int64_t limit           # ZINTERCARD: 0 for none


# ---- reading a request ----

cdef bint refuse_no_keys(Call *call) noexcept nogil:
    cdef char text[96]
    cdef Slice error
    error.data = text
    error.size = <size_t> snprintf(text, sizeof(text), "ERR at least 1 input key is needed for '%s' command",
                                   <const char *> call.command.name)
    reply_error_slice(call.reply, error)
    return False


cdef bint read_key_count(Call *call, int at, Operation *operation) noexcept nogil:
    cdef int64_t count
    if not integer_argument(call, at, &count):
        return False
    if count < 1:
        return refuse_no_keys(call)
    if count > call.argc - at - 1:
        reply_syntax_error(call)
        return False
    operation.count = <size_t> count
    return True


cdef bint find_source(Call *call, int index, Source *source) noexcept nogil:
    cdef Entry *entry = lookup_read(call, index)
    source.sorted = NULL
    source.plain = NULL
    source.weight = 1
    source.place = index
    if entry == NULL:
        return True
    if entry.type == ZSET:
        source.sorted = <SortedSet *> entry_pointer(entry)
    elif entry.type == SET:
        source.plain = <Set *> entry_pointer(entry)
    else:
        reply_wrong_type(call)
        return False
    return True


cdef bint read_weights(Call *call, int at, Operation *operation) noexcept nogil:
    cdef size_t index
    for index in range(operation.count):
        if not parse_double(call.argv[at + index], &operation.sources[index].weight):
            reply_error(call.reply, "ERR weight value is not a float")
            return False
    return True


cdef bint read_aggregation(Call *call, int at, Operation *operation) noexcept nogil:
    if equals_nocase(call.argv[at], "sum"):
        operation.aggregation = SUM
    elif equals_nocase(call.argv[at], "min"):
        operation.aggregation = MIN
    elif equals_nocase(call.argv[at], "max"):
        operation.aggregation = MAX
    else:
        reply_syntax_error(call)
        return False
    return True


cdef bint read_limit(Call *call, int at, Operation *operation) noexcept nogil:
    if parse_int64(call.argv[at].data, call.argv[at].size, &operation.limit) and operation.limit >= 0:
        return True
    reply_error(call.reply, "ERR LIMIT can't be negative")
    return False


cdef int read_option(Call *call, int at, Operation *operation) noexcept nogil:
    """Reads an option; returns the position of the next one, or 0 after an error reply."""
    cdef int rest = call.argc - at - 1
    cdef bint weighs = operation.kind != DIFFERENCE and not operation.counts
    if weighs and <size_t> rest >= operation.count and equals_nocase(call.argv[at], "weights"):
        return at + 1 + <int> operation.count if read_weights(call, at + 1, operation) else 0
    if weighs and rest >= 1 and equals_nocase(call.argv[at], "aggregate"):
        return at + 2 if read_aggregation(call, at + 1, operation) else 0
    if not operation.stores and not operation.counts and equals_nocase(call.argv[at], "withscores"):
        operation.scored = True
        return at + 1
    if operation.counts and rest >= 1 and equals_nocase(call.argv[at], "limit"):
        return at + 2 if read_limit(call, at + 1, operation) else 0
    reply_syntax_error(call)
    return 0


cdef bint read_sources(Call *call, int at, Operation *operation) noexcept nogil:
    """Finds the sources from argument ``at`` on, reads the options after them; returns False after an error reply."""
    cdef size_t index
    for index in range(operation.count):
        if not find_source(call, at + <int> index, &operation.sources[index]):
            return False
    at += <int> operation.count
    while at < call.argc:
        at = read_option(call, at, operation)
        if at == 0:
            return False
    return True


# ---- scores ----

cdef inline double weighed(const Source *source, double score) noexcept nogil:
    score *= source.weight
    return 0 if isnan(score) else score


cdef inline void aggregate(double *target, double score, Aggregation aggregation) noexcept nogil:
    if aggregation == SUM:
        target[0] += score
        if isnan(target[0]):
            target[0] = 0
    elif aggregation == MIN:
        target[0] = score if score < target[0] else target[0]
    else:
        target[0] = score if score > target[0] else target[0]


# ---- the operations ----

cdef int by_size(const void *a, const void *b) noexcept nogil:
    cdef const Source *left = <const Source *> a
    cdef const Source *right = <const Source *> b
    cdef size_t size = source_size(left), other = source_size(right)
    if size != other:
        return 1 if size > other else -1
    return 1 if left.place > right.place else -1


cdef void sort_by_size(Source *sources, size_t count) noexcept nogil:
    """Sorts by size, the smallest first, and equal sizes by place, because a sum of doubles depends on its order."""
    qsort(sources, count, sizeof(Source), by_size)


cdef void unite(const Source *source, SortedSet *result, Aggregation aggregation) noexcept nogil:
    cdef SourceWalk walk
    cdef ScoredMember member
    cdef double *score
    cdef bint created
    source_iterate(source, &walk)
    while source_next(&walk, &member):
        offer_turn()
        score = zset_gathered(result, member.member, &created)
        if created:
            score[0] = weighed(source, member.score)
        else:
            aggregate(score, weighed(source, member.score), aggregation)
    source_iterate_end(&walk)


cdef SortedSet *union_of(const Operation *operation) noexcept nogil:
    cdef SortedSet *result = zset_gather(source_size(&operation.sources[operation.count - 1]))
    cdef size_t index
    for index in range(operation.count):
        unite(&operation.sources[index], result, operation.aggregation)
    return result


cdef bint is_common(const Operation *operation, ScoredMember *member) noexcept nogil:
    """Returns whether all other sources have a member of the first; its score becomes the result's."""
    cdef size_t index
    cdef double score = 0
    member.score = weighed(&operation.sources[0], member.score)
    for index in range(1, operation.count):
        if not source_score(&operation.sources[index], member.member, &score):
            return False
        aggregate(&member.score, score * operation.sources[index].weight, operation.aggregation)
    return True


cdef size_t intersect(const Operation *operation, SortedSet *result) noexcept nogil:
    """Returns how many members are common, and gathers them in ``result`` unless that is NULL."""
    cdef SourceWalk walk
    cdef ScoredMember member
    cdef bint created
    cdef size_t count = 0
    if source_size(&operation.sources[0]) == 0:
        return 0
    source_iterate(&operation.sources[0], &walk)
    while source_next(&walk, &member):
        offer_turn()
        if not is_common(operation, &member):
            continue
        count += 1
        if result != NULL:
            zset_gathered(result, member.member, &created)[0] = member.score
        elif count == <size_t> operation.limit:
            break
    source_iterate_end(&walk)
    return count


cdef SortedSet *others_united(const Operation *operation) noexcept nogil:
    """Returns the union of all sources but the first; NULL if looking members up in each of them is less work."""
    cdef size_t index, total = 0
    cdef SortedSet *others
    for index in range(1, operation.count):
        total += source_size(&operation.sources[index])
    if total >= source_size(&operation.sources[0]) * (operation.count - 1):
        return NULL
    others = zset_gather(0)
    for index in range(1, operation.count):
        unite(&operation.sources[index], others, MIN)
    return others


cdef bint is_in_others(const Operation *operation, SortedSet *others, Slice member) noexcept nogil:
    cdef size_t index
    cdef double score
    if others != NULL:
        return zset_score(others, member, &score)
    for index in range(1, operation.count):
        if source_score(&operation.sources[index], member, &score):
            return True
    return False


cdef SortedSet *difference_of(const Operation *operation) noexcept nogil:
    cdef SortedSet *result = zset_gather(0)
    cdef SortedSet *others = others_united(operation) if operation.count > 2 else NULL
    cdef SourceWalk walk
    cdef ScoredMember member
    cdef bint created
    source_iterate(&operation.sources[0], &walk)
    while source_next(&walk, &member):
        offer_turn()
        if not is_in_others(operation, others, member.member):
            zset_gathered(result, member.member, &created)[0] = member.score
    source_iterate_end(&walk)
    if others != NULL:
        zset_free(others)
    return result


cdef SortedSet *result_of(Call *call, const Operation *operation) noexcept nogil:
    """Returns the result; it is packed only if it is to be stored."""
    cdef SortedSetLimits limits = sorted_set_limits(call)
    cdef SortedSet *result
    if not operation.stores:
        limits.entries = 0
    if operation.kind == UNION:
        result = union_of(operation)
    elif operation.kind == INTERSECTION:
        result = zset_gather(0)
        intersect(operation, result)
    else:
        result = difference_of(operation)
    zset_arrange(&result, &limits)
    return result


# ---- replies ----

cdef Replied reply_result(Call *call, SortedSet *result, bint scored) noexcept nogil:
    cdef bint nested = call.reply.protocol > 2
    cdef SortedSetIterator iterator
    cdef ScoredMember member
    cdef size_t size = zset_size(result)
    reply_array(call.reply, 2 * size if scored and not nested else size)
    zset_iterate(result, 0, size, False, &iterator)
    while zset_next(&iterator, &member):
        offer_turn()
        reply_member(call.reply, &member, scored, nested)
    zset_iterate_end(&iterator)
    zset_free(result)
    return 0


cdef Replied operate(Call *call, const Operation *operation) noexcept nogil:
    cdef const char *event
    if operation.kind != DIFFERENCE:
        sort_by_size(operation.sources, operation.count)
    if operation.counts:
        return reply_integer(call.reply, <int64_t> intersect(operation, NULL))
    if not operation.stores:
        return reply_result(call, result_of(call, operation), operation.scored)
    event = "zunionstore" if operation.kind == UNION else (
        "zinterstore" if operation.kind == INTERSECTION else "zdiffstore")
    return reply_integer(call.reply, <int64_t> store_result(call, 1, result_of(call, operation), event))


cdef Replied operate_on_keys(Call *call, Kind kind, bint stores, bint counts) noexcept nogil:
    cdef int at = 2 if stores else 1
    cdef Operation operation
    operation.kind = kind
    operation.stores = stores
    operation.counts = counts
    operation.aggregation = SUM
    operation.scored = False
    operation.limit = 0
    if not read_key_count(call, at, &operation):
        return 0
    operation.sources = <Source *> mem_alloc(operation.count * sizeof(Source))
    if read_sources(call, at + 1, &operation):
        operate(call, &operation)
    mem_free(operation.sources, operation.count * sizeof(Source))
    return 0


cdef Replied zunion(Call *call) noexcept nogil:
    return operate_on_keys(call, UNION, False, False)


cdef Replied zunionstore(Call *call) noexcept nogil:
    return operate_on_keys(call, UNION, True, False)


cdef Replied zinter(Call *call) noexcept nogil:
    return operate_on_keys(call, INTERSECTION, False, False)


cdef Replied zinterstore(Call *call) noexcept nogil:
    return operate_on_keys(call, INTERSECTION, True, False)


cdef Replied zintercard(Call *call) noexcept nogil:
    return operate_on_keys(call, INTERSECTION, False, True)


cdef Replied zdiff(Call *call) noexcept nogil:
    return operate_on_keys(call, DIFFERENCE, False, False)


cdef Replied zdiffstore(Call *call) noexcept nogil:
    return operate_on_keys(call, DIFFERENCE, True, False)


HANDLERS = {
    "zdiff": native(zdiff),
    "zdiffstore": native(zdiffstore),
    "zinter": native(zinter),
    "zintercard": native(zintercard),
    "zinterstore": native(zinterstore),
    "zunion": native(zunion),
    "zunionstore": native(zunionstore),
}

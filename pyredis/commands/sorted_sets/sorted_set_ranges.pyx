"""The sorted set commands about ranges: of ranks, of scores, of texts.

Every range is first converted to a range of ranks [begin, end). Returning, counting, storing and removing a range are
then one function each.
"""

from libc.stdint cimport int64_t

from pyredis._resp cimport Replied, reply_array, reply_error, reply_integer
from pyredis.call.call cimport Call
from pyredis.call.errors cimport integer_argument, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_write_kind
from pyredis.commands.sorted_sets.sorted_set_access cimport (
    read_sorted_set,
    reply_member,
    sorted_set_limits,
    sorted_set_of,
    store_fewer_members,
    store_result,
)
from pyredis.ground.base cimport Slice, equals_nocase
from pyredis.ground.doubles cimport parse_double_loosely
from pyredis.ground.turns cimport offer_turn
from pyredis.keyspace.keyspace cimport ZSET, Entry
from pyredis.types.sorted_set.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set.sorted_set cimport (
    ZSET_TREE,
    SortedSet,
    SortedSetIterator,
    SortedSetLimits,
    zset_add,
    zset_delete_range,
    zset_form,
    zset_iterate,
    zset_iterate_end,
    zset_new,
    zset_new_for,
    zset_next,
    zset_rank_of_score,
    zset_rank_of_text,
    zset_size,
)

cdef enum RangeKind:
    BY_RANK = 1
    BY_SCORE = 2
    BY_LEX = 3

cdef enum Edge:
    LOWEST = 0              # before everything
    HIGHEST = 1             # after everything
    AT_TEXT = 2

cdef enum:
    UNDECIDED = 0           # ZRANGE: the options decide
    FORWARD = 1
    BACKWARD = 2

# One end of a range of scores or texts.
ctypedef struct Bound:
    double score
    Slice text
    Edge edge
    bint exclusive

# What a command asks for.
ctypedef struct Range:
    RangeKind kind
    bint reverse
    bint scored             # WITHSCORES
    int64_t start           # BY_RANK
    int64_t stop
    Bound low
    Bound high
    int64_t offset          # LIMIT
    int64_t limit           # negative: all

# A range of ranks.
ctypedef struct Ranks:
    size_t begin
    size_t end


# ---- reading a range ----

cdef bint read_score(Slice text, Bound *bound) noexcept nogil:
    bound.exclusive = text.size > 0 and text.data[0] == c'('
    if bound.exclusive:
        text.data += 1
        text.size -= 1
    return parse_double_loosely(text, &bound.score)


cdef bint read_text(Slice text, Bound *bound) noexcept nogil:
    bound.edge = AT_TEXT
    bound.exclusive = False
    if text.size == 1 and (text.data[0] == c'-' or text.data[0] == c'+'):
        bound.edge = LOWEST if text.data[0] == c'-' else HIGHEST
        return True
    if text.size == 0 or (text.data[0] != c'(' and text.data[0] != c'['):
        return False
    bound.exclusive = text.data[0] == c'('
    bound.text.data = text.data + 1
    bound.text.size = text.size - 1
    return True


cdef bint read_bounds(Call *call, int low, int high, Range *range_) noexcept nogil:
    """Reads arguments ``low`` and ``high`` as bounds of the range's kind; on error, replies and returns False."""
    if range_.kind == BY_RANK:
        return integer_argument(call, low, &range_.start) and integer_argument(call, high, &range_.stop)
    if range_.kind == BY_SCORE:
        if read_score(call.argv[low], &range_.low) and read_score(call.argv[high], &range_.high):
            return True
        reply_error(call.reply, "ERR min or max is not a float")
        return False
    if read_text(call.argv[low], &range_.low) and read_text(call.argv[high], &range_.high):
        return True
    reply_error(call.reply, "ERR min or max not valid string range item")
    return False


# ---- from a range to ranks ----

cdef Ranks ranks_of_ranks(int64_t start, int64_t stop, int64_t size, bint reverse) noexcept nogil:
    cdef Ranks ranks
    ranks.begin = 0
    ranks.end = 0
    start = max(start + size if start < 0 else start, 0)
    stop = min(stop + size if stop < 0 else stop, size - 1)
    if start <= stop:
        ranks.begin = <size_t> (size - 1 - stop if reverse else start)
        ranks.end = ranks.begin + <size_t> (stop - start + 1)
    return ranks


cdef size_t rank_of_text_bound(const SortedSet *set, const Bound *bound, bint after) noexcept nogil:
    if bound.edge == AT_TEXT:
        return zset_rank_of_text(set, bound.text, after)
    return zset_size(set) if bound.edge == HIGHEST else 0


cdef Ranks ranks_of(const SortedSet *set, const Range *range_) noexcept nogil:
    """Returns the ranks of the entire range, without LIMIT; ``end`` is not less than ``begin``."""
    cdef Ranks ranks
    if range_.kind == BY_RANK:
        return ranks_of_ranks(range_.start, range_.stop, <int64_t> zset_size(set), range_.reverse)
    if range_.kind == BY_SCORE:
        ranks.begin = zset_rank_of_score(set, range_.low.score, range_.low.exclusive)
        ranks.end = zset_rank_of_score(set, range_.high.score, not range_.high.exclusive)
    else:
        ranks.begin = rank_of_text_bound(set, &range_.low, range_.low.exclusive)
        ranks.end = rank_of_text_bound(set, &range_.high, not range_.high.exclusive)
    ranks.end = max(ranks.begin, ranks.end)
    return ranks


cdef inline size_t skipped_by(const SortedSet *set, int64_t offset, size_t count) noexcept nogil:
    """Returns how many of ``count`` ranks LIMIT skips.

    As in Redis 7.4, a negative offset counts from their end in a skiplist, and skips all of them in a listpack.
    """
    if offset >= 0:
        return min(count, <size_t> offset)
    if zset_form(set) == ZSET_TREE and offset >= -<int64_t> count:
        return count - <size_t> -offset
    return count


cdef Ranks limited(const SortedSet *set, Ranks ranks, const Range *range_) noexcept nogil:
    """Returns the ranks that LIMIT leaves. BY_RANK accepts only ``LIMIT offset -1``, which has no effect."""
    cdef size_t count = ranks.end - ranks.begin, skipped, left
    if range_.kind == BY_RANK:
        return ranks
    skipped = skipped_by(set, range_.offset, count)
    left = count - skipped
    if range_.limit >= 0:
        left = min(left, <size_t> range_.limit)
    if range_.reverse:
        ranks.begin = ranks.end - skipped - left
    else:
        ranks.begin += skipped
    ranks.end = ranks.begin + left
    return ranks


# ---- the ZRANGE family ----

cdef bint is_option(Call *call, int at, int *kind, int *direction) noexcept nogil:
    """Reads an option of one word; returns False if the argument is none."""
    if kind[0] == UNDECIDED and equals_nocase(call.argv[at], "byscore"):
        kind[0] = BY_SCORE
    elif kind[0] == UNDECIDED and equals_nocase(call.argv[at], "bylex"):
        kind[0] = BY_LEX
    elif direction[0] == UNDECIDED and equals_nocase(call.argv[at], "rev"):
        direction[0] = BACKWARD
    else:
        return False
    return True


cdef bint read_options(Call *call, int at, bint store, int kind, int direction, Range *range_) noexcept nogil:
    range_.scored = False
    range_.offset = 0
    range_.limit = -1
    while at < call.argc:
        if not store and equals_nocase(call.argv[at], "withscores"):
            range_.scored = True
        elif call.argc - at > 2 and equals_nocase(call.argv[at], "limit"):
            if not integer_argument(call, at + 1, &range_.offset) or not integer_argument(call, at + 2, &range_.limit):
                return False
            at += 2
        elif not is_option(call, at, &kind, &direction):
            reply_syntax_error(call)
            return False
        at += 1
    range_.kind = <RangeKind> (kind if kind else BY_RANK)
    range_.reverse = direction == BACKWARD
    return True


cdef bint read_range(Call *call, int key, bint store, int kind, int direction, Range *range_) noexcept nogil:
    """Reads the arguments after the key at argument ``key``; on error, replies and returns False."""
    cdef bint swapped
    if not read_options(call, key + 3, store, kind, direction, range_):
        return False
    if range_.limit != -1 and range_.kind == BY_RANK:
        reply_error(call.reply, "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
        return False
    if range_.scored and range_.kind == BY_LEX:
        reply_error(call.reply, "ERR syntax error, WITHSCORES not supported in combination with BYLEX")
        return False
    swapped = range_.reverse and range_.kind != BY_RANK
    return read_bounds(call, key + (2 if swapped else 1), key + (1 if swapped else 2), range_)


cdef Replied reply_range(Call *call, int kind, int direction) noexcept nogil:
    cdef bint nested = call.reply.protocol > 2
    cdef SortedSetIterator iterator
    cdef ScoredMember member
    cdef SortedSet *set
    cdef Range range_
    cdef Ranks ranks
    if not read_range(call, 1, False, kind, direction, &range_):
        return 0
    set = read_sorted_set(call, 1)
    if call.failed:
        return 0
    if set == NULL:
        return reply_array(call.reply, 0)
    ranks = limited(set, ranks_of(set, &range_), &range_)
    reply_array(call.reply, (ranks.end - ranks.begin) * (2 if range_.scored and not nested else 1))
    zset_iterate(set, ranks.begin, ranks.end, range_.reverse, &iterator)
    while zset_next(&iterator, &member):
        offer_turn()
        reply_member(call.reply, &member, range_.scored, nested)
    zset_iterate_end(&iterator)
    return 0


cdef Replied zrange(Call *call) noexcept nogil:
    return reply_range(call, UNDECIDED, UNDECIDED)


cdef Replied zrevrange(Call *call) noexcept nogil:
    return reply_range(call, BY_RANK, BACKWARD)


cdef Replied zrangebyscore(Call *call) noexcept nogil:
    return reply_range(call, BY_SCORE, FORWARD)


cdef Replied zrevrangebyscore(Call *call) noexcept nogil:
    return reply_range(call, BY_SCORE, BACKWARD)


cdef Replied zrangebylex(Call *call) noexcept nogil:
    return reply_range(call, BY_LEX, FORWARD)


cdef Replied zrevrangebylex(Call *call) noexcept nogil:
    return reply_range(call, BY_LEX, BACKWARD)


cdef SortedSet *copy_of_range(Call *call, SortedSet *set, const Range *range_) noexcept nogil:
    """Copies the range into a new set.

    As in Redis, the number of ranks decides the encoding of a range by rank, the members added that of other ranges.
    """
    cdef SortedSetLimits limits = sorted_set_limits(call)
    cdef Ranks ranks = limited(set, ranks_of(set, range_), range_)
    cdef SortedSet *copy = zset_new_for(ranks.end - ranks.begin if range_.kind == BY_RANK else 0, 0, &limits)
    cdef SortedSetIterator iterator
    cdef ScoredMember member
    zset_iterate(set, ranks.begin, ranks.end, False, &iterator)
    while zset_next(&iterator, &member):
        offer_turn()
        zset_add(&copy, member.member, &member.score, 0, &limits)
    zset_iterate_end(&iterator)
    return copy


cdef Replied zrangestore(Call *call) noexcept nogil:
    cdef SortedSet *set
    cdef Range range_
    if not read_range(call, 2, True, UNDECIDED, UNDECIDED, &range_):
        return 0
    set = read_sorted_set(call, 2)
    if call.failed:
        return 0
    set = copy_of_range(call, set, &range_) if set != NULL else zset_new()
    return reply_integer(call.reply, <int64_t> store_result(call, 1, set, "zrangestore"))


# ---- counting ----

cdef Replied count_range(Call *call, RangeKind kind) noexcept nogil:
    cdef SortedSet *set
    cdef Range range_
    cdef Ranks ranks
    range_.kind = kind
    if not read_bounds(call, 2, 3, &range_):
        return 0
    set = read_sorted_set(call, 1)
    if call.failed:
        return 0
    if set == NULL:
        return reply_integer(call.reply, 0)
    ranks = ranks_of(set, &range_)
    return reply_integer(call.reply, <int64_t> (ranks.end - ranks.begin))


cdef Replied zcount(Call *call) noexcept nogil:
    return count_range(call, BY_SCORE)


cdef Replied zlexcount(Call *call) noexcept nogil:
    return count_range(call, BY_LEX)


# ---- removing ----

cdef Replied remove_range(Call *call, RangeKind kind, const char *event) noexcept nogil:
    cdef Entry *entry
    cdef SortedSet *set
    cdef Range range_
    cdef Ranks ranks
    range_.kind = kind
    range_.reverse = False
    if not read_bounds(call, 2, 3, &range_):
        return 0
    entry = lookup_write_kind(call, 1, ZSET)
    if call.failed:
        return 0
    if entry == NULL:
        return reply_integer(call.reply, 0)
    set = sorted_set_of(entry)
    ranks = ranks_of(set, &range_)
    if ranks.begin < ranks.end:
        zset_delete_range(&set, ranks.begin, ranks.end)
        store_fewer_members(call, 1, entry, set, event, ranks.end - ranks.begin)
    return reply_integer(call.reply, <int64_t> (ranks.end - ranks.begin))


cdef Replied zremrangebyrank(Call *call) noexcept nogil:
    return remove_range(call, BY_RANK, "zremrangebyrank")


cdef Replied zremrangebyscore(Call *call) noexcept nogil:
    return remove_range(call, BY_SCORE, "zremrangebyscore")


cdef Replied zremrangebylex(Call *call) noexcept nogil:
    return remove_range(call, BY_LEX, "zremrangebylex")


HANDLERS = {
    "zcount": native(zcount),
    "zlexcount": native(zlexcount),
    "zrange": native(zrange),
    "zrangebylex": native(zrangebylex),
    "zrangebyscore": native(zrangebyscore),
    "zrangestore": native(zrangestore),
    "zremrangebylex": native(zremrangebylex),
    "zremrangebyrank": native(zremrangebyrank),
    "zremrangebyscore": native(zremrangebyscore),
    "zrevrange": native(zrevrange),
    "zrevrangebylex": native(zrevrangebylex),
    "zrevrangebyscore": native(zrevrangebyscore),
}

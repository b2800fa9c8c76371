"""The sorted set commands about members named one by one, or at random, or taken from an end.

Additions stand in ``sorted_set_additions``, ranges in ``sorted_set_ranges``, unions and their like in
``sorted_set_operations``.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

from pyredis._resp cimport (
    Replied,
    Reply,
    reply_array,
    reply_bulk,
    reply_double,
    reply_error,
    reply_integer,
    reply_null,
    reply_null_array,
    reply_open,
    reply_slice,
)
from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_CLOSE_NOW
from pyredis.call.errors cimport integer_argument, reply_out_of_range, reply_syntax_error, reply_wrong_arity
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_write_kind
from pyredis.commands.generic.scan cimport ScanOptions, scan_close, scan_cursor, scan_is_done, scan_options
from pyredis.commands.sorted_sets.sorted_set_access cimport (
    read_sorted_set,
    reply_member,
    sorted_set_of,
    store_fewer_members,
)
from pyredis.ground.base cimport Slice, equals_nocase
from pyredis.ground.doubles cimport format_double, format_double_long
from pyredis.ground.glob cimport glob_match
from pyredis.keyspace.keyspace cimport ZSET, Entry, ValueType, value_type_register
from pyredis.types.sorted_set.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set.sorted_set cimport (
    ZSET_PACKED,
    SortedSet,
    zset_copy,
    zset_delete,
    zset_encoding,
    zset_form,
    zset_free_some,
    zset_memory,
    zset_prefetch_member,
    zset_prefetch_place,
    zset_random,
    zset_rank,
    zset_sample,
    zset_scan,
    zset_score,
    zset_size,
)

cdef enum:
    # A negative count of ZRANDMEMBER asks for as many members as it likes: past this many bytes the client goes.
    RANDOM_REPLY_MAX = 1 << 30

cdef const char *NOT_A_COUNT = (
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")

# What a visitor of members tells the client.
ctypedef struct Teller:
    Reply *reply
    bint scored
    bint nested             # each pair an array of its own
    bint packed             # scores of a scan look as in a pack
    const Slice *pattern    # NULL for every member
    size_t visited
    size_t told


# ---- members by name ----

cdef Replied zrem(Call *call) noexcept nogil:
    cdef Entry *entry = lookup_write_kind(call, 1, ZSET)
    cdef SortedSet *set = sorted_set_of(entry)
    cdef int64_t deleted = 0
    cdef int index
    if call.failed:
        return 0
    if entry == NULL:
        return reply_integer(call.reply, 0)
    for index in range(2, call.argc):
        if zset_size(set):
            deleted += zset_delete(&set, call.argv[index])
    if deleted:
        store_fewer_members(call, 1, entry, set, "zrem", deleted)
    return reply_integer(call.reply, deleted)


cdef Replied zcard(Call *call) noexcept nogil:
    cdef SortedSet *set = read_sorted_set(call, 1)
    if call.failed:
        return 0
    return reply_integer(call.reply, <int64_t> zset_size(set) if set != NULL else 0)


cdef Replied zscore(Call *call) noexcept nogil:
    cdef SortedSet *set = read_sorted_set(call, 1)
    cdef double score
    if call.failed:
        return 0
    if set != NULL and zset_score(set, call.argv[2], &score):
        return reply_double(call.reply, score)
    return reply_null(call.reply)


cdef Replied zmscore(Call *call) noexcept nogil:
    cdef SortedSet *set = read_sorted_set(call, 1)
    cdef double score
    cdef int index
    if call.failed:
        return 0
    reply_array(call.reply, call.argc - 2)
    for index in range(2, call.argc):
        if set != NULL and zset_score(set, call.argv[index], &score):
            reply_double(call.reply, score)
        else:
            reply_null(call.reply)
    return 0


cdef Replied rank_generic(Call *call, bint reverse) noexcept nogil:
    cdef bint scored = call.argc == 4
    cdef SortedSet *set
    cdef int64_t rank = -1
    cdef double score = 0
    if call.argc > 4:
        return reply_wrong_arity(call)
    if scored and not equals_nocase(call.argv[3], "withscore"):
        return reply_syntax_error(call)
    set = read_sorted_set(call, 1)
    if call.failed:
        return 0
    if set != NULL:
        rank = zset_rank(set, call.argv[2], &score)
    if rank < 0:
        return reply_null_array(call.reply) if scored else reply_null(call.reply)
    if reverse:
        rank = <int64_t> zset_size(set) - 1 - rank
    if scored:
        reply_array(call.reply, 2)
    reply_integer(call.reply, rank)
    return reply_double(call.reply, score) if scored else 0


cdef Replied zrank(Call *call) noexcept nogil:
    return rank_generic(call, False)


cdef Replied zrevrank(Call *call) noexcept nogil:
    return rank_generic(call, True)


# ---- random members ----

cdef void tell(void *context, const ScoredMember *member) noexcept nogil:
    cdef Teller *teller = <Teller *> context
    reply_member(teller.reply, member, teller.scored, teller.nested)


cdef void reply_with_repetition(Call *call, SortedSet *set, uint64_t count, Teller *teller) noexcept nogil:
    cdef size_t begin = call.reply.size
    cdef ScoredMember member
    while count and call.reply.size - begin < RANDOM_REPLY_MAX:
        zset_random(set, &call.server.keyspace.random, &member)
        tell(teller, &member)
        count -= 1
    if count:
        call.client.flags |= CLIENT_CLOSE_NOW


cdef Replied reply_random(Call *call) noexcept nogil:
    cdef SortedSet *set = read_sorted_set(call, 1)
    cdef ScoredMember member
    if call.failed:
        return 0
    if set == NULL:
        return reply_null(call.reply)
    zset_random(set, &call.server.keyspace.random, &member)
    return reply_slice(call.reply, member.member)


cdef Replied reply_random_members(Call *call, int64_t count, bint scored) noexcept nogil:
    cdef SortedSet *set = read_sorted_set(call, 1)
    cdef uint64_t wanted = <uint64_t> count if count >= 0 else 0 - <uint64_t> count
    cdef Teller teller
    if call.failed:
        return 0
    if set == NULL or count == 0:
        return reply_array(call.reply, 0)
    memset(&teller, 0, sizeof(teller))
    teller.reply = call.reply
    teller.scored = scored
    teller.nested = call.reply.protocol > 2
    if count > 0:
        wanted = min(wanted, <uint64_t> zset_size(set))
    reply_array(call.reply, 2 * wanted if scored and not teller.nested else wanted)
    if count < 0:
        reply_with_repetition(call, set, wanted, &teller)
    else:
        zset_sample(set, wanted, &call.server.keyspace.random, tell, &teller)
    return 0


cdef Replied zrandmember(Call *call) noexcept nogil:
    cdef int64_t count, most = 0x7fffffffffffffff
    cdef bint scored = call.argc == 4
    if call.argc == 2:
        return reply_random(call)
    if not integer_argument(call, 2, &count):
        return 0
    if count < -most:
        return reply_error(call.reply, NOT_A_COUNT)
    if call.argc > 4 or (scored and not equals_nocase(call.argv[3], "withscores")):
        return reply_syntax_error(call)
    if scored and (count < -(most // 2) or count > most // 2):
        return reply_out_of_range(call)
    return reply_random_members(call, count, scored)


# ---- ZSCAN ----

cdef void tell_scanned(void *context, const ScoredMember *member) noexcept nogil:
    cdef Teller *teller = <Teller *> context
    cdef char text[40]
    cdef size_t size
    teller.visited += 1
    if teller.pattern != NULL and not glob_match(teller.pattern[0], member.member, False):
        return
    teller.told += 1
    reply_slice(teller.reply, member.member)
    size = format_double(text, member.score) if teller.packed else format_double_long(text, member.score)
    reply_bulk(teller.reply, text, size)


cdef uint64_t scan_some(SortedSet *set, const ScanOptions *options, Teller *teller) noexcept nogil:
    cdef uint64_t cursor = options.cursor
    cdef int64_t buckets = 0
    while True:
        cursor = zset_scan(set, cursor, tell_scanned, teller)
        buckets += 1
        if scan_is_done(options, cursor, buckets, teller.visited):
            return cursor


cdef Replied zscan(Call *call) noexcept nogil:
    cdef SortedSet *set
    cdef ScanOptions options
    cdef Teller teller
    cdef uint64_t cursor
    cdef size_t offset
    if not scan_cursor(call, 2, &options):
        return 0
    set = read_sorted_set(call, 1)
    if call.failed:
        return 0
    offset = reply_open(call.reply)
    if set == NULL:
        return scan_close(call.reply, offset, 0, 0)
    if not scan_options(call, 3, False, &options):
        return 0
    memset(&teller, 0, sizeof(teller))
    teller.reply = call.reply
    teller.packed = zset_form(set) == ZSET_PACKED
    teller.pattern = &options.pattern if not options.everything else NULL
    cursor = scan_some(set, &options, &teller)
    return scan_close(call.reply, offset, cursor, 2 * teller.told)


value_type_register(ZSET, ValueType(
    release=zset_free_some,
    effort=zset_size,
    copy=zset_copy,
    footprint=zset_memory,
    encoding=zset_encoding,
    prefetch_place=zset_prefetch_place,
    prefetch_part=zset_prefetch_member,
))

from pyredis.commands.sorted_sets.sorted_set_additions import HANDLERS as ADDITION_HANDLERS  # noqa: E402
from pyredis.commands.sorted_sets.sorted_set_operations import HANDLERS as OPERATION_HANDLERS  # noqa: E402
from pyredis.commands.sorted_sets.sorted_set_pops import HANDLERS as POP_HANDLERS  # noqa: E402
from pyredis.commands.sorted_sets.sorted_set_ranges import HANDLERS as RANGE_HANDLERS  # noqa: E402

HANDLERS = {
    "zcard": native(zcard),
    "zmscore": native(zmscore),
    "zrandmember": native(zrandmember),
    "zrank": native(zrank),
    "zrem": native(zrem),
    "zrevrank": native(zrevrank),
    "zscan": native(zscan),
    "zscore": native(zscore),
    **ADDITION_HANDLERS,
    **OPERATION_HANDLERS,
    **POP_HANDLERS,
    **RANGE_HANDLERS,
}

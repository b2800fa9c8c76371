"""The sorted set commands about members by name and about random members, and ZSCAN.

Additions are in ``sorted_set_additions``, pops in ``sorted_set_pops``, ranges in ``sorted_set_ranges``, unions and the
like in ``sorted_set_operations``.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport (
    Replied,
    Reply,
    reply_array,
    reply_bulk,
    reply_double,
    reply_integer,
    reply_null,
    reply_null_array,
    reply_slice,
)
from pyredis.call.call cimport Call
from pyredis.call.errors cimport reply_syntax_error, reply_wrong_arity
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_write_kind
from pyredis.commands.generic.scan cimport PartScan, scan_parts, scan_takes
from pyredis.commands.random_parts cimport open_random, random_pair_count, reply_repeatedly
from pyredis.commands.sorted_sets.sorted_set_access cimport (
    read_sorted_set,
    reply_member,
    sorted_set_of,
    store_fewer_members,
)
from pyredis.ground.base cimport equals_nocase
from pyredis.ground.doubles cimport format_double, format_double_long
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

# How random members are written.
ctypedef struct Writer:
    Reply *reply
    SortedSet *set
    bint scored
    bint nested             # each pair an array of its own


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

cdef void write_member(void *context, const ScoredMember *member) noexcept nogil:
    cdef Writer *writer = <Writer *> context
    reply_member(writer.reply, member, writer.scored, writer.nested)


cdef void write_any(Call *call, void *context) noexcept nogil:
    cdef ScoredMember member
    zset_random((<Writer *> context).set, &call.server.keyspace.random, &member)
    write_member(context, &member)


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
    cdef uint64_t parts
    cdef Writer writer
    if call.failed:
        return 0
    if set == NULL or count == 0:
        return reply_array(call.reply, 0)
    writer.reply = call.reply
    writer.set = set
    writer.scored = scored
    writer.nested = call.reply.protocol > 2
    parts = open_random(call, count, zset_size(set), scored)
    if count < 0:
        reply_repeatedly(call, parts, write_any, &writer)
    else:
        zset_sample(set, parts, &call.server.keyspace.random, write_member, &writer)
    return 0


cdef Replied zrandmember(Call *call) noexcept nogil:
    cdef int64_t count
    cdef bint scored
    if call.argc == 2:
        return reply_random(call)
    if not random_pair_count(call, "withscores", &count, &scored):
        return 0
    return reply_random_members(call, count, scored)


# ---- ZSCAN ----

cdef void reply_scanned(void *context, const ScoredMember *member) noexcept nogil:
    """Replies with a member and its score. As in Redis, the set's encoding decides how the score is written."""
    cdef PartScan *scan = <PartScan *> context
    cdef char text[40]
    cdef size_t size
    if not scan_takes(scan, member.member):
        return
    reply_slice(scan.call.reply, member.member)
    if zset_form(<SortedSet *> scan.value) == ZSET_PACKED:
        size = format_double(text, member.score)
    else:
        size = format_double_long(text, member.score)
    reply_bulk(scan.call.reply, text, size)


cdef uint64_t scan_step(PartScan *scan, uint64_t cursor) noexcept nogil:
    return zset_scan(<SortedSet *> scan.value, cursor, reply_scanned, scan)


cdef Replied zscan(Call *call) noexcept nogil:
    return scan_parts(call, ZSET, False, scan_step, 2)


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

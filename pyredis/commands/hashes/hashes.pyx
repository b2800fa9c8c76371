"""The hash commands, except those for the expiry of fields (``hash_expiry``) and those that combine two actions
(``hash_combined``)."""

from libc.math cimport isinf, isnan
from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport (
    ARRAY,
    MAP,
    Replied,
    Reply,
    reply_aggregate,
    reply_array,
    reply_error,
    reply_integer,
    reply_null,
    reply_ok,
    reply_slice,
)
from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_HASH, changed, count_as
from pyredis.call.errors cimport integer_argument, reply_not_float, reply_wrong_arity
from pyredis.call.field_expiry cimport field_clock
from pyredis.call.handlers cimport native
from pyredis.call.propagation cimport propagate_instead, propagate_nothing
from pyredis.commands.generic.scan cimport PartScan, scan_parts, scan_takes
from pyredis.commands.hashes.hash_access cimport (
    HashAccess,
    find_hash,
    open_hash,
    provide_hash,
    read_hash,
    store_fewer_fields,
    store_hash,
)
from pyredis.commands.random_parts cimport open_random, random_pair_count, reply_repeatedly
from pyredis.ground.base cimport Slice, format_int64, literal, slice_of
from pyredis.ground.long_doubles cimport LONG_DOUBLE_TEXT, format_long_double, parse_long_double
from pyredis.ground.turns cimport offer_turn
from pyredis.keyspace.keyspace cimport HASH, ValueType, value_type_register
from pyredis.types.hash.hash cimport (
    HASH_NUMBER_INVALID,
    HASH_NUMBER_OK,
    Hash,
    HashEntry,
    HashNumber,
    hash_copy,
    hash_delete,
    hash_encoding,
    hash_free_some,
    hash_get,
    hash_increment,
    hash_memory,
    hash_prefetch_field,
    hash_prefetch_place,
    hash_set,
    hash_set_pairs,
    hash_size,
)
from pyredis.types.hash.hash_walk cimport (
    HashIterator,
    hash_iterate,
    hash_iterate_end,
    hash_living,
    hash_next,
    hash_random,
    hash_sample,
    hash_scan,
)

from pyredis.commands.hashes.hash_combined import HANDLERS as COMBINED_HANDLERS
from pyredis.commands.hashes.hash_expiry import HANDLERS as EXPIRY_HANDLERS

# The parts of a field that a reply contains.
cdef enum Part:
    FIELDS = 1
    VALUES = 2
    PAIRS = 3

# How random fields are written.
ctypedef struct Writer:
    Reply *reply
    Hash *hash
    int64_t now
    int parts
    bint nested             # each pair is an array of its own


cdef inline Replied reply_parts(Reply *reply, const HashEntry *entry, int parts) noexcept nogil:
    if parts & FIELDS:
        reply_slice(reply, entry.field)
    if parts & VALUES:
        reply_slice(reply, entry.value)
    return 0


# ---- one field ----

cdef inline bint get_field(Call *call, HashEntry *found) noexcept nogil:
    """Looks up the field at argument 2 of the hash at argument 1; returns False if it does not exist or if
    ``call.failed``."""
    cdef Hash *hash = read_hash(call)
    return hash != NULL and hash_get(hash, call.argv[2], field_clock(call.server), found)


cdef Replied hget(Call *call) noexcept nogil:
    cdef HashEntry found
    if get_field(call, &found):
        return reply_slice(call.reply, found.value)
    return 0 if call.failed else reply_null(call.reply)


cdef Replied hexists(Call *call) noexcept nogil:
    cdef HashEntry found
    if get_field(call, &found):
        return reply_integer(call.reply, 1)
    return 0 if call.failed else reply_integer(call.reply, 0)


cdef Replied hstrlen(Call *call) noexcept nogil:
    cdef HashEntry found
    if get_field(call, &found):
        return reply_integer(call.reply, <int64_t> found.value.size)
    return 0 if call.failed else reply_integer(call.reply, 0)


cdef Replied hsetnx(Call *call) noexcept nogil:
    cdef HashAccess access
    cdef HashEntry found
    if not find_hash(call, &access):
        return 0
    if access.hash != NULL and hash_get(access.hash, call.argv[2], access.now, &found):
        return reply_integer(call.reply, 0)
    provide_hash(&access)
    hash_set(&access.hash, call.argv[2], call.argv[3], &access.limits, False)
    store_hash(call, &access)
    changed(call, 1, EVENT_HASH, "hset")
    return reply_integer(call.reply, 1)


# ---- several fields ----

cdef bint set_fields(Call *call, int64_t *created) noexcept nogil:
    """Sets the fields and counts the new ones; returns False after replying with an error."""
    cdef HashAccess access
    if call.argc % 2:
        reply_wrong_arity(call)
        return False
    if not open_hash(call, &access):
        return False
    created[0] = <int64_t> hash_set_pairs(&access.hash, call.argv + 2, (call.argc - 2) // 2, &access.limits)
    store_hash(call, &access)
    changed(call, 1, EVENT_HASH, "hset")
    count_as(call, (call.argc - 2) // 2)
    return True


cdef Replied hset(Call *call) noexcept nogil:
    cdef int64_t created
    if not set_fields(call, &created):
        return 0
    return reply_integer(call.reply, created)


cdef Replied hmset(Call *call) noexcept nogil:
    cdef int64_t created
    if not set_fields(call, &created):
        return 0
    return reply_ok(call.reply)


cdef Replied hmget(Call *call) noexcept nogil:
    cdef Hash *hash = read_hash(call)
    cdef HashEntry found
    cdef int index
    if call.failed:
        return 0
    reply_array(call.reply, call.argc - 2)
    for index in range(2, call.argc):
        if hash != NULL and hash_get(hash, call.argv[index], field_clock(call.server), &found):
            reply_slice(call.reply, found.value)
        else:
            reply_null(call.reply)
    return 0


cdef Replied hdel(Call *call) noexcept nogil:
    cdef HashAccess access
    cdef int64_t deleted = 0
    cdef int index
    if not find_hash(call, &access):
        return 0
    if access.hash == NULL:
        return reply_integer(call.reply, 0)
    for index in range(2, call.argc):
        deleted += hash_delete(&access.hash, call.argv[index])
    if deleted:
        store_fewer_fields(call, &access, "hdel", deleted)
    return reply_integer(call.reply, deleted)


# ---- all fields ----

cdef Replied hlen(Call *call) noexcept nogil:
    cdef Hash *hash = read_hash(call)
    if call.failed:
        return 0
    return reply_integer(call.reply, <int64_t> hash_size(hash) if hash != NULL else 0)


cdef Replied reply_hash(Call *call, int parts) noexcept nogil:
    cdef Hash *hash = read_hash(call)
    cdef int64_t now = field_clock(call.server)
    cdef HashIterator iterator
    cdef HashEntry entry
    if call.failed:
        return 0
    if hash == NULL:
        return reply_aggregate(call.reply, MAP if parts == PAIRS else ARRAY, 0)
    reply_aggregate(call.reply, MAP if parts == PAIRS else ARRAY, hash_living(hash, now))
    hash_iterate(hash, now, &iterator)
    while hash_next(&iterator, &entry):
        offer_turn()
        reply_parts(call.reply, &entry, parts)
    hash_iterate_end(&iterator)
    return 0


cdef Replied hgetall(Call *call) noexcept nogil:
    return reply_hash(call, PAIRS)


cdef Replied hkeys(Call *call) noexcept nogil:
    return reply_hash(call, FIELDS)


cdef Replied hvals(Call *call) noexcept nogil:
    return reply_hash(call, VALUES)


# ---- numbers ----

cdef Replied hincrby(Call *call) noexcept nogil:
    cdef HashAccess access
    cdef HashNumber status
    cdef int64_t delta, total
    if not integer_argument(call, 3, &delta) or not open_hash(call, &access):
        return 0
    status = hash_increment(&access.hash, call.argv[2], delta, access.now, &access.limits, &total)
    if status != HASH_NUMBER_OK:
        propagate_nothing(call)
        return refuse_increment(call, status)
    store_hash(call, &access)
    changed(call, 1, EVENT_HASH, "hincrby")
    return reply_integer(call.reply, total)


cdef Replied refuse_increment(Call *call, HashNumber status) noexcept nogil:
    """Replies with the error. The field existed, so the hash is neither new nor changed."""
    if status == HASH_NUMBER_INVALID:
        return reply_error(call.reply, "ERR hash value is not an integer")
    return reply_error(call.reply, "ERR increment or decrement would overflow")


cdef void propagate_sum(Call *call, Slice text, int64_t expiry) noexcept nogil:
    """Propagates the sum itself, because another machine might compute a different one, and the expiry, because HSET
    removes it."""
    cdef char digits[20]
    cdef Slice argv[6]
    argv[0] = literal("HSET")
    argv[1] = call.argv[1]
    argv[2] = call.argv[2]
    argv[3] = text
    propagate_instead(call, 4, argv)
    if expiry == 0:
        return
    argv[0] = literal("HPEXPIREAT")
    argv[2] = slice_of(digits, format_int64(digits, expiry))
    argv[3] = literal("FIELDS")
    argv[4] = literal("1")
    argv[5] = call.argv[2]
    propagate_instead(call, 6, argv)


cdef bint add_to_field(Call *call, HashAccess *access, long double delta, long double *total, int64_t *expiry
                       ) noexcept nogil:
    """Computes the sum and the field's expiry; returns False after replying with an error."""
    cdef HashEntry found
    total[0] = 0
    expiry[0] = 0
    if access.hash != NULL and hash_get(access.hash, call.argv[2], access.now, &found):
        expiry[0] = found.expiry
        if not parse_long_double(found.value, total):
            reply_error(call.reply, "ERR hash value is not a float")
            return False
    total[0] += delta
    if isnan(total[0]) or isinf(total[0]):
        reply_error(call.reply, "ERR increment would produce NaN or Infinity")
        return False
    return True


cdef Replied hincrbyfloat(Call *call) noexcept nogil:
    cdef HashAccess access
    cdef long double delta, total
    cdef int64_t expiry
    cdef char digits[LONG_DOUBLE_TEXT]
    cdef Slice text
    if not parse_long_double(call.argv[3], &delta):
        return reply_not_float(call)
    if isinf(delta):
        return reply_error(call.reply, "ERR value is NaN or Infinity")
    if not find_hash(call, &access):
        return 0
    if not add_to_field(call, &access, delta, &total, &expiry):
        propagate_nothing(call)
        return 0
    provide_hash(&access)
    text = slice_of(digits, format_long_double(digits, total))
    hash_set(&access.hash, call.argv[2], text, &access.limits, True)
    store_hash(call, &access)
    changed(call, 1, EVENT_HASH, "hincrbyfloat")
    propagate_sum(call, text, expiry)
    return reply_slice(call.reply, text)


# ---- random fields ----

cdef Replied reply_random(Call *call) noexcept nogil:
    cdef Hash *hash = read_hash(call)
    cdef HashEntry entry
    if call.failed:
        return 0
    if hash != NULL and hash_random(hash, field_clock(call.server), &call.server.keyspace.random, &entry):
        return reply_slice(call.reply, entry.field)
    return reply_null(call.reply)


cdef void write_field(void *context, const HashEntry *entry) noexcept nogil:
    cdef Writer *writer = <Writer *> context
    if writer.nested:
        reply_array(writer.reply, 2)
    reply_parts(writer.reply, entry, writer.parts)


cdef void write_any(Call *call, void *context) noexcept nogil:
    cdef Writer *writer = <Writer *> context
    cdef HashEntry entry
    hash_random(writer.hash, writer.now, &call.server.keyspace.random, &entry)
    write_field(writer, &entry)


cdef Replied reply_random_fields(Call *call, int64_t count, bint values) noexcept nogil:
    cdef Hash *hash = read_hash(call)
    cdef int64_t now = field_clock(call.server)
    cdef size_t living
    cdef uint64_t parts
    cdef Writer writer
    if call.failed:
        return 0
    living = hash_living(hash, now) if hash != NULL else 0
    if living == 0 or count == 0:
        return reply_array(call.reply, 0)
    writer.reply = call.reply
    writer.hash = hash
    writer.now = now
    writer.parts = PAIRS if values else FIELDS
    writer.nested = values and call.reply.protocol > 2
    parts = open_random(call, count, living, values)
    if count < 0:
        reply_repeatedly(call, parts, write_any, &writer)
    else:
        hash_sample(hash, parts, now, &call.server.keyspace.random, write_field, &writer)
    return 0


cdef Replied hrandfield(Call *call) noexcept nogil:
    cdef int64_t count
    cdef bint values
    if call.argc == 2:
        return reply_random(call)
    if not random_pair_count(call, "withvalues", &count, &values):
        return 0
    return reply_random_fields(call, count, values)


# ---- HSCAN ----

cdef void reply_scanned(void *context, const HashEntry *entry) noexcept nogil:
    cdef PartScan *scan = <PartScan *> context
    if scan_takes(scan, entry.field):
        reply_parts(scan.call.reply, entry, PAIRS if scan.options.values else FIELDS)


cdef uint64_t scan_step(PartScan *scan, uint64_t cursor) noexcept nogil:
    return hash_scan(<Hash *> scan.value, cursor, field_clock(scan.call.server), reply_scanned, scan)


cdef Replied hscan(Call *call) noexcept nogil:
    return scan_parts(call, HASH, True, scan_step, 2)


value_type_register(HASH, ValueType(
    release=hash_free_some,
    effort=hash_size,
    copy=hash_copy,
    footprint=hash_memory,
    encoding=hash_encoding,
    prefetch_place=hash_prefetch_place,
    prefetch_part=hash_prefetch_field,
))

HANDLERS = {
    "hdel": native(hdel),
    "hexists": native(hexists),
    "hget": native(hget),
    "hgetall": native(hgetall),
    "hincrby": native(hincrby),
    "hincrbyfloat": native(hincrbyfloat),
    "hkeys": native(hkeys),
    "hlen": native(hlen),
    "hmget": native(hmget),
    "hmset": native(hmset),
    "hrandfield": native(hrandfield),
    "hscan": native(hscan),
    "hset": native(hset),
    "hsetnx": native(hsetnx),
    "hstrlen": native(hstrlen),
    "hvals": native(hvals),
    **COMBINED_HANDLERS,
    **EXPIRY_HANDLERS,
}

"""The hash commands, save those for the expiry of fields (``hash_expiry``)."""

from libc.math cimport isinf, isnan
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

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
    reply_open,
    reply_slice,
)
from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_HASH, changed, count_as
from pyredis.call.client cimport CLIENT_CLOSE_NOW
from pyredis.call.errors cimport (
    integer_argument,
    reply_not_float,
    reply_out_of_range,
    reply_syntax_error,
    reply_wrong_arity,
)
from pyredis.call.field_expiry cimport field_clock
from pyredis.call.handlers cimport native
from pyredis.call.propagation cimport propagate_instead, propagate_nothing
from pyredis.commands.generic.scan cimport ScanOptions, scan_close, scan_cursor, scan_is_done, scan_options
from pyredis.commands.hashes.hash_access cimport (
    HashAccess,
    find_hash,
    open_hash,
    provide_hash,
    read_hash,
    store_fewer_fields,
    store_hash,
)
from pyredis.ground.base cimport Slice, equals_nocase, format_int64, literal, slice_of
from pyredis.ground.glob cimport glob_match
from pyredis.ground.long_doubles cimport LONG_DOUBLE_TEXT, format_long_double, parse_long_double
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

from pyredis.commands.hashes.hash_expiry import HANDLERS as EXPIRY_HANDLERS

cdef enum:
    # A negative count of HRANDFIELD asks for as many fields as it likes: past this many bytes the client goes.
    RANDOM_REPLY_MAX = 1 << 30

cdef const char *NOT_A_COUNT = (
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")

# What a visitor of fields tells the client.
cdef enum Part:
    FIELDS = 1
    VALUES = 2
    PAIRS = 3

ctypedef struct Teller:
    Reply *reply
    int parts
    bint nested             # each pair an array of its own
    const Slice *pattern    # NULL for every field
    size_t visited
    size_t told


cdef inline Replied reply_parts(Reply *reply, const HashEntry *entry, int parts) noexcept nogil:
    if parts & FIELDS:
        reply_slice(reply, entry.field)
    if parts & VALUES:
        reply_slice(reply, entry.value)
    return 0


cdef void tell(void *context, const HashEntry *entry) noexcept nogil:
    cdef Teller *teller = <Teller *> context
    teller.visited += 1
    if teller.pattern != NULL and not glob_match(teller.pattern[0], entry.field, False):
        return
    teller.told += 1
    if teller.nested:
        reply_array(teller.reply, 2)
    reply_parts(teller.reply, entry, teller.parts)


# ---- one field ----

cdef inline bint get_field(Call *call, HashEntry *found) noexcept nogil:
    """The field at argument 2 of the hash at argument 1. False without one, or when ``call.failed``."""
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
    """False when the answer has been an error."""
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


# ---- the whole ----

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
    """The field was there, so the hash is neither new nor changed."""
    if status == HASH_NUMBER_INVALID:
        return reply_error(call.reply, "ERR hash value is not an integer")
    return reply_error(call.reply, "ERR increment or decrement would overflow")


cdef void propagate_sum(Call *call, Slice text, int64_t expiry) noexcept nogil:
    """Another machine might sum differently; and HSET takes the expiry away."""
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
    """False when the answer has been an error."""
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


cdef void reply_with_repetition(Call *call, Hash *hash, int64_t now, uint64_t count, Teller *teller) noexcept nogil:
    cdef size_t begin = call.reply.size
    cdef HashEntry entry
    while count and call.reply.size - begin < RANDOM_REPLY_MAX:
        hash_random(hash, now, &call.server.keyspace.random, &entry)
        tell(teller, &entry)
        count -= 1
    if count:
        call.client.flags |= CLIENT_CLOSE_NOW


cdef Replied reply_random_fields(Call *call, int64_t count, bint values) noexcept nogil:
    cdef Hash *hash = read_hash(call)
    cdef int64_t now = field_clock(call.server)
    cdef size_t living
    cdef uint64_t wanted = <uint64_t> count if count >= 0 else 0 - <uint64_t> count
    cdef Teller teller
    if call.failed:
        return 0
    living = hash_living(hash, now) if hash != NULL else 0
    if living == 0 or count == 0:
        return reply_array(call.reply, 0)
    memset(&teller, 0, sizeof(teller))
    teller.reply = call.reply
    teller.parts = PAIRS if values else FIELDS
    teller.nested = values and call.reply.protocol > 2
    if count > 0:
        wanted = min(wanted, <uint64_t> living)
    reply_array(call.reply, wanted * 2 if values and not teller.nested else wanted)
    if count < 0:
        reply_with_repetition(call, hash, now, wanted, &teller)
    else:
        hash_sample(hash, wanted, now, &call.server.keyspace.random, tell, &teller)
    return 0


cdef Replied hrandfield(Call *call) noexcept nogil:
    cdef int64_t count, most = 0x7fffffffffffffff
    cdef bint values = call.argc == 4
    if call.argc == 2:
        return reply_random(call)
    if not integer_argument(call, 2, &count):
        return 0
    if count < -most:
        return reply_error(call.reply, NOT_A_COUNT)
    if call.argc > 4 or (values and not equals_nocase(call.argv[3], "withvalues")):
        return reply_syntax_error(call)
    if values and (count < -(most // 2) or count > most // 2):
        return reply_out_of_range(call)
    return reply_random_fields(call, count, values)


# ---- HSCAN ----

cdef uint64_t scan_some(Call *call, Hash *hash, const ScanOptions *options, Teller *teller) noexcept nogil:
    cdef uint64_t cursor = options.cursor
    cdef int64_t buckets = 0
    while True:
        cursor = hash_scan(hash, cursor, field_clock(call.server), tell, teller)
        buckets += 1
        if scan_is_done(options, cursor, buckets, teller.visited):
            return cursor


cdef Replied hscan(Call *call) noexcept nogil:
    cdef Hash *hash
    cdef ScanOptions options
    cdef Teller teller
    cdef uint64_t cursor
    cdef size_t offset
    if not scan_cursor(call, 2, &options):
        return 0
    hash = read_hash(call)
    if call.failed:
        return 0
    offset = reply_open(call.reply)
    if hash == NULL:
        return scan_close(call.reply, offset, 0, 0)
    if not scan_options(call, 3, True, &options):
        return 0
    memset(&teller, 0, sizeof(teller))
    teller.reply = call.reply
    teller.parts = PAIRS if options.values else FIELDS
    teller.pattern = &options.pattern if not options.everything else NULL
    cursor = scan_some(call, hash, &options, &teller)
    return scan_close(call.reply, offset, cursor, teller.told * (2 if options.values else 1))


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
    **EXPIRY_HANDLERS,
}

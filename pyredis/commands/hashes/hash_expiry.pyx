"""The commands for the expiry of hash fields: the HEXPIRE family, the HTTL family, HPERSIST.

Times are Unix times in ms; seconds are converted only in arguments and replies.
"""

from libc.stdint cimport int64_t

from pyredis._resp cimport Replied, reply_array, reply_error, reply_integer
from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_HASH, changed, count_as
from pyredis.call.errors cimport integer_argument, reply_invalid_expiry
from pyredis.call.field_expiry cimport field_clock
from pyredis.call.handlers cimport native
from pyredis.call.propagation cimport propagate_instead, propagate_nothing
from pyredis.commands.generic.expiry_options cimport expiry_condition, expiry_is_met
from pyredis.commands.hashes.hash_access cimport HashAccess, find_hash, read_hash, store_fewer_fields, store_hash
from pyredis.ground.base cimport Slice, equals_nocase, format_int64, literal, parse_int64, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport keyspace_mark_field_expiry
from pyredis.types.hash.hash cimport Hash, HashEntry, hash_allow_expiry, hash_delete, hash_get, hash_set_expiry

cdef enum:
    # The latest time at which a field may expire: 46 bits.
    LATEST = 0x3fffffffffff

cdef const char *FIELDS_MISPLACED = "ERR Mandatory argument FIELDS is missing or not at the right position"
cdef const char *FIELDS_MISCOUNTED = "ERR The `numfields` parameter must match the number of arguments"
cdef const char *NOT_POSITIVE = "ERR Number of fields must be a positive integer"
cdef const char *NOT_GREATER = "ERR Parameter `numFields` should be greater than 0"


# ---- arguments ----

cdef bint parse_fields(Call *call, int at, const char *bad_number, int *first) noexcept nogil:
    cdef int64_t count
    cdef const char *error = NULL
    if at + 1 >= call.argc or not equals_nocase(call.argv[at], "fields"):
        error = FIELDS_MISPLACED
    elif not parse_int64(call.argv[at + 1].data, call.argv[at + 1].size, &count) or count < 1:
        error = bad_number if bad_number != NULL else NOT_POSITIVE
    elif count != call.argc - at - 2:
        error = FIELDS_MISCOUNTED
    if error != NULL:
        reply_error(call.reply, error)
        return False
    first[0] = at + 2
    return True


cdef bint parse_field_expiry(Call *call, int index, int64_t unit, int64_t base, int64_t *expiry) noexcept nogil:
    cdef int64_t number, latest = LATEST
    if not integer_argument(call, index, &number):
        return False
    if number < 0:
        reply_error(call.reply, "ERR invalid expire time, must be >= 0")
        return False
    if number > latest // unit or number * unit > latest - base:
        reply_invalid_expiry(call)
        return False
    expiry[0] = base + number * unit
    return True


cdef Replied reply_no_fields(Call *call, int first) noexcept nogil:
    """Replies as all these commands do if the key does not exist."""
    reply_array(call.reply, call.argc - first)
    for _ in range(first, call.argc):
        reply_integer(call.reply, NO_FIELD)
    return 0


# ---- the HEXPIRE family ----

# The fields that a command has changed, for propagation: from the front those with a new expiry, from the end those
# that it has deleted.
ctypedef struct Outcome:
    Slice *fields
    int capacity
    int expiring
    int deleted


cdef FieldVerdict expire_field(HashAccess *access, Slice field, int condition, int64_t expiry) noexcept nogil:
    cdef HashEntry found
    if not hash_get(access.hash, field, access.now, &found):
        return NO_FIELD
    if not expiry_is_met(condition, found.expiry if found.expiry else -1, expiry):
        return UNMET
    # While loading, `now` is 0 and nothing has expired: the file contains the removals.
    if expiry <= access.now:
        hash_delete(&access.hash, field)
        return DELETED
    hash_set_expiry(&access.hash, field, expiry)
    return DONE


cdef void note(Outcome *outcome, int verdict, Slice field) noexcept nogil:
    if verdict == DONE:
        outcome.fields[outcome.expiring] = field
        outcome.expiring += 1
    elif verdict == DELETED:
        outcome.deleted += 1
        outcome.fields[outcome.capacity - outcome.deleted] = field


cdef void propagate_outcome(Call *call, const Outcome *outcome, int64_t expiry) noexcept nogil:
    cdef char time[20]
    cdef char count[20]
    cdef Slice *argv = outcome.fields - 5
    if outcome.expiring:
        argv[0] = literal("HPEXPIREAT")
        argv[1] = call.argv[1]
        argv[2] = slice_of(time, format_int64(time, expiry))
        argv[3] = literal("FIELDS")
        argv[4] = slice_of(count, format_int64(count, outcome.expiring))
        propagate_instead(call, 5 + outcome.expiring, argv)
    if outcome.deleted:
        # The two slots before these fields are unused, or hold words that are already propagated.
        argv = outcome.fields + outcome.capacity - outcome.deleted - 2
        argv[0] = literal("HDEL")
        argv[1] = call.argv[1]
        propagate_instead(call, 2 + outcome.deleted, argv)


cdef void expire_fields_named(Call *call, HashAccess *access, int first, int condition, int64_t expiry
                              ) noexcept nogil:
    cdef int total = call.argc - first, index, verdict
    cdef size_t room = (5 + total) * sizeof(Slice)
    cdef Slice *block = <Slice *> mem_alloc(room)
    cdef Outcome outcome
    outcome.fields = block + 5
    outcome.capacity = total
    outcome.expiring = outcome.deleted = 0
    # Even if no field gets an expiry, as in Redis: OBJECT ENCODING shows it.
    hash_allow_expiry(&access.hash)
    store_hash(call, access)
    reply_array(call.reply, total)
    for index in range(first, call.argc):
        verdict = expire_field(access, call.argv[index], condition, expiry)
        note(&outcome, verdict, call.argv[index])
        reply_integer(call.reply, verdict)
    finish_expire(call, access, &outcome, expiry)
    mem_free(block, room)


cdef void finish_expire(Call *call, HashAccess *access, const Outcome *outcome, int64_t expiry) noexcept nogil:
    if outcome.expiring + outcome.deleted == 0:
        propagate_nothing(call)
        return
    propagate_outcome(call, outcome, expiry)
    if outcome.deleted:
        call.server.keyspace.expired_fields += outcome.deleted
        store_fewer_fields(call, access, "hdel", outcome.deleted)
    else:
        store_hash(call, access)
        changed(call, 1, EVENT_HASH, "hexpire")
    count_as(call, outcome.expiring + outcome.deleted)
    if outcome.expiring:
        keyspace_mark_field_expiry(call.database, access.entry, True)


cdef Replied expire_command(Call *call, int64_t unit, int64_t base) noexcept nogil:
    cdef HashAccess access
    cdef int condition
    cdef int64_t expiry
    cdef int first
    if not find_hash(call, &access) or not parse_field_expiry(call, 2, unit, base, &expiry):
        return 0
    condition = expiry_condition(call.argv[3])
    if not parse_fields(call, 4 if condition else 3, NOT_GREATER, &first):
        return 0
    if access.hash == NULL:
        return reply_no_fields(call, first)
    expire_fields_named(call, &access, first, condition, expiry)
    return 0


cdef Replied hexpire(Call *call) noexcept nogil:
    return expire_command(call, SECONDS, call.server.keyspace.now_ms)


cdef Replied hpexpire(Call *call) noexcept nogil:
    return expire_command(call, MILLISECONDS, call.server.keyspace.now_ms)


cdef Replied hexpireat(Call *call) noexcept nogil:
    return expire_command(call, SECONDS, 0)


cdef Replied hpexpireat(Call *call) noexcept nogil:
    return expire_command(call, MILLISECONDS, 0)


# ---- the HTTL family ----

cdef Replied expiry_command(Call *call, int64_t unit, int64_t base) noexcept nogil:
    """Replies with the fields' expiry, less ``base``. Seconds are rounded up, because a field that exists has time
    left."""
    cdef Hash *hash = read_hash(call)
    cdef HashEntry found
    cdef int first, index
    if call.failed or not parse_fields(call, 2, NULL, &first):
        return 0
    if hash == NULL:
        return reply_no_fields(call, first)
    reply_array(call.reply, call.argc - first)
    for index in range(first, call.argc):
        if not hash_get(hash, call.argv[index], field_clock(call.server), &found):
            reply_integer(call.reply, NO_FIELD)
        elif found.expiry == 0:
            reply_integer(call.reply, NO_EXPIRY)
        else:
            reply_integer(call.reply, (found.expiry - base + unit - 1) // unit)
    return 0


cdef Replied httl(Call *call) noexcept nogil:
    return expiry_command(call, SECONDS, call.server.keyspace.now_ms)


cdef Replied hpttl(Call *call) noexcept nogil:
    return expiry_command(call, MILLISECONDS, call.server.keyspace.now_ms)


cdef Replied hexpiretime(Call *call) noexcept nogil:
    return expiry_command(call, SECONDS, 0)


cdef Replied hpexpiretime(Call *call) noexcept nogil:
    return expiry_command(call, MILLISECONDS, 0)


# ---- HPERSIST ----

cdef FieldVerdict persist_field(HashAccess *access, Slice field) noexcept nogil:
    cdef HashEntry found
    if not hash_get(access.hash, field, access.now, &found):
        return NO_FIELD
    if found.expiry == 0:
        return NO_EXPIRY
    hash_set_expiry(&access.hash, field, 0)
    return DONE


cdef Replied hpersist(Call *call) noexcept nogil:
    cdef HashAccess access
    cdef int first, index, verdict
    cdef bint persisted = False
    if not find_hash(call, &access) or not parse_fields(call, 2, NULL, &first):
        return 0
    if access.hash == NULL:
        return reply_no_fields(call, first)
    reply_array(call.reply, call.argc - first)
    for index in range(first, call.argc):
        verdict = persist_field(&access, call.argv[index])
        persisted = persisted or verdict == DONE
        reply_integer(call.reply, verdict)
    if persisted:
        store_hash(call, &access)
        changed(call, 1, EVENT_HASH, "hpersist")
    return 0


HANDLERS = {
    "hexpire": native(hexpire),
    "hexpireat": native(hexpireat),
    "hexpiretime": native(hexpiretime),
    "hpersist": native(hpersist),
    "hpexpire": native(hpexpire),
    "hpexpireat": native(hpexpireat),
    "hpexpiretime": native(hpexpiretime),
    "hpttl": native(hpttl),
    "httl": native(httl),
}

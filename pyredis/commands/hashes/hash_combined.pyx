"""HGETDEL, HGETEX and HSETEX of Redis 8: read or set fields, and remove them or set their expiry, in one command.

HGETDEL and HGETEX are propagated as the change that they make: HDEL, HPEXPIREAT or HPERSIST. HSETEX is propagated with
its expiry as a Unix time in ms; if that time has passed, the fields are removed at once and HDEL is propagated instead.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from pyredis._resp cimport Replied, reply_array, reply_error, reply_error_slice, reply_integer, reply_null, reply_slice
from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_GENERIC, EVENT_HASH, changed, count_as, note_event
from pyredis.call.errors cimport reply_wrong_arity
from pyredis.call.handlers cimport native
from pyredis.call.propagation cimport propagate_instead
from pyredis.commands.hashes.hash_access cimport HashAccess, find_hash, provide_hash, store_fewer_fields, store_hash
from pyredis.commands.hashes.hash_expiry cimport (
    DELETED,
    DONE,
    MILLISECONDS,
    SECONDS,
    FieldVerdict,
    expire_field,
    parse_field_expiry,
    parse_fields,
    persist_field,
)
from pyredis.ground.base cimport Slice, equals_nocase, format_int64, literal, parse_int64, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport keyspace_delete, keyspace_mark_field_expiry
from pyredis.types.hash.hash cimport HashEntry, hash_allow_expiry, hash_delete, hash_get, hash_set, hash_size

cdef extern from "string.h" nogil:
    size_t strnlen(const char *text, size_t most)

cdef enum:
    MOST_FIELDS = 0x7fffffff

# What happens to a field's expiry.
cdef enum Expiring:
    AS_EVER             # no option: HGETEX keeps it, HSETEX removes it
    EXPIRING            # it is set
    PERSISTING          # HGETEX removes it
    KEEPING             # HSETEX keeps it

cdef enum Existing:
    WHATEVER
    ALL_EXIST           # FXX
    NONE_EXISTS         # FNX

# The options of HGETEX and HSETEX.
ctypedef struct Options:
    Expiring expiring
    int64_t expiry
    int moment          # index of the argument that `expiry` is from
    bint absolute       # that argument is `expiry` unchanged: PXAT
    Existing existing
    int first           # index of the first field


# ---- arguments ----

cdef int moment_unit(Slice word) noexcept nogil:
    """Returns the unit of an expiry option in ms; 0 for any other word."""
    if equals_nocase(word, "ex") or equals_nocase(word, "exat"):
        return SECONDS
    return MILLISECONDS if equals_nocase(word, "px") or equals_nocase(word, "pxat") else 0


cdef bint parse_moment(Call *call, int at, Options *options) noexcept nogil:
    """Parses the option at argument ``at``, a word of ``moment_unit``, and its value."""
    cdef Slice word = call.argv[at]
    cdef int64_t base = call.server.keyspace.now_ms if word.size == 2 else 0
    options.expiring = EXPIRING
    options.moment = at + 1
    options.absolute = equals_nocase(word, "pxat")
    return parse_field_expiry(call, at + 1, moment_unit(word), base, &options.expiry)


cdef bint parse_getex(Call *call, Options *options) noexcept nogil:
    cdef int at = 2
    options.expiring = AS_EVER
    if moment_unit(call.argv[2]):
        if not parse_moment(call, 2, options):
            return False
        at = 4
    elif equals_nocase(call.argv[2], "persist"):
        options.expiring = PERSISTING
        at = 3
    return parse_fields(call, at, NULL, &options.first)


cdef bint refuse(Call *call, const char *text) noexcept nogil:
    reply_error(call.reply, text)
    return False


cdef bint refuse_unknown(Call *call, Slice word) noexcept nogil:
    """Replies with an error that quotes the word up to its first NUL, as in Redis."""
    cdef Slice beginning = slice_of("ERR unknown argument: ", 22)
    cdef size_t shown = strnlen(word.data, word.size)
    cdef size_t size = beginning.size + shown
    cdef char *text = <char *> mem_alloc(size)
    memcpy(text, beginning.data, beginning.size)
    memcpy(text + beginning.size, word.data, shown)
    reply_error_slice(call.reply, slice_of(text, size))
    mem_free(text, size)
    return False


cdef bint parse_pairs(Call *call, int at, Options *options) noexcept nogil:
    """Parses ``FIELDS numfields field value …`` from argument ``at`` to the last one."""
    cdef int64_t count
    cdef int words = call.argc - at - 2
    if words < 2:
        reply_wrong_arity(call)
        return False
    if not parse_int64(call.argv[at + 1].data, call.argv[at + 1].size, &count) or not 1 <= count <= MOST_FIELDS:
        return refuse(call, "ERR invalid number of fields")
    if words % 2 or count != words // 2:
        reply_wrong_arity(call)
        return False
    options.first = at + 2
    return True


cdef bint parse_existing(Call *call, Existing existing, Options *options) noexcept nogil:
    if options.existing != WHATEVER:
        return refuse(call, "ERR Only one of FXX or FNX arguments can be specified")
    options.existing = existing
    return True


cdef bint parse_expiring(Call *call, int at, Options *options) noexcept nogil:
    if options.expiring != AS_EVER:
        return refuse(call, "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified")
    if not moment_unit(call.argv[at]):
        options.expiring = KEEPING
        return True
    if at + 1 >= call.argc:
        return refuse(call, "ERR missing expire time")
    return parse_moment(call, at, options)


cdef bint parse_setex(Call *call, Options *options) noexcept nogil:
    """Parses the options of HSETEX, which may be in any order."""
    cdef int at = 2
    cdef bint fine = True
    cdef Slice word
    options.expiring = AS_EVER
    options.existing = WHATEVER
    while fine and at < call.argc:
        word = call.argv[at]
        if equals_nocase(word, "fields"):
            return parse_pairs(call, at, options)
        if equals_nocase(word, "fxx"):
            fine = parse_existing(call, ALL_EXIST, options)
        elif equals_nocase(word, "fnx"):
            fine = parse_existing(call, NONE_EXISTS, options)
        elif equals_nocase(word, "keepttl") or moment_unit(word):
            fine = parse_expiring(call, at, options)
            at += moment_unit(word) != 0
        else:
            return refuse_unknown(call, word)
        at += 1
    if fine:
        reply_wrong_arity(call)
    return False


# ---- propagation ----

# A command to propagate while it is built; `argv` is one block.
ctypedef struct Written:
    Slice *argv
    int argc
    int room


cdef void written_begin(Written *written, int room, Slice name, Slice key) noexcept nogil:
    written.argv = <Slice *> mem_alloc(room * sizeof(Slice))
    written.room = room
    written.argv[0] = name
    written.argv[1] = key
    written.argc = 2


cdef inline void written_add(Written *written, Slice word) noexcept nogil:
    written.argv[written.argc] = word
    written.argc += 1


cdef void written_end(Call *call, Written *written) noexcept nogil:
    propagate_instead(call, written.argc, written.argv)
    mem_free(written.argv, written.room * sizeof(Slice))


cdef void propagate_removal_of_fields(Call *call, int first, int step) noexcept nogil:
    """Propagates HDEL of every ``step``-th argument from ``first`` on."""
    cdef Written written
    written_begin(&written, 2 + (call.argc - first) // step, literal("HDEL"), call.argv[1])
    while first < call.argc:
        written_add(&written, call.argv[first])
        first += step
    written_end(call, &written)


cdef void propagate_expiry(Call *call, const Options *options) noexcept nogil:
    """Propagates HPEXPIREAT or HPERSIST of the fields of an HGETEX."""
    cdef Written written
    cdef char digits[20]
    cdef int index, room = 5 + call.argc - options.first
    if options.expiring == PERSISTING:
        written_begin(&written, room, literal("HPERSIST"), call.argv[1])
    else:
        written_begin(&written, room, literal("HPEXPIREAT"), call.argv[1])
        written_add(&written, slice_of(digits, format_int64(digits, options.expiry)))
    for index in range(options.first - 2, call.argc):
        written_add(&written, call.argv[index])
    written_end(call, &written)


cdef void propagate_setting(Call *call, const Options *options) noexcept nogil:
    """Propagates HSETEX with its expiry as a Unix time in ms."""
    cdef Written written
    cdef char digits[20]
    cdef int index
    written_begin(&written, call.argc, call.argv[0], call.argv[1])
    for index in range(2, call.argc):
        written_add(&written, call.argv[index])
    written.argv[options.moment - 1] = literal("PXAT")
    written.argv[options.moment] = slice_of(digits, format_int64(digits, options.expiry))
    written_end(call, &written)


# ---- HGETDEL ----

cdef bint reply_field(Call *call, HashAccess *access, Slice field) noexcept nogil:
    """Replies with the field's value or null; returns whether the field exists."""
    cdef HashEntry found
    if access.hash == NULL or not hash_get(access.hash, field, access.now, &found):
        reply_null(call.reply)
        return False
    reply_slice(call.reply, found.value)
    return True


cdef Replied hgetdel(Call *call) noexcept nogil:
    cdef HashAccess access
    cdef int first, index
    cdef uint64_t deleted = 0
    if not find_hash(call, &access) or not parse_fields(call, 2, NULL, &first):
        return 0
    reply_array(call.reply, call.argc - first)
    for index in range(first, call.argc):
        if reply_field(call, &access, call.argv[index]):
            deleted += hash_delete(&access.hash, call.argv[index])
    if deleted:
        propagate_removal_of_fields(call, first, 1)
        store_fewer_fields(call, &access, "hdel", deleted)
    return 0


# ---- HGETEX ----

# How many fields a command has changed, and how many it has deleted because the requested expiry has passed.
ctypedef struct Outcome:
    int changed
    int deleted


cdef inline void note(Outcome *outcome, FieldVerdict verdict) noexcept nogil:
    outcome.changed += verdict == DONE
    outcome.deleted += verdict == DELETED


cdef void get_fields(Call *call, HashAccess *access, const Options *options, Outcome *outcome) noexcept nogil:
    """Replies with the fields and changes their expiry. If the new expiry has passed, every field found is deleted, and
    an HDEL of only these fields is propagated."""
    cdef Written removal
    cdef FieldVerdict verdict
    cdef int index
    written_begin(&removal, 2 + call.argc - options.first, literal("HDEL"), call.argv[1])
    for index in range(options.first, call.argc):
        if not reply_field(call, access, call.argv[index]) or options.expiring == AS_EVER:
            continue
        if options.expiring == PERSISTING:
            verdict = persist_field(access, call.argv[index])
        else:
            verdict = expire_field(access, call.argv[index], 0, options.expiry)
        note(outcome, verdict)
        if verdict == DELETED:
            written_add(&removal, call.argv[index])
    if outcome.deleted:
        written_end(call, &removal)
    else:
        mem_free(removal.argv, removal.room * sizeof(Slice))


cdef Replied hgetex(Call *call) noexcept nogil:
    cdef HashAccess access
    cdef Options options
    cdef Outcome outcome
    if not find_hash(call, &access) or not parse_getex(call, &options):
        return 0
    outcome.changed = outcome.deleted = 0
    # Even if no field gets an expiry, as in Redis: OBJECT ENCODING shows it.
    if access.hash != NULL and options.expiring != AS_EVER:
        hash_allow_expiry(&access.hash)
        store_hash(call, &access)
    reply_array(call.reply, call.argc - options.first)
    get_fields(call, &access, &options, &outcome)
    if outcome.deleted:
        store_fewer_fields(call, &access, "hdel", outcome.deleted)
    elif outcome.changed:
        propagate_expiry(call, &options)
        store_hash(call, &access)
        changed(call, 1, EVENT_HASH, "hpersist" if options.expiring == PERSISTING else "hexpire")
        count_as(call, outcome.changed)
        if options.expiring == EXPIRING:
            keyspace_mark_field_expiry(call.database, access.entry, True)
    return 0


# ---- HSETEX ----

cdef bint existing_is_met(Call *call, HashAccess *access, const Options *options) noexcept nogil:
    cdef HashEntry found
    cdef bint exists
    cdef int index
    if options.existing == WHATEVER:
        return True
    for index in range(options.first, call.argc, 2):
        exists = access.hash != NULL and hash_get(access.hash, call.argv[index], access.now, &found)
        if exists != (options.existing == ALL_EXIST):
            return False
    return True


cdef void set_pairs(Call *call, HashAccess *access, const Options *options, Outcome *outcome) noexcept nogil:
    cdef int index
    provide_hash(access)
    if options.expiring == EXPIRING:
        hash_allow_expiry(&access.hash)
    for index in range(options.first, call.argc, 2):
        hash_set(&access.hash, call.argv[index], call.argv[index + 1], &access.limits, options.expiring != AS_EVER)
        if options.expiring == EXPIRING:
            note(outcome, expire_field(access, call.argv[index], 0, options.expiry))


cdef void finish_setting(Call *call, HashAccess *access, const Options *options, const Outcome *outcome) noexcept nogil:
    cdef bint empty = hash_size(access.hash) == 0
    if outcome.deleted:
        propagate_removal_of_fields(call, options.first, 2)
    elif options.expiring == EXPIRING and not options.absolute:
        propagate_setting(call, options)
    store_hash(call, access)
    changed(call, 1, EVENT_HASH, "hset")
    if options.expiring == EXPIRING:
        note_event(call, 1, EVENT_HASH, "hdel" if outcome.deleted else "hexpire")
    if empty:
        keyspace_delete(&call.server.keyspace, call.database, access.entry, False)
        changed(call, 1, EVENT_GENERIC, "del")
    elif outcome.changed:
        keyspace_mark_field_expiry(call.database, access.entry, True)
    count_as(call, (call.argc - options.first) // 2)


cdef Replied hsetex(Call *call) noexcept nogil:
    cdef HashAccess access
    cdef Options options
    cdef Outcome outcome
    if not parse_setex(call, &options) or not find_hash(call, &access):
        return 0
    if not existing_is_met(call, &access, &options):
        return reply_integer(call.reply, 0)
    outcome.changed = outcome.deleted = 0
    set_pairs(call, &access, &options, &outcome)
    finish_setting(call, &access, &options, &outcome)
    return reply_integer(call.reply, 1)


HANDLERS = {
    "hgetdel": native(hgetdel),
    "hgetex": native(hgetex),
    "hsetex": native(hsetex),
}

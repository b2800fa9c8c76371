"""The string commands: reading, storing, changing in place. Arithmetic and LCS have modules of their own.

A reply that contains the old value is written before the value is replaced, because that may free its bytes.

Commands with several keys process ``AHEAD`` of them at a time: they compute the hashes and prefetch the buckets, then
prefetch the entries, and only then look up the keys.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from pyredis._resp cimport (
    Replied,
    reply_array,
    reply_blob,
    reply_error,
    reply_integer,
    reply_null,
    reply_ok,
    reply_sealed,
    reply_slice,
)
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_GENERIC, EVENT_STRING, changed, changed_key, note_event
from pyredis.call.client cimport CLIENT_LOADER
from pyredis.call.errors cimport (
    accepts_length,
    integer_argument,
    reply_invalid_expiry,
    reply_syntax_error,
    reply_wrong_arity,
)
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport (
    lookup_read_hashed,
    lookup_read_kind,
    lookup_write,
    lookup_write_hashed,
    lookup_write_kind,
)
from pyredis.call.propagation cimport propagate_instead
from pyredis.commands.key_changes cimport delete_key_instead, expire_key_instead, persist_key
from pyredis.ground.base cimport (
    Slice,
    add_overflows,
    equals_nocase,
    format_int64,
    likely,
    literal,
    mul_overflows,
    slice_of,
    unlikely,
)
from pyredis.ground.blob cimport BLOB_SHARED, Blob, blob_is_sealed, blob_slice
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport (
    ENTRY_EMBEDDED,
    STRING,
    Entry,
    entry_embedded,
    entry_expiry,
    entry_has_expiry,
    keyspace_resize_string,
    keyspace_set_string,
    string_replace_shared,
    string_shared,
    string_size,
    string_slice,
)
from pyredis.types.table.hashtable cimport table_prefetch_bucket, table_prefetch_element

from pyredis.commands.strings.string_lcs import HANDLERS as LCS_HANDLERS
from pyredis.commands.strings.string_numbers import HANDLERS as NUMBER_HANDLERS

cdef enum:
    AHEAD = 32
    # In replies. Sealing pays off after five to eight more replies. If the string is written before that, the sealing
    # was in vain, at a tenth of the cost of its replies so far.
    SEAL_AFTER = 16

# The options of SET and GETEX.
cdef enum Option:
    NX = 1 << 0
    XX = 1 << 1
    GET = 1 << 2
    KEEPTTL = 1 << 3
    PERSIST = 1 << 4
    EX = 1 << 5
    PX = 1 << 6
    EXAT = 1 << 7
    PXAT = 1 << 8

cdef enum:
    TIMES = EX | PX | EXAT | PXAT           # are followed by a time
    EXPIRATIONS = TIMES | KEEPTTL | PERSIST     # exclude each other
    OPTIONS_OF_SET = NX | XX | GET | KEEPTTL | TIMES
    OPTIONS_OF_GETEX = PERSIST | TIMES

ctypedef struct Options:
    int given
    int time                # the argument that follows one of TIMES, 0 without one


# ---- options and times ----

cdef int option_named(Slice word) noexcept nogil:
    if equals_nocase(word, "ex"):
        return EX
    if equals_nocase(word, "px"):
        return PX
    if equals_nocase(word, "nx"):
        return NX
    if equals_nocase(word, "xx"):
        return XX
    if equals_nocase(word, "get"):
        return GET
    if equals_nocase(word, "keepttl"):
        return KEEPTTL
    if equals_nocase(word, "exat"):
        return EXAT
    if equals_nocase(word, "pxat"):
        return PXAT
    return PERSIST if equals_nocase(word, "persist") else 0


cdef inline int excluded_by(int option) noexcept nogil:
    if option & EXPIRATIONS:
        return EXPIRATIONS & ~option
    if option == NX:
        return XX
    return NX if option == XX else 0


cdef bint read_options(Call *call, int index, int allowed, Options *options) noexcept nogil:
    """Reads the options; returns False after an error reply."""
    cdef int option
    options.given = 0
    options.time = 0
    while index < call.argc:
        option = option_named(call.argv[index])
        if not option & allowed or options.given & excluded_by(option) or \
                (option & TIMES and index + 1 == call.argc):
            reply_syntax_error(call)
            return False
        options.given |= option
        if option & TIMES:
            index += 1
            options.time = index
        index += 1
    return True


cdef bint read_time(Call *call, int index, int option, int64_t *moment) noexcept nogil:
    """Reads a time and converts it to Unix time in ms; returns False after an error reply."""
    if not integer_argument(call, index, moment):
        return False
    if moment[0] <= 0 or mul_overflows(moment[0], 1000 if option & (EX | EXAT) else 1, moment) or \
            (option & (EX | PX) and add_overflows(moment[0], call.server.keyspace.now_ms, moment)):
        reply_invalid_expiry(call)
        return False
    return True


# ---- reading ----

cdef Replied reply_whole(Call *call, Entry *entry, Blob *blob) noexcept nogil:
    """Replies with an entire block. One that is read often is sealed first."""
    cdef Blob *sealed = NULL
    if blob_is_sealed(blob):
        return reply_blob(call.reply, blob, blob_slice(blob))
    if blob.replies < SEAL_AFTER:
        blob.replies += 1
    elif call.server.seals:
        sealed = reply_sealed(blob)
    if sealed != NULL:
        string_replace_shared(entry, sealed)
        blob = sealed
    return reply_blob(call.reply, blob, blob_slice(blob))


cdef Replied reply_part(Call *call, Entry *entry, Slice part) noexcept nogil:
    """Replies with a part of the string; a long one is shared instead of copied."""
    cdef Blob *blob = string_shared(entry) if part.size >= BLOB_SHARED else NULL
    if blob == NULL:
        return reply_slice(call.reply, part)
    if part.size == blob.size:
        return reply_whole(call, entry, blob)
    return reply_blob(call.reply, blob, part)


cdef inline Replied reply_string(Call *call, Entry *entry) noexcept nogil:
    """Replies with the string, or null if the key is absent."""
    cdef char scratch[24]
    if entry == NULL:
        return reply_null(call.reply)
    if likely(entry.flags & ENTRY_EMBEDDED):
        return reply_slice(call.reply, entry_embedded(entry))
    return reply_part(call, entry, string_slice(entry, scratch))


cdef Replied get(Call *call) noexcept nogil:
    cdef Entry *entry = lookup_read_kind(call, 1, STRING)
    if unlikely(call.failed):
        return 0
    return reply_string(call, entry)


cdef Replied strlen_command(Call *call) noexcept nogil:
    cdef Entry *entry = lookup_read_kind(call, 1, STRING)
    if call.failed:
        return 0
    return reply_integer(call.reply, <int64_t> string_size(entry) if entry != NULL else 0)


cdef Slice part_of(Slice text, int64_t start, int64_t end) noexcept nogil:
    """Returns the bytes from ``start`` to ``end``, both included; negative positions count from the end."""
    cdef int64_t size = <int64_t> text.size
    if start < 0 and end < 0 and start > end:
        return slice_of(text.data, 0)
    if start < 0:
        start = max(start + size, <int64_t> 0)
    if end < 0:
        end = max(end + size, <int64_t> 0)
    end = min(end, size - 1)
    return slice_of(text.data + start, end - start + 1) if start <= end else slice_of(text.data, 0)


cdef Replied getrange(Call *call) noexcept nogil:
    cdef char scratch[24]
    cdef int64_t start, end
    cdef Entry *entry
    if not integer_argument(call, 2, &start) or not integer_argument(call, 3, &end):
        return 0
    entry = lookup_read_kind(call, 1, STRING)
    if call.failed:
        return 0
    if entry == NULL:
        return reply_slice(call.reply, literal(""))
    return reply_part(call, entry, part_of(string_slice(entry, scratch), start, end))


# ---- storing ----

cdef inline void store(Call *call, Entry *entry, Slice value, int64_t expiry) noexcept nogil:
    """Stores the value at argument 1; ``entry`` is the key's present entry or NULL."""
    keyspace_set_string(&call.server.keyspace, call.database, call.argv[1], key_hash(call, 1), entry, value, expiry)
    changed(call, 1, EVENT_STRING, "set")


cdef void store_until(Call *call, Entry *entry, Slice value, int64_t expiry) noexcept nogil:
    """Stores the value with an expiry, which is propagated as a Unix time, in whatever form it was given."""
    cdef char digits[24]
    cdef Slice argv[5]
    store(call, entry, value, expiry)
    note_event(call, 1, EVENT_GENERIC, "expire")
    argv[0] = literal("SET")
    argv[1] = call.argv[1]
    argv[2] = value
    argv[3] = literal("PXAT")
    argv[4] = slice_of(digits, format_int64(digits, expiry))
    propagate_instead(call, 5, argv)


cdef void propagate_without_get(Call *call) noexcept nogil:
    """Propagates a SET without a time as it is, except its GET options."""
    cdef size_t size = call.argc * sizeof(Slice)
    cdef Slice *argv = <Slice *> mem_alloc(size)
    cdef int index, argc = 3
    memcpy(argv, call.argv, 3 * sizeof(Slice))
    for index in range(3, call.argc):
        if not equals_nocase(call.argv[index], "get"):
            argv[argc] = call.argv[index]
            argc += 1
    propagate_instead(call, argc, argv)
    mem_free(argv, size)


cdef void store_as_asked(Call *call, Entry *entry, const Options *options, int64_t expiry) noexcept nogil:
    if options.given & KEEPTTL and entry != NULL:
        expiry = entry_expiry(entry)
    if options.time:
        store_until(call, entry, call.argv[2], expiry)
        return
    store(call, entry, call.argv[2], expiry)
    if options.given & GET:
        propagate_without_get(call)


cdef Replied set_with_options(Call *call) noexcept nogil:
    cdef Options options
    cdef int64_t expiry = -1
    cdef Entry *entry
    if not read_options(call, 3, OPTIONS_OF_SET, &options):
        return 0
    if options.time and not read_time(call, options.time, options.given, &expiry):
        return 0
    if options.given & GET:
        entry = lookup_read_kind(call, 1, STRING)
        if call.failed:
            return 0
        reply_string(call, entry)
    else:
        entry = lookup_write(call, 1)
    if options.given & (XX if entry == NULL else NX):
        return 0 if options.given & GET else reply_null(call.reply)
    store_as_asked(call, entry, &options, expiry)
    return 0 if options.given & GET else reply_ok(call.reply)


cdef Replied set_command(Call *call) noexcept nogil:
    if unlikely(call.argc > 3):
        return set_with_options(call)
    store(call, lookup_write(call, 1), call.argv[2], -1)
    return reply_ok(call.reply)


cdef Replied setnx(Call *call) noexcept nogil:
    if lookup_write(call, 1) != NULL:
        return reply_integer(call.reply, 0)
    store(call, NULL, call.argv[2], -1)
    return reply_integer(call.reply, 1)


cdef Replied set_expiring(Call *call, int option) noexcept nogil:
    cdef int64_t expiry
    if not read_time(call, 2, option, &expiry):
        return 0
    store_until(call, lookup_write(call, 1), call.argv[3], expiry)
    return reply_ok(call.reply)


cdef Replied setex(Call *call) noexcept nogil:
    return set_expiring(call, EX)


cdef Replied psetex(Call *call) noexcept nogil:
    return set_expiring(call, PX)


cdef Replied getset(Call *call) noexcept nogil:
    cdef Slice argv[3]
    cdef Entry *entry = lookup_read_kind(call, 1, STRING)
    if call.failed:
        return 0
    reply_string(call, entry)
    store(call, entry, call.argv[2], -1)
    argv[0] = literal("SET")
    argv[1] = call.argv[1]
    argv[2] = call.argv[2]
    propagate_instead(call, 3, argv)
    return 0


# ---- reads that change the key ----

cdef Replied getdel(Call *call) noexcept nogil:
    cdef Entry *entry = lookup_read_kind(call, 1, STRING)
    if call.failed:
        return 0
    reply_string(call, entry)
    if entry != NULL:
        delete_key_instead(call, 1, entry, call.server.settings.lazy_user_del)
    return 0


cdef void persist_instead(Call *call, Entry *entry) noexcept nogil:
    cdef Slice argv[2]
    if not entry_has_expiry(entry):
        return
    persist_key(call, 1, entry)
    argv[0] = literal("PERSIST")
    argv[1] = call.argv[1]
    propagate_instead(call, 2, argv)


cdef Replied getex(Call *call) noexcept nogil:
    cdef Options options
    cdef int64_t moment = -1
    cdef Entry *entry
    if not read_options(call, 2, OPTIONS_OF_GETEX, &options):
        return 0
    entry = lookup_read_kind(call, 1, STRING)
    if call.failed:
        return 0
    if entry == NULL:
        return reply_null(call.reply)
    if options.time and not read_time(call, options.time, options.given, &moment):
        return 0
    reply_string(call, entry)
    if options.given & PERSIST:
        persist_instead(call, entry)
    elif options.time and moment <= call.server.keyspace.now_ms and not call.client.flags & CLIENT_LOADER:
        delete_key_instead(call, 1, entry, False)
    elif options.time:
        expire_key_instead(call, 1, entry, moment)
    return 0


# ---- several keys ----

cdef void fetch(Call *call, int first, int step, int count, uint64_t *hashes) noexcept nogil:
    """Computes the hashes of ``count`` keys, every ``step``-th argument, and prefetches buckets and entries."""
    cdef int index
    for index in range(count):
        hashes[index] = key_hash(call, first + index * step)
        table_prefetch_bucket(&call.database.keys, hashes[index])
    for index in range(count):
        table_prefetch_element(&call.database.keys, hashes[index])


cdef Replied mget(Call *call) noexcept nogil:
    cdef uint64_t hashes[AHEAD]
    cdef Entry *entry
    cdef int first = 1, index, count
    reply_array(call.reply, call.argc - 1)
    while first < call.argc:
        count = min(call.argc - first, <int> AHEAD)
        fetch(call, first, 1, count, hashes)
        for index in range(count):
            entry = lookup_read_hashed(call, first + index, hashes[index])
            reply_string(call, entry if entry != NULL and entry.type == STRING else NULL)
        first += count
    return 0


cdef inline void store_pair(Call *call, int index, uint64_t hash) noexcept nogil:
    keyspace_set_string(&call.server.keyspace, call.database, call.argv[index], hash,
                        lookup_write_hashed(call, index, hash), call.argv[index + 1], -1)
    changed_key(call, call.database, call.argv[index], hash, EVENT_STRING, "set")


cdef void store_pairs(Call *call) noexcept nogil:
    cdef uint64_t hashes[AHEAD]
    cdef int first = 1, index, count
    while first < call.argc:
        count = min((call.argc - first) // 2, <int> AHEAD)
        fetch(call, first, 2, count, hashes)
        for index in range(count):
            store_pair(call, first + 2 * index, hashes[index])
        first += 2 * count


cdef bint any_exists(Call *call) noexcept nogil:
    """Returns whether any of the pairs' keys exists."""
    cdef uint64_t hashes[AHEAD]
    cdef int first = 1, index, count
    while first < call.argc:
        count = min((call.argc - first) // 2, <int> AHEAD)
        fetch(call, first, 2, count, hashes)
        for index in range(count):
            if lookup_write_hashed(call, first + 2 * index, hashes[index]) != NULL:
                return True
        first += 2 * count
    return False


cdef Replied mset(Call *call) noexcept nogil:
    if call.argc % 2 == 0:
        return reply_wrong_arity(call)
    store_pairs(call)
    return reply_ok(call.reply)


cdef Replied msetnx(Call *call) noexcept nogil:
    if call.argc % 2 == 0:
        return reply_wrong_arity(call)
    if any_exists(call):
        return reply_integer(call.reply, 0)
    store_pairs(call)
    return reply_integer(call.reply, 1)


# ---- changing in place ----

cdef bint would_be_too_long(Call *call, uint64_t size, uint64_t more) noexcept nogil:
    """Returns True, after an error reply, if no string may be so long."""
    if accepts_length(call, size + more):
        return False
    reply_error(call.reply, "ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    return True


cdef void write_at(Call *call, Entry *entry, size_t offset, Slice piece, size_t size) noexcept nogil:
    """Resizes the string to ``size`` bytes and writes ``piece`` at ``offset``."""
    cdef char *data
    keyspace_resize_string(&call.server.keyspace, call.database, call.argv[1], key_hash(call, 1), entry, size, &data)
    memcpy(data + offset, piece.data, piece.size)


cdef Replied append(Call *call) noexcept nogil:
    cdef Slice piece = call.argv[2]
    cdef size_t size = 0
    cdef Entry *entry = lookup_write_kind(call, 1, STRING)
    if call.failed:
        return 0
    if entry == NULL:
        keyspace_set_string(&call.server.keyspace, call.database, call.argv[1], key_hash(call, 1), NULL, piece, -1)
    else:
        size = string_size(entry)
        if would_be_too_long(call, size, piece.size):
            return 0
        write_at(call, entry, size, piece, size + piece.size)
    changed(call, 1, EVENT_STRING, "append")
    return reply_integer(call.reply, <int64_t> (size + piece.size))


cdef Replied setrange(Call *call) noexcept nogil:
    cdef Slice piece = call.argv[3]
    cdef int64_t offset
    cdef size_t size
    cdef Entry *entry
    if not integer_argument(call, 2, &offset):
        return 0
    if offset < 0:
        return reply_error(call.reply, "ERR offset is out of range")
    entry = lookup_write_kind(call, 1, STRING)
    if call.failed:
        return 0
    size = string_size(entry) if entry != NULL else 0
    if piece.size == 0:
        return reply_integer(call.reply, <int64_t> size)
    if would_be_too_long(call, offset, piece.size):
        return 0
    size = max(size, offset + piece.size)
    write_at(call, entry, offset, piece, size)
    changed(call, 1, EVENT_STRING, "setrange")
    return reply_integer(call.reply, <int64_t> size)


HANDLERS = {
    **NUMBER_HANDLERS,
    **LCS_HANDLERS,
    "append": native(append),
    "get": native(get),
    "getdel": native(getdel),
    "getex": native(getex),
    "getrange": native(getrange),
    "getset": native(getset),
    "mget": native(mget),
    "mset": native(mset),
    "msetnx": native(msetnx),
    "psetex": native(psetex),
    "set": native(set_command),
    "setex": native(setex),
    "setnx": native(setnx),
    "setrange": native(setrange),
    "strlen": native(strlen_command),
    "substr": native(getrange),
}

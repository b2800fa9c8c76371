"""SCAN over the keys of a database, and the code that all scanning commands share."""

from libc.stdint cimport UINT64_MAX, int64_t, uint64_t
from libc.string cimport memcpy, memmove

from pyredis._resp cimport Replied, Reply, reply_array, reply_bulk, reply_error, reply_open, reply_slice
from pyredis.call.call cimport Call, argument
from pyredis.call.errors cimport integer_argument, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_read_kind, reads_everything
from pyredis.call.propagation cimport removals_apart
from pyredis.ground.base cimport Slice, equals_nocase, format_uint64
from pyredis.ground.glob cimport glob_match, glob_takes_all
from pyredis.keyspace.keyspace cimport (
    Database,
    Entry,
    Keyspace,
    ValueKind,
    entry_key,
    entry_pointer,
    keyspace_find,
    keyspace_is_expired,
    kind_name,
)
from pyredis.types.table.hashtable cimport hash_key, table_scan

cdef enum:
    DEFAULT_COUNT = 10
    PREFIX_MAX = 80

ctypedef struct Walk:
    Keyspace *keyspace
    Database *database
    Reply *reply
    const ScanOptions *options
    int64_t seen
    size_t returned
    uint64_t found              # keys that match the pattern and have not expired
    uint64_t missed             # keys that match the pattern and have expired


# ---- shared by all scanning commands ----

cdef inline bint is_blank(char letter) noexcept nogil:
    return letter == c' ' or c'\t' <= letter <= c'\r'


cdef bint parse_cursor(Slice text, uint64_t *cursor) noexcept nogil:
    """Parses a cursor as C's strtoull does: blanks and a sign may precede the digits, and nothing may follow them."""
    cdef size_t at = 0
    cdef uint64_t digit
    cdef bint negative
    cursor[0] = 0
    while at < text.size and is_blank(text.data[at]):
        at += 1
    negative = at < text.size and text.data[at] == c'-'
    if negative or (at < text.size and text.data[at] == c'+'):
        at += 1
    if at == text.size:
        return False
    while at < text.size:
        digit = <uint64_t> (<unsigned char> text.data[at]) - c'0'
        if digit > 9 or cursor[0] > (UINT64_MAX - digit) // 10:
            return False
        cursor[0] = 10 * cursor[0] + digit
        at += 1
    return not negative or cursor[0] == 0


# Both reply with an error and return False if an argument is invalid. HSCAN, SSCAN and ZSCAN look up their key between
# the two: if it does not exist, the options are not parsed.

cdef bint scan_cursor(Call *call, int at, ScanOptions *options) noexcept nogil:
    if parse_cursor(argument(call, at), &options.cursor):
        return True
    call.failed = True
    reply_error(call.reply, "ERR invalid cursor")
    return False


cdef bint scan_option(Call *call, int at, ScanOptions *options) noexcept nogil:
    """Parses the option whose word is argument ``at``; the caller ensures that a value follows."""
    cdef Slice word = argument(call, at)
    if equals_nocase(word, "match"):
        options.pattern = argument(call, at + 1)
        options.everything = glob_takes_all(options.pattern)
        return True
    if equals_nocase(word, "count"):
        if not integer_argument(call, at + 1, &options.count):
            return False
        if options.count >= 1:
            return True
    elif equals_nocase(word, "type") and call.command.first_key == 0:
        options.type = argument(call, at + 1)
        return True
    reply_syntax_error(call)
    return False


cdef bint scan_options(Call *call, int at, bint valued, ScanOptions *options) noexcept nogil:
    """Parses the options from argument ``at`` on."""
    options.count = DEFAULT_COUNT
    options.everything = True
    options.type.data = NULL
    options.values = True
    while at < call.argc:
        if equals_nocase(argument(call, at), "novalues"):
            if not valued:
                call.failed = True
                reply_error(call.reply, "ERR NOVALUES option can only be used in HSCAN")
                return False
            options.values = False
            at += 1
        elif at + 1 == call.argc:
            reply_syntax_error(call)
            return False
        elif scan_option(call, at, options):
            at += 2
        else:
            return False
    return True


cdef Replied scan_close(Reply *reply, size_t offset, uint64_t cursor, size_t count) noexcept nogil:
    """Inserts the header and the cursor before the ``count`` elements written since ``offset`` (``reply_open``)."""
    cdef char digits[24]
    cdef char prefix[PREFIX_MAX]
    cdef size_t body = reply.size - offset
    cdef size_t width
    reply_array(reply, 2)
    reply_bulk(reply, digits, format_uint64(digits, cursor))
    reply_array(reply, count)
    width = reply.size - offset - body
    memcpy(prefix, reply.data + reply.size - width, width)
    memmove(reply.data + offset + width, reply.data + offset, body)
    memcpy(reply.data + offset, prefix, width)
    return 0


# ---- HSCAN, SSCAN and ZSCAN ----

cdef void scan_some(PartScan *scan, ScanStep step) noexcept nogil:
    cdef ScanOptions *options = &scan.options
    cdef int64_t buckets = 0
    while True:
        options.cursor = step(scan, options.cursor)
        buckets += 1
        if scan_is_done(options, options.cursor, buckets, scan.visited):
            break


cdef Replied scan_parts(Call *call, ValueKind kind, bint valued, ScanStep step, size_t width) noexcept nogil:
    cdef PartScan scan
    cdef Entry *entry
    cdef size_t offset
    if not scan_cursor(call, 2, &scan.options):
        return 0
    entry = lookup_read_kind(call, 1, kind)
    if call.failed:
        return 0
    offset = reply_open(call.reply)
    if entry == NULL:
        return scan_close(call.reply, offset, 0, 0)
    if not scan_options(call, 3, valued, &scan.options):
        return 0
    scan.call = call
    scan.value = entry_pointer(entry)
    scan.visited = 0
    scan.written = 0
    scan_some(&scan, step)
    return scan_close(call.reply, offset, scan.options.cursor, scan.written * (width if scan.options.values else 1))


# ---- SCAN ----

cdef bint is_of_type(const ScanOptions *options, const Entry *entry) noexcept nogil:
    return options.type.data == NULL or equals_nocase(options.type, kind_name(<ValueKind> entry.type))


cdef void visit_key(void *context, void *element) noexcept nogil:
    cdef Walk *walk = <Walk *> context
    cdef Entry *entry = <Entry *> element
    cdef Slice key = entry_key(entry)
    walk.seen += 1
    if not walk.options.everything and not glob_match(walk.options.pattern, key, False):
        return
    if keyspace_is_expired(walk.keyspace, entry):
        keyspace_find(walk.keyspace, walk.database, key, hash_key(key.data, key.size))
        walk.missed += 1
        return
    walk.found += 1
    if not is_of_type(walk.options, entry):
        return
    reply_slice(walk.reply, key)
    walk.returned += 1


cdef Replied scan(Call *call) noexcept nogil:
    cdef ScanOptions options
    cdef Walk walk
    cdef size_t offset
    cdef int64_t buckets = 0
    if not scan_cursor(call, 1, &options) or not scan_options(call, 2, False, &options):
        return 0
    reads_everything(call)
    offset = reply_open(call.reply)
    walk.keyspace = &call.server.keyspace
    walk.database = call.database
    walk.reply = call.reply
    walk.options = &options
    walk.seen = 0
    walk.returned = 0
    walk.found = 0
    walk.missed = 0
    removals_apart(call, True)
    while True:
        options.cursor = table_scan(&call.database.keys, options.cursor, visit_key, &walk)
        buckets += 1
        if scan_is_done(&options, options.cursor, buckets, walk.seen):
            break
    removals_apart(call, False)
    # Checking a key's type counts as reading the key.
    if options.type.data != NULL:
        call.server.hits += walk.found
        call.server.misses += walk.missed
    return scan_close(call.reply, offset, options.cursor, walk.returned)


HANDLERS = {"scan": native(scan)}

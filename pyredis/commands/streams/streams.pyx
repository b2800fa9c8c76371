"""XADD, XDEL, XLEN, XRANGE, XREVRANGE, XSETID, XTRIM. The other stream commands have modules of their own.

The append-only file records the effect, not the request: the id chosen for ``*``, and instead of ``~`` an exact ``=``
with the same result.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport (
    ARRAY,
    Replied,
    reply_array,
    reply_close,
    reply_error,
    reply_integer,
    reply_null,
    reply_null_array,
    reply_ok,
    reply_open,
)
from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_STREAM, changed, changed_quietly, count_as, note_event
from pyredis.call.client cimport CLIENT_LOADER
from pyredis.call.errors cimport integer_argument, reply_no_such_key, reply_syntax_error, reply_wrong_arity
from pyredis.call.handlers cimport native
from pyredis.call.propagation cimport propagate_instead, takes_changes
from pyredis.commands.streams.stream_access cimport (
    create_stream,
    first_argument,
    id_argument,
    is_text,
    last_argument,
    parse_id,
    read_stream,
    reply_entry,
    reply_id,
    reply_invalid_id,
    write_stream,
)
from pyredis.ground.base cimport Slice, equals_nocase, format_int64, literal, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.types.stream.consumer_groups cimport groups_limit_read
from pyredis.types.stream.id_index cimport (
    ID_TEXT,
    StreamId,
    format_id,
    greatest_id,
    id_before,
    least_id,
    raise_id,
    same_id,
    stream_id,
)
from pyredis.types.stream.stream cimport (
    STREAM_ELEMENTS_MAX,
    STREAM_ENTRY_MAX,
    Stream,
    StreamIterator,
    StreamLimits,
    stream_append,
    stream_delete,
    stream_first_id,
    stream_iterate,
    stream_iterate_back,
    stream_last_id,
    stream_next,
    stream_previous,
    stream_trim_before,
    stream_trim_length,
)

from pyredis.commands.streams import stream_claims, stream_groups, stream_info, stream_reading

cdef enum:
    # What a trim with ``~`` and without LIMIT removes at most: in blocks, in entries if a block may have any number of
    # them, and in entries in any case.
    TRIM_BLOCKS = 100
    TRIM_UNBOUND = 10000
    TRIM_MOST = 1000000

cdef enum Trimming:
    NO_TRIMMING = 0
    TO_LENGTH = 1
    BEFORE_ID = 2

# The options of XADD and XTRIM.
ctypedef struct Options:
    Trimming trimming
    bint whole              # ``~``: entire blocks only
    int64_t length
    StreamId least
    int64_t limit
    bint limited
    int threshold_at        # the argument that gives `length` or `least`
    # XADD's
    bint only_existing      # NOMKSTREAM
    int id_at
    bint id_given
    bint any_seq            # ``ms-*``
    StreamId id


# ---- trimming ----

cdef bint trim_option(Call *call, int *at, Trimming trimming, Options *options) noexcept nogil:
    """Reads MAXLEN or MINID with its arguments; moves ``at`` to the last one. Returns False after an error reply."""
    cdef Slice mark = call.argv[at[0] + 1]
    if options.trimming != NO_TRIMMING:
        reply_error(call.reply,
                    "ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
        return False
    options.whole = False
    if call.argc - at[0] > 2 and (is_text(mark, c'~') or is_text(mark, c'=')):
        options.whole = mark.data[0] == c'~'
        at[0] += 1
    at[0] += 1
    options.trimming = trimming
    options.threshold_at = at[0]
    if trimming == BEFORE_ID:
        return id_argument(call, at[0], &options.least)
    if not integer_argument(call, at[0], &options.length):
        return False
    if options.length < 0:
        reply_error(call.reply, "ERR The MAXLEN argument must be >= 0.")
    return options.length >= 0


cdef bint limit_option(Call *call, int index, Options *options) noexcept nogil:
    if not integer_argument(call, index, &options.limit):
        return False
    if options.limit < 0:
        reply_error(call.reply, "ERR The LIMIT argument must be >= 0.")
        return False
    options.limited = True
    return True


cdef bint trimming_argument(Call *call, int *at, Options *options, bint *known) noexcept nogil:
    """Reads an option that XADD and XTRIM share; ``known`` is whether it is one. Returns False after an error reply."""
    cdef Slice text = call.argv[at[0]]
    cdef bint more = at[0] + 1 < call.argc
    known[0] = True
    if more and equals_nocase(text, "maxlen"):
        return trim_option(call, at, TO_LENGTH, options)
    if more and equals_nocase(text, "minid"):
        return trim_option(call, at, BEFORE_ID, options)
    if more and equals_nocase(text, "limit"):
        at[0] += 1
        return limit_option(call, at[0], options)
    known[0] = False
    return True


cdef bint check_trimming(Call *call, Options *options, bint required) noexcept nogil:
    """Completes the options; returns False after an error reply.

    Commands from the append-only file have no limit, because they repeat what has already happened.
    """
    cdef int64_t blocks = <int64_t> (TRIM_BLOCKS * <uint64_t> call.server.settings.stream_node_max_entries)
    if options.limit and options.trimming == NO_TRIMMING:
        reply_error(call.reply, "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
        return False
    if required and options.trimming == NO_TRIMMING:
        reply_error(call.reply, "ERR syntax error, XTRIM must be called with a trimming strategy")
        return False
    if call.client.flags & CLIENT_LOADER:
        options.limit = 0
    elif options.limited and not options.whole:
        reply_error(call.reply, "ERR syntax error, LIMIT cannot be used without the special ~ option")
        return False
    elif options.whole and not options.limited:
        options.limit = min(blocks, <int64_t> TRIM_MOST) if blocks > 0 else TRIM_UNBOUND
    return True


cdef void clear_options(Options *options) noexcept nogil:
    options.trimming = NO_TRIMMING
    options.whole = options.limited = options.only_existing = options.id_given = options.any_seq = False
    options.limit = 0
    options.id = least_id()


cdef uint64_t trim(Stream *stream, const Options *options) noexcept nogil:
    if options.trimming == TO_LENGTH:
        return stream_trim_length(stream, options.length, options.whole, options.limit)
    return stream_trim_before(stream, options.least, options.whole, options.limit)


cdef size_t format_threshold(char *out, const Stream *stream, Trimming trimming) noexcept nogil:
    """Writes the threshold with which an exact trim gives the stream as it is now."""
    cdef StreamId first
    if trimming == TO_LENGTH:
        return format_int64(out, stream.length)
    return format_id(out, first if stream_first_id(stream, &first) else greatest_id(), c'-')


cdef void propagate_exactly(Call *call, Stream *stream, const Options *options, Slice id) noexcept nogil:
    """Propagates the request with an exact trim, and with ``id`` as its id unless that is empty."""
    cdef char threshold[ID_TEXT]
    cdef size_t size = call.argc * sizeof(Slice)
    cdef Slice *argv
    cdef int index
    if not takes_changes(call.server):
        return
    argv = <Slice *> mem_alloc(size)
    for index in range(call.argc):
        argv[index] = call.argv[index]
    if id.size:
        argv[options.id_at] = id
    if options.trimming != NO_TRIMMING and options.whole:
        argv[options.threshold_at - 1] = literal("=")
        argv[options.threshold_at] = slice_of(threshold, format_threshold(threshold, stream, options.trimming))
    propagate_instead(call, call.argc, argv)
    mem_free(argv, size)


# ---- XADD ----

cdef bint id_option(Call *call, int index, Options *options) noexcept nogil:
    options.id_at = index
    if is_text(call.argv[index], c'*'):
        return True
    options.id_given = True
    if parse_id(call.argv[index], 0, &options.id, &options.any_seq):
        return True
    reply_invalid_id(call)
    return False


cdef bint add_options(Call *call, Options *options) noexcept nogil:
    """Reads everything before the field names and values; returns False after an error reply."""
    cdef int at = 2
    cdef bint known
    clear_options(options)
    options.id_at = call.argc
    while at < call.argc:
        # Usually the first argument is an id.
        if not is_text(call.argv[at], c'*'):
            if not trimming_argument(call, &at, options, &known):
                return False
            if known or equals_nocase(call.argv[at], "nomkstream"):
                options.only_existing |= not known
                at += 1
                continue
        if not id_option(call, at, options):
            return False
        break
    return check_trimming(call, options, False)


cdef inline bint is_automatic(const Options *options) noexcept nogil:
    return not options.id_given or options.any_seq


cdef bint choose_id(Call *call, StreamId last, const Options *options, StreamId *id) noexcept nogil:
    """Chooses the new entry's id; returns False if it would not be higher than the stream's last one."""
    if options.id_given:
        id[0] = options.id
        if options.any_seq and id.ms == last.ms:
            id.seq = last.seq + 1
    else:
        id[0] = stream_id(<uint64_t> call.server.keyspace.now_ms, 0)
        if id.ms <= last.ms:
            id[0] = last
            raise_id(id)
    return id_before(last, id[0])


cdef bint fits(Call *call, int first) noexcept nogil:
    cdef uint64_t size = 0
    cdef int index
    for index in range(first, call.argc):
        size += call.argv[index].size
    return size <= STREAM_ENTRY_MAX and call.argc - first <= STREAM_ELEMENTS_MAX


cdef bint check_add(Call *call, const Stream *stream, const Options *options, StreamId *id) noexcept nogil:
    cdef StreamId last = stream.last_id if stream != NULL else least_id()
    cdef const char *error = NULL
    if same_id(last, greatest_id()):
        error = "ERR The stream has exhausted the last possible ID, unable to add more items"
    elif not choose_id(call, last, options, id):
        error = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
    elif not fits(call, options.id_at + 1):
        error = "ERR Elements are too large to be stored"
    if error != NULL:
        reply_error(call.reply, error)
    return error == NULL


cdef void add_entry(Call *call, Stream *stream, const Options *options, StreamId id) noexcept nogil:
    cdef StreamLimits limits
    cdef int first = options.id_at + 1
    limits.entries = call.server.settings.stream_node_max_entries
    limits.bytes = call.server.settings.stream_node_max_bytes
    stream_append(stream, id, call.argv + first, (call.argc - first) // 2, &limits)
    changed(call, 1, EVENT_STREAM, "xadd")
    if options.trimming != NO_TRIMMING and trim(stream, options):
        note_event(call, 1, EVENT_STREAM, "xtrim")


cdef Replied xadd(Call *call) noexcept nogil:
    cdef Options options
    cdef Stream *stream
    cdef StreamId id
    cdef char text[ID_TEXT]
    if not add_options(call, &options):
        return 0
    if call.argc - options.id_at < 3 or (call.argc - options.id_at) % 2 == 0:
        return reply_wrong_arity(call)
    if options.id_given and not options.any_seq and same_id(options.id, least_id()):
        return reply_error(call.reply, "ERR The ID specified in XADD must be greater than 0-0")
    stream = write_stream(call, 1)
    if call.failed:
        return 0
    if stream == NULL and options.only_existing:
        return reply_null(call.reply)
    if not check_add(call, stream, &options, &id):
        return 0
    if stream == NULL:
        stream = create_stream(call, 1)
    add_entry(call, stream, &options, id)
    if is_automatic(&options) or options.whole:
        propagate_exactly(call, stream, &options, slice_of(text, format_id(text, id, c'-')))
    return reply_id(call.reply, id)


# ---- XTRIM, XDEL ----

cdef bint trim_options(Call *call, Options *options) noexcept nogil:
    cdef int at = 2
    cdef bint known
    clear_options(options)
    while at < call.argc:
        if not trimming_argument(call, &at, options, &known):
            return False
        if not known:
            reply_syntax_error(call)
            return False
        at += 1
    return check_trimming(call, options, True)


cdef Replied xtrim(Call *call) noexcept nogil:
    cdef Options options
    cdef Stream *stream
    cdef uint64_t removed
    if not trim_options(call, &options):
        return 0
    stream = write_stream(call, 1)
    if call.failed:
        return 0
    if stream == NULL:
        return reply_integer(call.reply, 0)
    removed = trim(stream, &options)
    if removed:
        changed(call, 1, EVENT_STREAM, "xtrim")
        count_as(call, removed)
        if options.whole:
            propagate_exactly(call, stream, &options, slice_of(NULL, 0))
    return reply_integer(call.reply, removed)


cdef int64_t delete_entries(Call *call, Stream *stream) noexcept nogil:
    """Deletes the entries that the arguments from 2 on name, which are valid ids; returns how many existed."""
    cdef int64_t deleted = 0
    cdef StreamId id
    cdef int index
    for index in range(2, call.argc):
        parse_id(call.argv[index], 0, &id, NULL)
        if stream_delete(stream, id):
            deleted += 1
            if id_before(stream.max_deleted, id):
                stream.max_deleted = id
    return deleted


cdef Replied xdel(Call *call) noexcept nogil:
    cdef Stream *stream = write_stream(call, 1)
    cdef StreamId id
    cdef int64_t deleted
    cdef int index
    if call.failed:
        return 0
    if stream == NULL:
        return reply_integer(call.reply, 0)
    for index in range(2, call.argc):
        if not id_argument(call, index, &id):
            return 0
    deleted = delete_entries(call, stream)
    if deleted:
        changed(call, 1, EVENT_STREAM, "xdel")
        count_as(call, deleted)
    return reply_integer(call.reply, deleted)


# ---- XLEN, XRANGE, XREVRANGE ----

cdef Replied xlen(Call *call) noexcept nogil:
    cdef Stream *stream = read_stream(call, 1)
    if call.failed:
        return 0
    return reply_integer(call.reply, stream.length if stream != NULL else 0)


cdef bint count_option(Call *call, int64_t *count) noexcept nogil:
    """Reads the options after the two ids, -1 for no limit; returns False after an error reply."""
    cdef int at = 4
    count[0] = -1
    while at < call.argc:
        if not equals_nocase(call.argv[at], "count") or at + 1 == call.argc:
            reply_syntax_error(call)
            return False
        if not integer_argument(call, at + 1, count):
            return False
        count[0] = max(count[0], 0)
        at += 2
    return True


cdef void reply_range(Call *call, Stream *stream, StreamId first, StreamId last, int64_t count) noexcept nogil:
    cdef StreamIterator iterator
    cdef size_t start = reply_open(call.reply), replied = 0
    stream_iterate(stream, first, last, &iterator)
    while count and stream_next(&iterator):
        reply_entry(call.reply, &iterator.entry)
        replied += 1
        count -= 1
    reply_close(call.reply, start, ARRAY, replied)


cdef void reply_range_back(Call *call, Stream *stream, StreamId first, StreamId last, int64_t count) noexcept nogil:
    cdef StreamIterator iterator
    cdef size_t start = reply_open(call.reply), replied = 0
    stream_iterate_back(stream, first, last, &iterator)
    while count and stream_previous(&iterator):
        reply_entry(call.reply, &iterator.entry)
        replied += 1
        count -= 1
    reply_close(call.reply, start, ARRAY, replied)


cdef Replied range_command(Call *call, bint backward) noexcept nogil:
    cdef StreamId first, last
    cdef Stream *stream
    cdef int64_t count
    if not first_argument(call, 3 if backward else 2, &first):
        return 0
    if not last_argument(call, 2 if backward else 3, &last) or not count_option(call, &count):
        return 0
    stream = read_stream(call, 1)
    if call.failed:
        return 0
    if stream == NULL:
        return reply_array(call.reply, 0)
    if count == 0:
        return reply_null_array(call.reply)
    if backward:
        reply_range_back(call, stream, first, last, count)
    else:
        reply_range(call, stream, first, last, count)
    return 0


cdef Replied xrange_command(Call *call) noexcept nogil:
    return range_command(call, False)


cdef Replied xrevrange(Call *call) noexcept nogil:
    return range_command(call, True)


# ---- XSETID ----

ctypedef struct SetId:
    StreamId last
    StreamId max_deleted
    int64_t added           # -1 if not given


cdef bint set_id_option(Call *call, int at, SetId *wanted) noexcept nogil:
    if at + 1 < call.argc and equals_nocase(call.argv[at], "entriesadded"):
        if not integer_argument(call, at + 1, &wanted.added):
            return False
        if wanted.added < 0:
            reply_error(call.reply, "ERR entries_added must be positive")
        return wanted.added >= 0
    if at + 1 < call.argc and equals_nocase(call.argv[at], "maxdeletedid"):
        if not id_argument(call, at + 1, &wanted.max_deleted):
            return False
        if id_before(wanted.last, wanted.max_deleted):
            reply_error(call.reply,
                        "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
        return not id_before(wanted.last, wanted.max_deleted)
    reply_syntax_error(call)
    return False


cdef const char *set_id_error(const Stream *stream, const SetId *wanted) noexcept nogil:
    cdef StreamId top
    if id_before(wanted.last, stream.max_deleted):
        return "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
    if not stream_last_id(stream, &top):
        return NULL
    if id_before(wanted.last, top):
        return "ERR The ID specified in XSETID is smaller than the target stream top item"
    if wanted.added != -1 and <uint64_t> wanted.added < stream.length:
        return "ERR The entries_added specified in XSETID is smaller than the target stream length"
    return NULL


cdef Replied xsetid(Call *call) noexcept nogil:
    cdef SetId wanted
    cdef Stream *stream
    cdef const char *error
    cdef int at = 3
    wanted.max_deleted = least_id()
    wanted.added = -1
    if not id_argument(call, 2, &wanted.last):
        return 0
    while at < call.argc:
        if not set_id_option(call, at, &wanted):
            return 0
        at += 2
    stream = write_stream(call, 1)
    if call.failed:
        return 0
    if stream == NULL:
        return reply_no_such_key(call)
    error = set_id_error(stream, &wanted)
    if error != NULL:
        return reply_error(call.reply, error)
    stream.last_id = wanted.last
    if wanted.added != -1:
        stream.added = wanted.added
        if stream.groups != NULL:
            groups_limit_read(stream.groups, wanted.added)
    if not same_id(wanted.max_deleted, least_id()):
        stream.max_deleted = wanted.max_deleted
    changed_quietly(call, 1)
    note_event(call, 1, EVENT_STREAM, "xsetid")
    return reply_ok(call.reply)


HANDLERS = {
    **stream_claims.HANDLERS,
    **stream_groups.HANDLERS,
    **stream_info.HANDLERS,
    **stream_reading.HANDLERS,
    "xadd": native(xadd),
    "xdel": native(xdel),
    "xlen": native(xlen),
    "xrange": native(xrange_command),
    "xrevrange": native(xrevrange),
    "xsetid": native(xsetid),
    "xtrim": native(xtrim),
}

"""Dispatch: batches of requests, the checks before a command, and what follows it.

A batch is up to 32 requests parsed ahead. While the next one is parsed, the buckets of the keys before it are already
on their way from memory; a second pass fetches the entries; the third executes. Nothing is read ahead past a request
that could change how the following bytes are to be read (an unauthenticated client, an inline request).

Propagation: a command that changed something is appended to the file as it came, unless its handler has told the file
something else. What one command appends is one unit (``settle``); inside EXEC the unit is the whole transaction.

With ``appendfsync always`` replies wait for the disk. ``wait_offset`` collects what the batch depends on: its own
writes, and the last writes of the keys it read, kept in a small array by hash, so that a collision only waits longer.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdio cimport snprintf
from libc.stdlib cimport calloc
from libc.string cimport memcmp

from cpython.pycapsule cimport PyCapsule_New

from pyredis._resp cimport (
    PARSE_MORE,
    PARSE_REQUEST,
    Parser,
    Replied,
    Reply,
    Request,
    arguments_free,
    parse_request,
    parser_under_way,
    reply_error,
    reply_error_slice,
    reply_object,
    reply_total,
    reply_truncate,
)
from pyredis.dispatch.queue cimport client_discard, queue_command
from pyredis.dispatch.waiting cimport waiting_mark
from pyredis.ground.base cimport (
    Slice,
    cycles_now,
    equals_nocase,
    format_uint64,
    highest_bit,
    likely,
    parse_int64,
    prefetch,
    slice_of,
    unlikely,
)
from pyredis.ground.memory cimport mem_used
from pyredis.journal.aof cimport aof_append, aof_position, aof_publish, aof_selected
from pyredis.journal.multibulk cimport append_bulk, append_header
from pyredis.keyspace.keyspace cimport (
    STRING,
    Database,
    Entry,
    ValueKind,
    ValueType,
    entry_pointer,
    keyspace_find,
    keyspace_peek,
    keyspace_preserve,
    keyspace_signal,
    keyspace_tick,
    keyspace_touch,
    value_type,
)
from pyredis.types.table.hashtable cimport hash_key, table_prefetch_bucket, table_prefetch_element


cdef enum:
    BATCH = 32
    TOUCHED = 8
    STOP = CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW | CLIENT_BLOCKED
    CHECKED_STATES = CLIENT_UNAUTHENTICATED | CLIENT_MULTI
    EXCERPT = 4096
    # The slow log keeps no more of a command's arguments.
    SHOWN_ARGUMENTS = 32
    # Scratch for more arguments than these is given back before the next request.
    ARGUMENTS_KEEP = 65536

cdef const char *CAPSULE = "pyredis.handler"

# What a browser sends that a page has talked into speaking to the server: nothing behind it may be executed.
FOREIGN = (b"post", b"host:")

# A Python handler that has answered by itself, or will, returns this.
NO_REPLY = object()


class CommandError(Exception):
    """Raised by a Python handler: the text, code included, is the error reply."""


cdef object native(Handler handler):
    return PyCapsule_New(<void *> handler, CAPSULE, NULL)


# ---- finding a command ----

cdef uint64_t name_hash(const char *name, size_t size) noexcept nogil:
    """FNV-1a over the letters in lower case."""
    cdef uint64_t hash = 0xcbf29ce484222325ULL
    cdef size_t index
    for index in range(size):
        hash = (hash ^ (<uint8_t> name[index] | 0x20)) * 0x100000001b3ULL
    return hash ^ (hash >> 29)


cdef Command *find_command(Server *server, Slice name) noexcept nogil:
    cdef uint64_t at
    cdef Command *command
    if name.size >= sizeof(server.commands.name):
        return NULL
    at = name_hash(name.data, name.size) & server.index_mask
    while True:
        command = server.index[at]
        if command == NULL or (command.name_size == name.size and equals_nocase(name, command.name)):
            return command
        at = (at + 1) & server.index_mask


cdef Command *find_subcommand(Command *command, Slice name) noexcept nogil:
    cdef int index
    cdef Command *sub
    cdef size_t prefix = command.name_size + 1
    for index in range(command.subcommand_count):
        sub = command.subcommands + index
        if equals_nocase(name, sub.name + prefix):
            return sub
    return NULL


# ---- lookups ----

cdef inline void note_read(Server *server, uint64_t hash) noexcept nogil:
    server.wait_offset = max(server.wait_offset, server.recent[hash & (RECENT - 1)], server.barrier)


cdef inline Entry *lookup(Call *call, Database *database, int index, uint64_t hash) noexcept nogil:
    cdef Entry *entry = keyspace_find(&call.server.keyspace, database, call.argv[index], hash)
    if unlikely(call.server.fsync_always):
        note_read(call.server, hash)
    return entry


cdef inline Entry *counted_lookup(Call *call, int index, uint64_t hash) noexcept nogil:
    cdef Entry *entry = lookup(call, call.database, index, hash)
    if entry == NULL:
        call.server.misses += 1
    else:
        call.server.hits += 1
    return entry


cdef inline Entry *told_lookup(Call *call, int index, uint64_t hash) noexcept nogil:
    cdef Entry *entry = counted_lookup(call, index, hash)
    if entry == NULL:
        note_event(call, index, EVENT_KEY_MISS, "keymiss")
    return entry


cdef Entry *lookup_read_hashed(Call *call, int index, uint64_t hash) noexcept nogil:
    cdef Entry *entry = told_lookup(call, index, hash)
    if entry != NULL and likely(not call.client.flags & CLIENT_NO_TOUCH):
        keyspace_touch(&call.server.keyspace, entry)
    return entry


cdef Entry *lookup_untouched(Call *call, int index) noexcept nogil:
    return told_lookup(call, index, key_hash(call, index))


cdef Entry *lookup_inspected(Call *call, int index) noexcept nogil:
    return counted_lookup(call, index, key_hash(call, index))


cdef Entry *lookup_in(Call *call, Database *database, int index) noexcept nogil:
    return lookup(call, database, index, key_hash(call, index))


cdef Entry *lookup_write_hashed(Call *call, int index, uint64_t hash) noexcept nogil:
    cdef Entry *entry = lookup(call, call.database, index, hash)
    if entry != NULL:
        keyspace_preserve(&call.server.keyspace, call.database, entry)
        if likely(not call.client.flags & CLIENT_NO_TOUCH):
            keyspace_touch(&call.server.keyspace, entry)
    return entry


cdef Entry *lookup_read(Call *call, int index) noexcept nogil:
    return lookup_read_hashed(call, index, key_hash(call, index))


cdef Entry *lookup_write(Call *call, int index) noexcept nogil:
    return lookup_write_hashed(call, index, key_hash(call, index))


cdef inline Entry *of_kind(Call *call, Entry *entry, ValueKind kind) noexcept nogil:
    if entry != NULL and unlikely(entry.type != <uint32_t> kind):
        reply_wrong_type(call)
        return NULL
    return entry


cdef Entry *lookup_read_kind(Call *call, int index, ValueKind kind) noexcept nogil:
    return of_kind(call, lookup_read(call, index), kind)


cdef Entry *lookup_write_kind(Call *call, int index, ValueKind kind) noexcept nogil:
    return of_kind(call, lookup_write(call, index), kind)


cdef void reads_everything(Call *call) noexcept nogil:
    if call.server.fsync_always and call.server.aof != NULL:
        call.server.wait_offset = aof_position(call.server.aof)


# ---- changes ----

cdef inline void count_change(Server *server, uint64_t hash) noexcept nogil:
    server.keyspace.dirty += 1
    if unlikely(server.fsync_always):
        if server.touched_count < TOUCHED:
            server.touched[server.touched_count] = hash
        server.touched_count += 1


cdef void note_change(Server *server, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil:
    count_change(server, hash)
    keyspace_signal(database, key, hash)
    if unlikely(server.heard & (<uint32_t> event | HEARD_WAITING)):
        tell_change(server, database, key, hash, event, name)


cdef void tell_change(Server *server, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil:
    if server.heard & HEARD_WAITING:
        waiting_mark(server, database, key, hash)
    note_key_event(server, database, key, event, name)


cdef void note_key_event(Server *server, Database *database, Slice key, int event, const char *name) noexcept nogil:
    if unlikely(server.heard & <uint32_t> event):
        server.sink(server.sink_context, event, name, database, key)


cdef void note_event(Call *call, int index, int event, const char *name) noexcept nogil:
    note_key_event(call.server, call.database, call.argv[index], event, name)


cdef void changed_key(Call *call, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil:
    note_change(call.server, database, key, hash, event, name)


cdef void changed(Call *call, int index, int event, const char *name) noexcept nogil:
    changed_key(call, call.database, call.argv[index], key_hash(call, index), event, name)


cdef void changed_quietly(Call *call, int index) noexcept nogil:
    count_change(call.server, key_hash(call, index))


cdef void changed_all(Call *call, uint64_t changes) noexcept nogil:
    call.server.keyspace.dirty += changes
    call.server.touched_count = TOUCHED + 1


# ---- propagation ----

cdef void append_command(Server *server, int argc, const Slice *argv) noexcept nogil:
    cdef int index
    append_header(server.aof, c'*', argc)
    for index in range(argc):
        append_bulk(server.aof, argv[index])


cdef void append_select(Server *server, int database) noexcept nogil:
    cdef char digits[24]
    cdef Slice argv[2]
    argv[0] = slice_of("SELECT", 6)
    argv[1] = slice_of(digits, format_uint64(digits, database))
    append_command(server, 2, argv)
    aof_selected(server.aof, database)
    server.aof_database = database


cdef void before_append(Server *server, Database *database) noexcept nogil:
    if server.in_exec and not server.aof_multi:
        aof_append(server.aof, "*1\r\n$5\r\nMULTI\r\n", 15)
        server.aof_multi = True
    if database.id != server.aof_database:
        append_select(server, database.id)
    server.aof_pending = True
    server.aof_owed = True


cdef void propagate(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil:
    if server.aof == NULL or server.restrictions & RESTRICT_LOADING:
        return
    before_append(server, database)
    append_command(server, argc, argv)


cdef void propagate_instead(Call *call, int argc, const Slice *argv) noexcept nogil:
    call.propagation = PROPAGATE_DONE
    propagate(call.server, call.database, argc, argv)


cdef void propagate_nothing(Call *call) noexcept nogil:
    call.propagation = PROPAGATE_DONE


cdef inline void propagate_request(Call *call) noexcept nogil:
    if call.raw == NULL:
        propagate(call.server, call.database, call.argc, call.argv)
        return
    before_append(call.server, call.database)
    aof_append(call.server.aof, call.raw, call.raw_size)


cdef void settle(Server *server) noexcept nogil:
    cdef uint64_t position
    cdef int index
    if server.aof_multi:
        aof_append(server.aof, "*1\r\n$4\r\nEXEC\r\n", 14)
        server.aof_multi = False
    aof_publish(server.aof)
    server.aof_pending = False
    position = aof_position(server.aof)
    if server.aof_owed:
        server.wait_offset = position
        server.aof_owed = False
    if not server.fsync_always:
        return
    if server.touched_count > TOUCHED:
        server.barrier = position
        return
    for index in range(server.touched_count):
        server.recent[server.touched[index] & (RECENT - 1)] = position


cdef void propagate_removal(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil:
    cdef bint owed = server.aof_owed
    propagate(server, database, argc, argv)
    server.aof_owed = owed


cdef void propagate_expired(void *context, Database *database, Slice key) noexcept nogil:
    cdef Server *server = <Server *> context
    cdef Slice argv[2]
    argv[0] = slice_of("DEL", 3)
    argv[1] = key
    propagate_removal(server, database, 2, argv)
    if unlikely(server.heard & (<uint32_t> EVENT_EXPIRED | HEARD_WAITING)):
        tell_change(server, database, key, hash_key(key.data, key.size), EVENT_EXPIRED, "expired")


# ---- errors ----

cdef Replied reply_syntax_error(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR syntax error")


cdef Replied reply_not_integer(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR value is not an integer or out of range")


cdef Replied reply_not_float(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR value is not a valid float")


cdef Replied reply_out_of_range(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR value is out of range")


cdef Replied reply_invalid_expiry(Call *call) noexcept nogil:
    cdef char text[96]
    call.failed = True
    snprintf(text, sizeof(text), "ERR invalid expire time in '%s' command", &call.command.name[0])
    return reply_error(call.reply, text)


cdef Replied reply_wrong_type(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "WRONGTYPE Operation against a key holding the wrong kind of value")


cdef Replied reply_no_such_key(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR no such key")


cdef Replied reply_wrong_arity(Call *call) noexcept nogil:
    cdef char text[128]
    call.failed = True
    snprintf(text, sizeof(text), "ERR wrong number of arguments for '%s' command", &call.command.name[0])
    return reply_error(call.reply, text)


cdef bint integer_argument(Call *call, int index, int64_t *value) noexcept nogil:
    if likely(parse_int64(call.argv[index].data, call.argv[index].size, value)):
        return True
    reply_not_integer(call)
    return False


# ---- running a command ----

cdef void note_error(Call *call) noexcept with gil:
    """Counts the error by its code, as INFO's errorstats tells."""
    cdef Reply *reply = call.reply
    cdef bytes text = reply.data[reply.last_error + 1:min(reply.size, reply.last_error + 65)]
    cdef dict counts = (<object> call.server.core).error_counts
    call.server.errors_noted = reply.errors
    code = text.split(b"\r", 1)[0].split(b" ", 1)[0].decode("latin-1")
    counts[code] = counts.get(code, 0) + 1


cdef void note_slow(Call *call, uint64_t cycles) noexcept with gil:
    """A command that may be one for the slow log, for the latency monitor, or for both."""
    cdef int64_t us = <int64_t> (cycles * call.server.ns_per_cycle / 1000)
    cdef Settings *settings = &call.server.settings
    core = <object> call.server.core
    if core.on_slow is not None and 0 <= settings.slowlog_us <= us and not call.command.flags & CMD_SKIP_SLOWLOG:
        shown = [excerpt(call.argv[index]) for index in range(min(call.argc, <int> SHOWN_ARGUMENTS))]
        core.on_slow(client_object(call.client), shown, us, call.argc - len(shown))
    if core.on_latency is not None and 0 < settings.latency_ms <= us // 1000:
        core.on_latency("fast-command" if call.command.flags & CMD_FAST else "command", us // 1000)


cdef inline void count_duration(Command *command, uint64_t ns) noexcept nogil:
    cdef int shift = max(highest_bit(ns | 1) - HISTOGRAM_PARTS, 0)
    cdef size_t index = (<size_t> shift << HISTOGRAM_PARTS) + (ns >> shift)
    if unlikely(command.histogram == NULL):
        # Not the data's memory: what is used does not change because a command is called for the first time.
        command.histogram = <uint64_t *> calloc(HISTOGRAM, sizeof(uint64_t))
        if command.histogram == NULL:
            return
    command.histogram[min(index, <size_t> HISTOGRAM - 1)] += 1


cdef inline void note_duration(Call *call, uint64_t cycles) noexcept nogil:
    """A command that waits counts once, its time is told when it is answered."""
    cdef Server *server = call.server
    cdef Command *command = call.command
    command.calls += not call.woken
    command.cycles += cycles
    if unlikely(call.waits):
        return
    if server.settings.latency_tracking:
        count_duration(command, <uint64_t> (<double> cycles * server.ns_per_cycle))
    if unlikely(cycles > server.settings.slow_cycles):
        note_slow(call, cycles)


class Excerpt(bytes):
    """The beginning of an argument too large to be copied for the slow log, which keeps little of it; ``missing`` bytes
    are left out."""


cdef object excerpt(Slice argument):
    if argument.size <= EXCERPT:
        return argument.data[:argument.size]
    beginning = Excerpt(argument.data[:EXCERPT])
    beginning.missing = argument.size - EXCERPT
    return beginning


cdef list argument_list(Call *call):
    return [call.argv[index].data[:call.argv[index].size] for index in range(call.argc)]


cdef object client_object(Client *client):
    return <object> client.owner if client.owner != NULL else None


cdef void call_python(Call *call) noexcept with gil:
    """Runs a Python handler; whatever it raises becomes an error reply. No such command belongs in a file.

    It may have taken long, so the clock is read again, save within EXEC, whose commands all happen at one moment.
    """
    core = <object> call.server.core
    cdef size_t start = call.reply.size
    if call.client.flags & CLIENT_LOADER:
        reject(call, "ERR This command has no place in an append-only file")
        return
    try:
        value = core.handlers[call.command.index](client_object(call.client), argument_list(call))
        if value is not NO_REPLY:
            call.reply.protocol = call.client.protocol
            reply_object(call.reply, value)
    except CommandError as error:
        reply_truncate(call.reply, start)
        text = str(error).encode("utf-8", "surrogateescape")
        reply_error_slice(call.reply, slice_of(<const char *> text, len(text)))
    except Exception as error:
        reply_truncate(call.reply, start)
        core.host.report_exception(f"command {core.specs[call.command.index].name}", error)
        reply_error(call.reply, "ERR internal error")
    if not call.server.in_exec:
        keyspace_tick(&call.server.keyspace)


cdef void run_command(Call *call) noexcept nogil:
    cdef Server *server = call.server
    cdef uint64_t errors = call.reply.errors
    cdef uint64_t start = server.cycle_mark
    call.dirty = server.keyspace.dirty
    call.failed = False
    call.waits = False
    call.awaited_kind = ANY_CHANGE
    call.propagation = PROPAGATE_AS_IS
    if likely(call.command.handler != NULL):
        call.command.handler(call)
    else:
        call_python(call)
    if server.keyspace.dirty != call.dirty and call.propagation == PROPAGATE_AS_IS and server.aof != NULL and \
            not server.restrictions & RESTRICT_LOADING:
        propagate_request(call)
    if server.aof_pending and not server.in_exec:
        settle(server)
    if unlikely(call.client.flags & CLIENT_LOADER):
        return
    server.cycle_mark = cycles_now()
    note_duration(call, server.cycle_mark - start)
    # An error within EXEC is charged to the command that ran into it, not to EXEC as well.
    if unlikely(call.reply.errors > max(errors, server.errors_noted)):
        call.command.failed += 1
        note_error(call)
    if unlikely(server.waiting.ready != NULL) and not server.in_exec:
        server.serve_waiting(server)


# ---- checks before a command ----

cdef bint is_named(const Command *command, const char *name) noexcept nogil:
    return equals_nocase(slice_of(command.name, command.name_size), name)


cdef void reject(Call *call, const char *text) noexcept nogil:
    if call.command != NULL and is_named(call.command, "exec"):
        reject_exec(call, text)
        return
    reply_error(call.reply, text)
    note_rejection(call)


cdef void reject_exec(Call *call, const char *reason) noexcept nogil:
    """EXEC itself is refused: the transaction is over."""
    cdef char text[256]
    snprintf(text, sizeof(text), "EXECABORT Transaction discarded because of: %s", reason)
    reply_error(call.reply, text)
    note_rejection(call)
    client_discard(call.client)


cdef void reject_arity(Call *call) noexcept nogil:
    if is_named(call.command, "exec"):
        reject_exec(call, "wrong number of arguments for 'exec' command")
        return
    reply_wrong_arity(call)
    note_rejection(call)


cdef void note_rejection(Call *call) noexcept nogil:
    if call.command != NULL:
        call.command.rejected += 1
    if call.client.flags & CLIENT_MULTI:
        call.client.flags |= CLIENT_DIRTY_EXEC
    if call.client.flags & CLIENT_LOADER:
        call.client.flags |= CLIENT_CLOSE_NOW
    note_error(call)


cdef bytes shown_argument(Call *call, int index, size_t room):
    """The argument's first bytes, up to a NUL, as Redis tells it in an error."""
    cdef bytes beginning = call.argv[index].data[:min(call.argv[index].size, room)]
    return beginning.split(b"\0", 1)[0]


cdef void reject_unknown(Call *call) noexcept with gil:
    """The texts for a name that is no command, and for a word that is no subcommand."""
    cdef bytes text, listed = b""
    name = shown_argument(call, 0, 128)
    if call.command == NULL and name.lower() in FOREIGN and not call.client.flags & CLIENT_LOADER:
        (<object> call.server.core).host.on_foreign_protocol(client_object(call.client))
        call.client.flags |= CLIENT_CLOSE_NOW
        return
    if call.command != NULL:
        sub = shown_argument(call, 1, 128)
        title = (<bytes> call.command.name).upper()
        text = b"ERR unknown subcommand '" + sub + b"'. Try " + title + b" HELP."
        # No command was refused: there is none of this name.
        call.command = NULL
    else:
        for index in range(1, call.argc):
            if len(listed) >= 128:
                break
            listed += b"'" + shown_argument(call, index, 128 - len(listed)) + b"' "
        text = b"ERR unknown command '" + name + b"', with args beginning with: " + listed
    reply_error_slice(call.reply, slice_of(<const char *> text, len(text)))
    note_rejection(call)


cdef void reject_misconf(Call *call) noexcept with gil:
    reason = (<object> call.server.core).host.aof_failure()
    text = f"MISCONF Errors writing to the AOF file: {reason}".encode()
    reject(call, text)


cdef uint32_t flags_to_run(Call *call) noexcept nogil:
    """The command's flags; EXEC has those of the commands it will run too, but may run while loading only if they
    all may."""
    cdef uint32_t flags = call.command.flags
    cdef uint32_t common = flags
    cdef size_t index
    if call.client.flags & CLIENT_MULTI and is_named(call.command, "exec"):
        for index in range(call.client.queued):
            flags |= call.client.queue[index].command.flags
            common &= call.client.queue[index].command.flags
    return flags & ~CMD_LOADING | common & CMD_LOADING


cdef bint refused_by_restriction(Call *call) noexcept nogil:
    cdef Server *server = call.server
    cdef uint32_t flags = flags_to_run(call)
    if server.restrictions & RESTRICT_LOADING and not flags & CMD_LOADING and \
            not call.client.flags & CLIENT_LOADER:
        reject(call, "LOADING Redis is loading the dataset in memory")
        return True
    if server.restrictions & RESTRICT_MEMORY and flags & CMD_DENYOOM and \
            mem_used() > server.settings.maxmemory and not call.client.flags & CLIENT_LOADER:
        reject(call, "OOM command not allowed when used memory > 'maxmemory'.")
        return True
    if server.restrictions & RESTRICT_AOF_ERROR and (flags & CMD_WRITE or is_named(call.command, "ping")):
        reject_misconf(call)
        return True
    return False


cdef bint refused_by_guard(Call *call) noexcept with gil:
    """What the command's guard raises is the answer, before anything else is asked and before it is queued."""
    core = <object> call.server.core
    if call.client.flags & CLIENT_LOADER:
        return False
    try:
        core.handlers[call.command.index].admit(client_object(call.client))
    except CommandError as error:
        text = str(error).encode()
        reject(call, text)
        return True
    return False


cdef bint refused(Call *call) noexcept nogil:
    """The checks that an ordinary client of an ordinary server need not go through."""
    if call.client.flags & CLIENT_UNAUTHENTICATED and not call.command.flags & CMD_NO_AUTH:
        reject(call, "NOAUTH Authentication required.")
        return True
    if call.server.restrictions and refused_by_restriction(call):
        return True
    if not call.client.flags & CLIENT_MULTI or call.command.flags & CMD_NOT_QUEUED:
        return False
    if call.command.flags & CMD_NO_MULTI:
        reject(call, "ERR Command not allowed inside a transaction")
    else:
        queue_command(call)
    return True


cdef inline void execute(Call *call) noexcept nogil:
    cdef Command *command = call.command
    if unlikely(command == NULL):
        reject_unknown(call)
        return
    if command.subcommand_count and call.argc > 1:
        command = find_subcommand(command, call.argv[1])
        if command == NULL:
            reject_unknown(call)
            return
        call.command = command
    if unlikely(call.argc != command.arity if command.arity > 0 else call.argc < -command.arity) or \
            unlikely(command.index < 0):
        reject_arity(call)
        return
    call.client.last_command = command
    if unlikely(command.flags & CMD_GUARDED) and refused_by_guard(call):
        return
    if (call.client.flags & CHECKED_STATES or call.server.restrictions) and refused(call):
        return
    run_command(call)


# ---- batches ----

ctypedef struct Batch:
    Request requests[BATCH]
    Command *commands[BATCH]
    uint64_t hashes[BATCH]
    bint hashed[BATCH]
    int count


cdef inline void resolve(Server *server, Client *client, Batch *batch, int at) noexcept nogil:
    """Finds the command of a request and starts fetching its first key's bucket."""
    cdef Request *request = &batch.requests[at]
    cdef Slice *argv = server.arguments.items + request.first
    cdef Command *command
    if at > 0 and batch.commands[at - 1] != NULL and slice_equal_names(server, batch, at, argv[0]):
        command = batch.commands[at - 1]
    else:
        command = find_command(server, argv[0])
    batch.commands[at] = command
    batch.hashed[at] = False
    if command == NULL or command.first_key <= 0 or <size_t> command.first_key >= request.count:
        return
    argv += command.first_key
    batch.hashes[at] = hash_key(argv.data, argv.size)
    batch.hashed[at] = True
    table_prefetch_bucket(&client.database.keys, batch.hashes[at])


cdef inline bint slice_equal_names(Server *server, Batch *batch, int at, Slice name) noexcept nogil:
    cdef Slice before = server.arguments.items[batch.requests[at - 1].first]
    return before.size == name.size and memcmp(before.data, name.data, name.size) == 0


cdef int read_ahead(Server *server, Client *client, Parser *parser, char *buffer, size_t size, Batch *batch
                    ) noexcept nogil:
    cdef int status = PARSE_REQUEST
    cdef int most = 1 if client.flags & CLIENT_UNAUTHENTICATED else BATCH
    batch.count = 0
    parser.authenticated = not client.flags & CLIENT_UNAUTHENTICATED
    if not parser_under_way(parser):
        server.arguments.count = 0
        if unlikely(server.arguments.capacity > ARGUMENTS_KEEP):
            arguments_free(&server.arguments)
    while batch.count < most:
        if parser.at < size and buffer[parser.at] != c'*' and (batch.count or client.flags & CLIENT_LOADER):
            return PARSE_MORE if client.flags & CLIENT_LOADER else PARSE_REQUEST
        status = parse_request(parser, &server.arguments, buffer, size, &batch.requests[batch.count])
        if status != PARSE_REQUEST:
            break
        if batch.requests[batch.count].count == 0:
            continue
        resolve(server, client, batch, batch.count)
        batch.count += 1
    return status


cdef void fetch_entries(Server *server, Client *client, const Batch *batch) noexcept nogil:
    cdef int index
    cdef bint parted = False
    for index in range(batch.count):
        if batch.hashed[index]:
            table_prefetch_element(&client.database.keys, batch.hashes[index])
            parted = parted or batch.commands[index].part
    if parted:
        fetch_parts(server, client, batch)


cdef const void *part_holder(Client *client, const Batch *batch, int at, const Slice *argv, const ValueType **type
                             ) noexcept nogil:
    """The value that the request names a part of, where its kind takes hints; NULL otherwise."""
    cdef Entry *entry
    # What was not found has neither hash nor command.
    if not batch.hashed[at] or batch.commands[at].part == 0:
        return NULL
    if batch.requests[at].count <= <size_t> batch.commands[at].part:
        return NULL
    entry = keyspace_peek(client.database, argv[1], batch.hashes[at])
    if entry == NULL or entry.type == STRING:
        return NULL
    type[0] = value_type(<ValueKind> entry.type)
    return entry_pointer(entry) if type[0].prefetch_place != NULL else NULL


cdef void fetch_parts(Server *server, Client *client, const Batch *batch) noexcept nogil:
    """For commands that name a part of a value: the value's head, the part's place, the part, each when the one before
    has had its time."""
    cdef const void *values[BATCH]
    cdef const ValueType *types[BATCH]
    cdef uint64_t parts[BATCH]
    cdef const Slice *items = server.arguments.items
    cdef int index, part
    for index in range(batch.count):
        values[index] = part_holder(client, batch, index, items + batch.requests[index].first, &types[index])
        prefetch(values[index])
    for index in range(batch.count):
        parts[index] = 0
        if values[index] != NULL:
            part = batch.commands[index].part
            parts[index] = types[index].prefetch_place(values[index], items[batch.requests[index].first + part])
    for index in range(batch.count):
        if parts[index]:
            types[index].prefetch_part(values[index], parts[index])


cdef inline void execute_request(Server *server, Client *client, const Batch *batch, int at) noexcept nogil:
    cdef Call call
    cdef Request *request = <Request *> &batch.requests[at]
    cdef size_t start = server.reply.size
    call.server = server
    call.client = client
    call.database = client.database
    call.command = batch.commands[at]
    call.reply = &server.reply
    call.argv = server.arguments.items + request.first
    call.argc = <int> request.count
    call.hash = batch.hashes[at]
    call.hashed = batch.hashed[at]
    call.raw = request.raw
    if request.apart:
        call.raw = NULL
    call.raw_size = request.raw_size
    call.woken = False
    server.reply.protocol = client.protocol
    if not client.flags & CLIENT_MULTI:
        client.mark = request.raw
    execute(&call)
    if unlikely(client.flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT)):
        withhold_reply(server, client, start)


cdef void withhold_reply(Server *server, Client *client, size_t start) noexcept nogil:
    """CLIENT REPLY OFF and SKIP: the command runs, its reply goes nowhere."""
    if client.flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP):
        reply_truncate(&server.reply, start)
    client.flags &= ~CLIENT_REPLY_SKIP
    if client.flags & CLIENT_REPLY_SKIP_NEXT:
        client.flags &= ~CLIENT_REPLY_SKIP_NEXT
        client.flags |= CLIENT_REPLY_SKIP


cdef void rewind(Server *server, Parser *parser, const char *buffer, const Request *request) noexcept nogil:
    """Back to behind ``request``: what was parsed after it will be parsed again."""
    parser.at = request.raw + request.raw_size - buffer
    parser.begin = parser.at
    parser.remaining = 0
    parser.bulk = -1
    server.arguments.count = 0


cdef int serve(Server *server, Client *client, Parser *parser, char *buffer, size_t size,
               size_t limit) noexcept nogil:
    cdef Batch batch
    cdef int status, index
    cdef size_t start = reply_total(&server.reply)
    server.cycle_mark = cycles_now()
    server.current = client
    client.active_ms = server.keyspace.now_ms
    while True:
        status = read_ahead(server, client, parser, buffer, size, &batch)
        if batch.count > 1:
            fetch_entries(server, client, &batch)
        for index in range(batch.count):
            server.touched_count = 0
            execute_request(server, client, &batch, index)
            if unlikely(client.flags & STOP or reply_total(&server.reply) - start > limit):
                if index + 1 < batch.count or status != PARSE_MORE:
                    rewind(server, parser, buffer, &batch.requests[index])
                    status = PARSE_REQUEST
                client.commands += index + 1
                server.current = NULL
                return status
        client.commands += batch.count
        if status != PARSE_REQUEST:
            server.current = NULL
            return status

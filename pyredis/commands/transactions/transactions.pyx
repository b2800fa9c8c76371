"""MULTI, EXEC, DISCARD, WATCH, UNWATCH.

Dispatch queues the commands; EXEC runs them one after the other, as one unit of the append-only file. A watched key has
changed if its version has changed or the key has expired since. WATCH itself removes a key that has already expired.
"""

from libc.stdio cimport snprintf

from pyredis._resp cimport Replied, reply_array, reply_error, reply_null_array, reply_ok
from pyredis.call.call cimport Call, argument, call_begin, key_hash
from pyredis.call.client cimport (
    CLIENT_DIRTY_EXEC,
    CLIENT_MULTI,
    Client,
    Watch,
    client_discard,
    client_unwatch,
    client_watch,
)
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_in, reads_everything
from pyredis.call.permissions cimport ALLOWED, DENIED_CHANNEL, DENIED_KEY, WITH_CLIENT, Denial, check_rights
from pyredis.call.propagation cimport propagate_nothing
from pyredis.call.request cimport Queued
from pyredis.ground.base cimport Slice, unlikely
from pyredis.keyspace.keyspace cimport (
    Entry,
    Keyspace,
    WatchedKey,
    keyspace_is_expired,
    keyspace_peek,
    keyspace_unwatch,
    keyspace_watch,
    watched_key,
)
from pyredis.types.table.hashtable cimport hash_key


cdef Replied multi(Call *call) noexcept nogil:
    if call.client.flags & CLIENT_MULTI:
        return reply_error(call.reply, "ERR MULTI calls can not be nested")
    call.client.flags |= CLIENT_MULTI
    return reply_ok(call.reply)


cdef Replied discard(Call *call) noexcept nogil:
    if not call.client.flags & CLIENT_MULTI:
        return reply_error(call.reply, "ERR DISCARD without MULTI")
    client_discard(call.client)
    return reply_ok(call.reply)


# ---- WATCH ----

cdef void watch_key(Call *call, int index) noexcept nogil:
    cdef WatchedKey *key
    lookup_in(call, call.database, index)
    key = keyspace_watch(call.database, argument(call, index), key_hash(call, index))
    if not client_watch(call.client, key):
        keyspace_unwatch(key)


cdef Replied watch(Call *call) noexcept nogil:
    cdef int index
    if call.client.flags & CLIENT_MULTI:
        return reply_error(call.reply, "ERR WATCH inside MULTI is not allowed")
    for index in range(1, call.argc):
        watch_key(call, index)
    return reply_ok(call.reply)


cdef Replied unwatch(Call *call) noexcept nogil:
    client_unwatch(call.client)
    return reply_ok(call.reply)


cdef bint has_changed(const Keyspace *keyspace, const Watch *watch) noexcept nogil:
    cdef Slice key
    cdef Entry *entry
    if watch.key.version != watch.version:
        return True
    key = watched_key(watch.key)
    entry = keyspace_peek(watch.key.database, key, hash_key(key.data, key.size))
    return entry != NULL and keyspace_is_expired(keyspace, entry)


cdef bint any_watched_changed(Call *call) noexcept nogil:
    cdef size_t index
    cdef const Watch *watch
    for index in range(call.client.watch_capacity):
        watch = call.client.watches + index
        if watch.key != NULL and has_changed(&call.server.keyspace, watch):
            return True
    return False


# ---- EXEC ----

cdef const char *NO_LONGER = (
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is "
    "no longer allowed for the following reason: %s")


cdef void refuse_queued(Call *call, Denial denial) noexcept nogil:
    cdef char text[320]
    cdef const char *reason = "no permission to execute the command or subcommand"
    if denial == DENIED_KEY:
        reason = "no permission to touch the specified keys"
    elif denial == DENIED_CHANNEL:
        reason = "no permission to access one of the channels used as arguments to the command"
    snprintf(text, sizeof(text), NO_LONGER, reason)
    # Unlike a command that is refused before it is queued, this one does not count as rejected.
    call.command = NULL
    call.server.reject(call, text)


cdef void run_queued(Call *transaction, const Queued *queued) noexcept nogil:
    cdef Call call
    cdef Denial denial
    call_begin(&call, transaction.server, transaction.client, queued.command, <int> queued.argc, queued.argv,
               queued.block, queued.raw_size)
    denial = check_rights(&call, WITH_CLIENT)
    if unlikely(denial != ALLOWED):
        refuse_queued(&call, denial)
    else:
        call.server.run(&call)


cdef void run_queue(Call *call) noexcept nogil:
    """Runs the queued commands. None of them may change or discard the queue."""
    cdef Client *client = call.client
    cdef size_t index
    client_unwatch(client)
    call.server.in_exec = 1
    reply_array(call.reply, client.queued)
    for index in range(client.queued):
        run_queued(call, &client.queue[index])
    call.server.in_exec = 0


cdef Replied exec_command(Call *call) noexcept nogil:
    if not call.client.flags & CLIENT_MULTI:
        return reply_error(call.reply, "ERR EXEC without MULTI")
    # Each queued command propagates its own changes.
    propagate_nothing(call)
    if call.client.flags & CLIENT_DIRTY_EXEC:
        reply_error(call.reply, "EXECABORT Transaction discarded because of previous errors.")
    elif any_watched_changed(call):
        reads_everything(call)
        reply_null_array(call.reply)
    else:
        run_queue(call)
    client_discard(call.client)
    return 0


HANDLERS = {
    "discard": native(discard),
    "exec": native(exec_command),
    "multi": native(multi),
    "unwatch": native(unwatch),
    "watch": native(watch),
}

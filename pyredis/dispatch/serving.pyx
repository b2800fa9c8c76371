"""Serving waiters, and ending waits; ``serving.pxd`` has the contract."""

from libc.stdint cimport uint64_t

from pyredis._resp cimport reply_error, reply_null_array, reply_truncate
from pyredis.call.call cimport Call, call_begin
from pyredis.call.client cimport CLIENT_CLOSE_AFTER_REPLY, CLIENT_CLOSE_NOW, Client
from pyredis.call.outbox cimport outbox_answer
from pyredis.call.pausing cimport pause_holds, pause_leave
from pyredis.call.propagation cimport end_unit
from pyredis.call.request cimport Queued, drop_request
from pyredis.call.state cimport RESTRICT_LOADING, RESTRICT_PAUSED, Server
from pyredis.call.tracking cimport tracking_follow_reply
from pyredis.call.waiting cimport (
    ANY_CHANGE,
    END_OF_PAUSE,
    AwaitedKey,
    Place,
    Waiter,
    awaited_key,
    waiter_of,
    waiting_leave,
    waiting_next,
    waiting_served,
)
from pyredis.dispatch.checks cimport refused_by_user
from pyredis.dispatch.run cimport note_answer, note_error, run_command
from pyredis.ground.base cimport Slice
from pyredis.ground.memory cimport mem_free
from pyredis.journal.log cimport log_is_open
from pyredis.keyspace.keyspace cimport Entry, keyspace_find
from pyredis.types.table.hashtable cimport hash_key

cdef extern from "peer.h" nogil:
    # Whether the peer has closed the socket, or its sending side.
    bint peer_has_gone(int fd)

cdef enum:
    CLOSING = CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW


# ---- ending a wait ----

cdef void drop_waiter(Server *server, Waiter *waiter) noexcept nogil:
    if waiter.kind == END_OF_PAUSE:
        pause_leave(&server.pause, waiter)
    waiting_leave(&server.waiting, waiter)
    server.waiting.deadlines -= waiter.timeout_ms > 0
    waiter.client.waiter = NULL
    drop_request(&waiter.request)
    mem_free(waiter.places, waiter.room * sizeof(Place))
    mem_free(waiter, sizeof(Waiter))


cdef void answer_waiter(Server *server, Waiter *waiter, size_t begin) noexcept nogil:
    """Ends a wait; its reply is in the reply buffer from ``begin`` on."""
    cdef Client *client = waiter.client
    client.active_ms = server.keyspace.now_ms
    drop_waiter(server, waiter)
    outbox_answer(&server.outbox, client, &server.reply, begin, server.wait_offset)


cdef void end_wait(Server *server, Client *client, bint error) noexcept nogil:
    cdef size_t begin = server.reply.size
    cdef int protocol = server.reply.protocol
    cdef uint64_t offset = server.wait_offset
    cdef Call call
    waiter_call(server, waiter_of(client), False, &call)
    server.wait_offset = 0
    if error:
        reply_error(call.reply, "UNBLOCKED client unblocked via CLIENT UNBLOCK")
        call.command.failed += 1
        note_error(&call)
    else:
        reply_null_array(call.reply)
    note_answer(&call)
    answer_waiter(server, waiter_of(client), begin)
    server.reply.protocol = protocol
    server.wait_offset = offset


cdef void forget_waiting(Server *server, Client *client) noexcept nogil:
    if client.waiter != NULL:
        drop_waiter(server, waiter_of(client))


# ---- serving ----

cdef void waiter_call(Server *server, Waiter *waiter, bint woken, Call *call) noexcept nogil:
    cdef Queued *request = &waiter.request
    call_begin(call, server, waiter.client, request.command, <int> request.argc, request.argv, request.block,
               request.raw_size)
    call.woken = woken


cdef bint has_gone(const Client *client) noexcept nogil:
    return client.flags & CLOSING or (client.fd >= 0 and peer_has_gone(client.fd))


cdef inline bint is_paused(const Server *server, const Waiter *waiter) noexcept nogil:
    """Returns whether the waiter must wait for the end of a pause, which marks all keys as ready."""
    return server.restrictions & RESTRICT_PAUSED and pause_holds(&server.pause, waiter.request.command.flags)


cdef void run_again(Server *server, Waiter *waiter) noexcept nogil:
    cdef size_t begin = server.reply.size
    cdef Client *client = waiter.client
    cdef Call call
    waiter_call(server, waiter, True, &call)
    server.wait_offset = 0
    server.touched_count = 0
    call.waits = False
    # The user's rights may have changed while it waited.
    if not refused_by_user(&call):
        server.waiting.served = client
        run_command(&call)
        server.waiting.served = NULL
    if call.waits:
        reply_truncate(&server.reply, begin)
    else:
        answer_waiter(server, waiter, begin)
    tracking_follow_reply(server, client)


cdef void serve_key(Server *server, AwaitedKey *key) noexcept nogil:
    """Serves the clients that wait for the key, as long as the key has something for them."""
    cdef Slice name = awaited_key(key)
    cdef uint64_t hash = hash_key(name.data, name.size)
    cdef Place *place = key.first
    cdef Place *following
    cdef Waiter *waiter
    cdef Entry *entry
    while place != NULL:
        following = place.after
        waiter = place.waiter
        entry = keyspace_find(&server.keyspace, key.database, name, hash)
        if entry == NULL and not key.eager:
            return
        if waiter.kind == ANY_CHANGE or (entry != NULL and entry.type == <unsigned> waiter.kind):
            if has_gone(waiter.client):
                drop_waiter(server, waiter)
            elif not is_paused(server, waiter):
                run_again(server, waiter)
        place = following


cdef void serve_waiting(Server *server) noexcept nogil:
    cdef int protocol = server.reply.protocol
    cdef uint64_t offset = server.wait_offset
    cdef AwaitedKey *key
    if server.waiting.ready == NULL or server.waiting.serving or server.restrictions & RESTRICT_LOADING:
        return
    server.waiting.serving = True
    while True:
        key = waiting_next(&server.waiting)
        if key == NULL:
            break
        serve_key(server, key)
        waiting_served(&server.waiting, key)
    server.waiting.serving = False
    if log_is_open(&server.log):
        end_unit(server)
    server.reply.protocol = protocol
    server.wait_offset = offset

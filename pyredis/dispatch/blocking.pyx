"""Beginning to wait, being served, ceasing to wait; ``dispatch/blocking.pxd`` tells the contract.

Every served command is a unit of its own in the append-only file, behind that of the command which made its key ready,
and its reply waits for the file by itself. It is written where all replies are, at the end of the server's reply
buffer, and moved from there to ``server.waiting.answers``: what stands before it belongs to another client.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint64_t
from libc.string cimport memcpy

from pyredis._resp cimport Replied, Reply, reply_error, reply_null, reply_null_array, reply_truncate
from pyredis.dispatch.dispatch cimport (
    ANY_CHANGE,
    CLIENT_BLOCKED,
    CLIENT_CLOSE_AFTER_REPLY,
    CLIENT_CLOSE_NOW,
    CLIENT_LOADER,
    CLIENT_REPLY_OFF,
    CLIENT_REPLY_SKIP,
    RESTRICT_LOADING,
    Answer,
    AwaitedKey,
    Call,
    Client,
    Place,
    Server,
    Waiter,
    Waiting,
    lookup_write_kind,
    note_error,
    run_command,
    settle,
)
from pyredis.dispatch.queue cimport drop_request, keep_request
from pyredis.dispatch.waiting cimport awaited_key, waiting_join, waiting_leave, waiting_next, waiting_served
from pyredis.ground.base cimport Slice, parse_int64
from pyredis.ground.long_doubles cimport parse_long_double
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_zalloc
from pyredis.keyspace.keyspace cimport Entry, ValueKind, keyspace_find
from pyredis.types.table.hashtable cimport hash_key

cdef extern from "peer.h" nogil:
    # Whether the other end of the socket has closed it, or its way to us.
    bint peer_has_gone(int fd)

cdef extern from "<math.h>" nogil:
    long double ceill(long double value)

cdef enum:
    CLOSING = CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW


# ---- for handlers ----

cdef bint check_timeout(Call *call, int64_t timeout_ms) noexcept nogil:
    if timeout_ms < 0:
        call.failed = True
        reply_error(call.reply, "ERR timeout is negative")
    elif timeout_ms > INT64_MAX - call.server.keyspace.now_ms:
        reply_timeout_out_of_range(call)
    return not call.failed


cdef void reply_timeout_out_of_range(Call *call) noexcept nogil:
    call.failed = True
    reply_error(call.reply, "ERR timeout is out of range")


cdef bint timeout_argument(Call *call, int index, int64_t *timeout_ms) noexcept nogil:
    cdef long double seconds
    if not parse_long_double(call.argv[index], &seconds):
        call.failed = True
        reply_error(call.reply, "ERR timeout is not a float or out of range")
        return False
    seconds *= 1000
    if seconds > <long double> INT64_MAX:
        reply_timeout_out_of_range(call)
        return False
    # Rounded up: no fraction of a millisecond becomes a wait for ever.
    timeout_ms[0] = <int64_t> ceill(seconds) if seconds > -1e18 else -1
    return check_timeout(call, timeout_ms[0])


cdef bint timeout_ms_argument(Call *call, int index, int64_t *timeout_ms) noexcept nogil:
    if not parse_int64(call.argv[index].data, call.argv[index].size, timeout_ms):
        call.failed = True
        reply_error(call.reply, "ERR timeout is not an integer or out of range")
        return False
    return check_timeout(call, timeout_ms[0])


cdef Entry *lookup_awaited(Call *call, int index, ValueKind kind) noexcept nogil:
    call.awaited_kind = kind
    return lookup_write_kind(call, index, kind)


cdef bint may_wait(const Call *call) noexcept nogil:
    return not call.server.in_exec and not call.client.flags & CLIENT_LOADER


cdef Replied block_on_keys(Call *call, int first, int last, int64_t timeout_ms, BlockReply reply) noexcept nogil:
    if call.woken:
        call.waits = True
        return 0
    if not may_wait(call):
        return reply_null(call.reply) if reply == BLOCK_REPLY_NULL else reply_null_array(call.reply)
    call.waits = True
    begin_wait(call, first, last, timeout_ms)
    return 0


cdef void begin_wait(Call *call, int first, int last, int64_t timeout_ms) noexcept nogil:
    cdef Waiter *waiter = <Waiter *> mem_zalloc(sizeof(Waiter))
    cdef int index
    keep_request(call, &waiter.request)
    waiter.client = call.client
    waiter.kind = call.awaited_kind
    waiter.timeout_ms = timeout_ms
    waiter.silent = call.client.flags & CLIENT_REPLY_SKIP
    waiter.room = last - first + 1
    waiter.places = <Place *> mem_alloc(waiter.room * sizeof(Place))
    for index in range(first, last + 1):
        waiting_join(call.server, waiter, call.database, call.argv[index])
    call.server.waiting.deadlines += timeout_ms > 0
    call.client.waiter = waiter
    call.client.flags |= CLIENT_BLOCKED


# ---- ceasing to wait ----

cdef void drop_waiter(Server *server, Waiter *waiter) noexcept nogil:
    waiting_leave(server, waiter)
    server.waiting.deadlines -= waiter.timeout_ms > 0
    waiter.client.waiter = NULL
    drop_request(&waiter.request)
    mem_free(waiter.places, waiter.room * sizeof(Place))
    mem_free(waiter, sizeof(Waiter))


cdef void take_answer(Server *server, Client *client, size_t begin) noexcept nogil:
    """Moves what stands in the reply buffer from ``begin`` on to the answers."""
    cdef Waiting *waiting = &server.waiting
    cdef Reply *reply = &server.reply
    cdef size_t size = reply.size - begin
    cdef Answer *answer = <Answer *> mem_alloc(sizeof(Answer) + size)
    answer.next = NULL
    answer.client = client
    answer.wait_offset = server.wait_offset
    answer.size = size
    memcpy(answer + 1, reply.data + begin, size)
    reply.size = begin
    if waiting.last_answer != NULL:
        waiting.last_answer.next = answer
    else:
        waiting.answers = answer
    waiting.last_answer = answer


cdef void answer_waiter(Server *server, Waiter *waiter, size_t begin) noexcept nogil:
    """The wait is over: what stands in the reply buffer from ``begin`` on is its answer."""
    cdef Client *client = waiter.client
    if waiter.silent or client.flags & CLIENT_REPLY_OFF:
        reply_truncate(&server.reply, begin)
    client.flags &= ~CLIENT_BLOCKED
    client.active_ms = server.keyspace.now_ms
    drop_waiter(server, waiter)
    take_answer(server, client, begin)


cdef void end_wait(Server *server, Client *client, bint error) noexcept nogil:
    cdef size_t begin = server.reply.size
    cdef int protocol = server.reply.protocol
    cdef uint64_t offset = server.wait_offset
    cdef Call call
    waiter_call(server, client.waiter, False, &call)
    server.wait_offset = 0
    if error:
        reply_error(call.reply, "UNBLOCKED client unblocked via CLIENT UNBLOCK")
        call.command.failed += 1
        note_error(&call)
    else:
        reply_null_array(call.reply)
    answer_waiter(server, client.waiter, begin)
    server.reply.protocol = protocol
    server.wait_offset = offset


cdef void forget_waiting(Server *server, Client *client) noexcept nogil:
    cdef Answer *answer = server.waiting.answers
    if client.waiter != NULL:
        drop_waiter(server, client.waiter)
    while answer != NULL:
        if answer.client == client:
            answer.client = NULL
        answer = answer.next


# ---- being served ----

cdef void waiter_call(Server *server, Waiter *waiter, bint woken, Call *call) noexcept nogil:
    call.server = server
    call.client = waiter.client
    call.database = waiter.client.database
    call.command = waiter.request.command
    call.reply = &server.reply
    call.argv = waiter.request.argv
    call.argc = <int> waiter.request.argc
    call.hash = 0
    call.hashed = False
    call.raw = waiter.request.block
    call.raw_size = waiter.request.raw_size
    call.woken = woken
    server.reply.protocol = waiter.client.protocol


cdef bint has_gone(const Client *client) noexcept nogil:
    return client.flags & CLOSING or (client.fd >= 0 and peer_has_gone(client.fd))


cdef void run_again(Server *server, Waiter *waiter) noexcept nogil:
    cdef size_t begin = server.reply.size
    cdef Call call
    waiter_call(server, waiter, True, &call)
    server.wait_offset = 0
    server.touched_count = 0
    run_command(&call)
    if call.waits:
        reply_truncate(&server.reply, begin)
    else:
        answer_waiter(server, waiter, begin)


cdef void serve_key(Server *server, AwaitedKey *key) noexcept nogil:
    """All who wait for the key, as long as there is something for them."""
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
            else:
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
        key = waiting_next(server)
        if key == NULL:
            break
        serve_key(server, key)
        waiting_served(server, key)
    server.waiting.serving = False
    if server.aof_pending:
        settle(server)
    server.reply.protocol = protocol
    server.wait_offset = offset

"""Suspends a command, and keeps its state until it continues."""

from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from pyredis._resp cimport Piece, Reply, reply_free, reply_piece, reply_raw
from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_BLOCKED, CLIENT_DENY_BLOCKING, CLIENT_LOADER, CLIENT_LOCAL, Client
from pyredis.call.command cimport CMD_RUNS_QUEUE, CMD_RUNS_SCRIPT
from pyredis.call.outbox cimport outbox_answer
from pyredis.call.request cimport Queued, drop_request, keep_request
from pyredis.call.state cimport RESTRICT_BUSY, TOUCHED, Server
from pyredis.call.tracking cimport tracking_follow_reply
from pyredis.dispatch.run cimport run_command
from pyredis.ground.base cimport cycles_now, unlikely
from pyredis.ground.memory cimport mem_free, mem_zalloc
from pyredis.lua.interpreter cimport Interpreter

cdef extern from "fiber.h" nogil:
    ctypedef struct Fiber:
        bint inside

    bint fiber_open(Fiber *fiber, size_t size, void (*body)(void *context) noexcept nogil, void *context)
    void fiber_switch(Fiber *fiber)
    void fiber_close(Fiber *fiber)

cdef enum:
    # In bytes; a page takes memory only once it is touched. Lua nests up to 200 C calls.
    STACK_SIZE = 8 << 20
    SLICE_MS = 2

# State of the command that is in the Server struct while the command runs.
ctypedef struct Moment:
    Client *current
    int in_exec
    uint64_t wait_offset
    uint64_t touched[TOUCHED]
    int touched_count
    int64_t now_ms

ctypedef struct Apart:
    Server *server
    Fiber fiber
    bint usable
    bint running                # a command is on the stack
    Call call
    Queued kept                 # its arguments, from its first suspension on
    size_t begin                # where its reply begins
    Reply reply                 # the reply buffer that the command writes to, while it is suspended
    Moment moment
    uint64_t resumed            # cycles


cdef inline Apart *apart_of(const Server *server) noexcept nogil:
    return <Apart *> server.apart


cdef bint apart_suspended(const Server *server) noexcept nogil:
    return server.apart != NULL and apart_of(server).running and not apart_of(server).fiber.inside


cdef bint apart_holds(const Server *server, const Client *client) noexcept nogil:
    return apart_suspended(server) and apart_of(server).call.client == client


# ---- on the other stack ----

cdef void run_calls(void *context) noexcept nogil:
    """Runs one command after the other on the second stack; never returns."""
    cdef Apart *apart = <Apart *> context
    while True:
        run_command(&apart.call)
        apart.running = False
        fiber_switch(&apart.fiber)


cdef inline int64_t elapsed_ms(const Server *server, uint64_t since) noexcept nogil:
    return <int64_t> ((cycles_now() - since) * server.ns_per_cycle / 1000000)


cdef void look_at_clock(void *interpreter) noexcept nogil:
    """Suspends the running script if its time is up; called at every checkpoint."""
    cdef Interpreter *lua = <Interpreter *> interpreter
    cdef Server *server = lua.server
    cdef Apart *apart = apart_of(server)
    if apart == NULL or not apart.fiber.inside:
        return
    if not lua.timed_out:
        if elapsed_ms(server, lua.begun) < server.settings.busy_reply_ms or server.settings.busy_reply_ms <= 0:
            return
        lua.timed_out = True
        report_slow(lua)
    elif elapsed_ms(server, apart.resumed) < SLICE_MS:
        return
    fiber_switch(&apart.fiber)


cdef void report_slow(Interpreter *lua) noexcept with gil:
    host = (<object> lua.server.core).host
    name = lua.runnable.name.data[:lua.runnable.name.size].decode()
    host.on_slow_script(name, elapsed_ms(lua.server, lua.begun), "FUNCTION KILL" if lua.functions else "SCRIPT KILL")


# ---- on the thread's own stack ----

cdef Apart *apart_new(Server *server) noexcept nogil:
    cdef Apart *apart = <Apart *> mem_zalloc(sizeof(Apart))
    apart.server = server
    apart.usable = fiber_open(&apart.fiber, STACK_SIZE, run_calls, apart)
    server.on_checkpoint = look_at_clock
    server.apart = apart
    return apart


cdef void apart_delete(Server *server) noexcept nogil:
    cdef Apart *apart = apart_of(server)
    if apart == NULL:
        return
    if apart.running:
        drop_request(&apart.kept)
        reply_free(&apart.reply)
        release_client(apart.call.client)
    if apart.usable:
        fiber_close(&apart.fiber)
    mem_free(apart, sizeof(Apart))
    server.apart = NULL


cdef bint has_script(const Client *client) noexcept nogil:
    cdef size_t index
    for index in range(client.queued):
        if client.queue[index].command.flags & CMD_RUNS_SCRIPT:
            return True
    return False


cdef inline bint may_suspend(const Call *call) noexcept nogil:
    # Another thread than the client's would continue the script.
    if call.client.flags & (CLIENT_DENY_BLOCKING | CLIENT_LOADER | CLIENT_LOCAL):
        return False
    if call.server.settings.busy_reply_ms <= 0:
        return False
    return not call.command.flags & CMD_RUNS_QUEUE or has_script(call.client)


cdef void run_apart(Call *call) noexcept nogil:
    cdef Server *server = call.server
    cdef Apart *apart = apart_of(server)
    if not may_suspend(call):
        run_command(call)
        return
    if unlikely(apart == NULL):
        apart = apart_new(server)
    if unlikely(not apart.usable):
        run_command(call)
        return
    apart.call = call[0]
    apart.begin = call.reply.size
    apart.running = True
    fiber_switch(&apart.fiber)
    if unlikely(apart.running):
        suspend(apart)


cdef void hold_client(Client *client) noexcept with gil:
    Py_INCREF(<object> client.owner)


cdef void release_client(Client *client) noexcept with gil:
    Py_DECREF(<object> client.owner)


cdef void suspend(Apart *apart) noexcept nogil:
    """Prepares the first suspension: the arguments' buffer will be reused, and the client may disconnect."""
    cdef Call *call = &apart.call
    keep_request(&apart.kept, call.command, call.argc, call.argv)
    call.argv = apart.kept.argv
    call.raw = NULL
    call.client.flags |= CLIENT_BLOCKED
    hold_client(call.client)
    put_moment_aside(apart)
    apart.reply = apart.server.reply
    begin_reply(&apart.server.reply, &apart.reply, apart.begin)
    apart.server.restrictions |= <uint32_t> RESTRICT_BUSY


cdef inline void copy_bytes(Reply *reply, const Reply *before, size_t begin, size_t end) noexcept nogil:
    """Copies bytes of a reply. A reply without any may have no buffer."""
    if end > begin:
        reply_raw(reply, before.data + begin, end - begin)


cdef void begin_reply(Reply *reply, const Reply *before, size_t size) noexcept nogil:
    """Makes a buffer with the first ``size`` bytes of another: unsent replies of earlier commands."""
    cdef const Piece *piece
    cdef size_t at = 0, index
    memset(reply, 0, sizeof(Reply))
    reply.protocol = before.protocol
    reply.errors = before.errors
    for index in range(before.piece_count):
        piece = before.pieces + index
        if piece.at > size:
            break
        copy_bytes(reply, before, at, piece.at)
        reply_piece(reply, piece.blob, piece.bytes)
        at = piece.at
    copy_bytes(reply, before, at, size)


cdef void put_moment_aside(Apart *apart) noexcept nogil:
    """Leaves `in_exec` set: what other clients may do meanwhile must neither end the unit of the log nor wait."""
    cdef Server *server = apart.server
    apart.moment.current = server.current
    apart.moment.in_exec = server.in_exec
    apart.moment.wait_offset = server.wait_offset
    memcpy(apart.moment.touched, server.touched, sizeof(server.touched))
    apart.moment.touched_count = server.touched_count
    apart.moment.now_ms = server.keyspace.now_ms
    server.wait_offset = 0


cdef void put_moment_back(Apart *apart) noexcept nogil:
    cdef Server *server = apart.server
    server.current = apart.moment.current
    server.in_exec = apart.moment.in_exec
    server.wait_offset = apart.moment.wait_offset
    memcpy(server.touched, apart.moment.touched, sizeof(server.touched))
    server.touched_count = apart.moment.touched_count
    server.keyspace.now_ms = apart.moment.now_ms


cdef void swap_replies(Apart *apart) noexcept nogil:
    """Exchanges the server's reply buffer and the command's; the count of errors stays with the server's."""
    cdef Reply other = apart.reply
    other.errors = apart.server.reply.errors
    apart.reply = apart.server.reply
    apart.server.reply = other


cdef void apart_resume(Server *server) noexcept nogil:
    cdef Apart *apart = apart_of(server)
    cdef int64_t now_ms = server.keyspace.now_ms
    if not apart_suspended(server):
        return
    put_moment_back(apart)
    swap_replies(apart)
    apart.resumed = cycles_now()
    fiber_switch(&apart.fiber)
    if apart.running:
        put_moment_aside(apart)
    server.current = NULL
    swap_replies(apart)
    server.keyspace.now_ms = now_ms
    if not apart.running:
        finish(apart)


cdef void finish(Apart *apart) noexcept nogil:
    cdef Server *server = apart.server
    cdef Client *client = apart.call.client
    server.restrictions &= ~<uint32_t> RESTRICT_BUSY
    outbox_answer(&server.outbox, client, &apart.reply, apart.begin, server.wait_offset)
    tracking_follow_reply(server, client)
    server.wait_offset = 0
    reply_free(&apart.reply)
    drop_request(&apart.kept)
    release_client(client)

"""Running a command that was held back as a batch runs one that has just arrived."""

from pyredis.call.call cimport Call, call_begin
from pyredis.call.client cimport CLIENT_ADDRESSED, CLIENT_BLOCKED, Client
from pyredis.call.outbox cimport outbox_collect
from pyredis.call.pausing cimport pause_leave
from pyredis.call.request cimport Queued, drop_request
from pyredis.call.state cimport Server, find_command
from pyredis.call.waiting cimport Waiter, waiter_of
from pyredis.dispatch.batch cimport execute_call
from pyredis.ground.base cimport cycles_now
from pyredis.ground.memory cimport mem_free


cdef Queued take_request(Server *server, Client *client) noexcept nogil:
    """Frees the client; the request is the caller's to drop."""
    cdef Waiter *waiter = waiter_of(client)
    cdef Queued request = waiter.request
    pause_leave(&server.pause, waiter)
    mem_free(waiter, sizeof(Waiter))
    client.waiter = NULL
    client.flags &= ~CLIENT_BLOCKED
    return request


cdef void resume_command(Server *server, Client *client) noexcept nogil:
    cdef Queued request = take_request(server, client)
    cdef Call call
    server.cycle_mark = cycles_now()
    server.current = client
    server.touched_count = 0
    client.active_ms = server.keyspace.now_ms
    call_begin(&call, server, client, find_command(server, request.argv[0]), <int> request.argc, request.argv,
               request.block, request.raw_size)
    execute_call(&call)
    if client.flags & CLIENT_ADDRESSED:
        outbox_collect(&server.outbox, client, &server.reply, &server.wait_offset)
    server.current = NULL
    drop_request(&request)

"""The list of the commands that a pause holds back."""

from libc.stdint cimport int64_t

from pyredis.call.client cimport CLIENT_BLOCKED, Client
from pyredis.call.command cimport Command
from pyredis.call.request cimport keep_request
from pyredis.call.waiting cimport END_OF_PAUSE, Waiter, waiter_of
from pyredis.ground.base cimport Slice
from pyredis.ground.memory cimport mem_zalloc


cdef void pause_extend(Pause *pause, int64_t until_ms, bint everything) noexcept nogil:
    pause.until_ms = max(pause.until_ms, until_ms)
    pause.everything = pause.everything or everything


cdef void pause_end(Pause *pause) noexcept nogil:
    pause.until_ms = 0
    pause.everything = False


cdef void pause_hold(Pause *pause, Client *client, Command *command, int argc, const Slice *argv) noexcept nogil:
    cdef Waiter *waiter = <Waiter *> mem_zalloc(sizeof(Waiter))
    keep_request(&waiter.request, command, argc, argv)
    waiter.client = client
    waiter.kind = END_OF_PAUSE
    waiter.older = pause.last
    if pause.last != NULL:
        pause.last.newer = waiter
    else:
        pause.first = waiter
    pause.last = waiter
    client.waiter = waiter
    client.flags |= CLIENT_BLOCKED


cdef void pause_leave(Pause *pause, Waiter *waiter) noexcept nogil:
    if waiter.older != NULL:
        waiter.older.newer = waiter.newer
    else:
        pause.first = waiter.newer
    if waiter.newer != NULL:
        waiter.newer.older = waiter.older
    else:
        pause.last = waiter.older
    waiter.older = waiter.newer = NULL


cdef bint is_held_back(const Client *client) noexcept nogil:
    return client.waiter != NULL and waiter_of(client).kind == END_OF_PAUSE

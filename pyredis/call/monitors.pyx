"""An array of clients; a client that is in it has the flag ``CLIENT_MONITOR``."""

from libc.string cimport memmove

from pyredis.call.client cimport CLIENT_MONITOR, Client
from pyredis.ground.memory cimport mem_free, mem_realloc


cdef void monitors_add(Monitors *monitors, Client *client) noexcept nogil:
    cdef size_t capacity = max(<size_t> 4, 2 * monitors.capacity)
    if monitors.count == monitors.capacity:
        monitors.clients = <Client **> mem_realloc(monitors.clients, monitors.capacity * sizeof(Client *),
                                                   capacity * sizeof(Client *))
        monitors.capacity = capacity
    monitors.clients[monitors.count] = client
    monitors.count += 1
    client.flags |= CLIENT_MONITOR


cdef void monitors_remove(Monitors *monitors, Client *client) noexcept nogil:
    cdef size_t index = 0
    if not client.flags & CLIENT_MONITOR:
        return
    client.flags &= ~CLIENT_MONITOR
    while monitors.clients[index] != client:
        index += 1
    monitors.count -= 1
    memmove(monitors.clients + index, monitors.clients + index + 1, (monitors.count - index) * sizeof(Client *))
    if monitors.count == 0:
        monitors_destroy(monitors)


cdef void monitors_destroy(Monitors *monitors) noexcept nogil:
    mem_free(monitors.clients, monitors.capacity * sizeof(Client *))
    monitors.clients = NULL
    monitors.count = monitors.capacity = 0

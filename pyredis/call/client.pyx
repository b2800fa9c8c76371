"""Queueing, watching, and dropping both; ``client.pxd`` has the contract."""

from libc.string cimport memset

from pyredis.call.command cimport Command
from pyredis.call.request cimport Queued, drop_request, keep_request
from pyredis.ground.base cimport Slice
from pyredis.ground.memory cimport mem_free, mem_grow, mem_zalloc
from pyredis.keyspace.keyspace cimport Keyspace, WatchedKey, keyspace_unwatch


cdef void client_init(Client *client, Keyspace *keyspace) noexcept nogil:
    memset(client, 0, sizeof(Client))
    client.database = &keyspace.databases[0]
    client.protocol = 2
    client.created_ms = keyspace.now_ms
    client.active_ms = keyspace.now_ms
    client.fd = -1


cdef bint client_end_reply(Client *client) noexcept nogil:
    cdef bint withheld = client_withholds(client)
    client.flags &= ~CLIENT_REPLY_SKIP
    if client.flags & CLIENT_REPLY_SKIP_NEXT:
        client.flags &= ~CLIENT_REPLY_SKIP_NEXT
        client.flags |= CLIENT_REPLY_SKIP
    return withheld


cdef void client_reset(Client *client, Keyspace *keyspace) noexcept nogil:
    client_discard(client)
    client.database = &keyspace.databases[0]
    client.protocol = 2
    client.flags &= ~(CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT | CLIENT_NO_TOUCH |
                      CLIENT_NO_EVICT)


# ---- MULTI's queue ----

cdef void client_queue(Client *client, Command *command, int argc, const Slice *argv) noexcept nogil:
    cdef Queued *queued
    if client.queued == client.queue_capacity:
        client.queue = <Queued *> mem_grow(client.queue, &client.queue_capacity, sizeof(Queued), 8)
    queued = client.queue + client.queued
    keep_request(queued, command, argc, argv)
    client.queued += 1
    client.queue_bytes += queued.block_size


cdef void client_discard(Client *client) noexcept nogil:
    cdef size_t index
    for index in range(client.queued):
        drop_request(&client.queue[index])
    mem_free(client.queue, client.queue_capacity * sizeof(Queued))
    client.queue = NULL
    client.queued = 0
    client.queue_capacity = 0
    client.queue_bytes = 0
    client.flags &= ~(CLIENT_MULTI | CLIENT_DIRTY_EXEC)
    client_unwatch(client)


# ---- watches ----

cdef Watch *watch_place(const Client *client, const WatchedKey *key) noexcept nogil:
    """Returns the place of the key among the watches, or the empty place where it belongs."""
    cdef size_t mask = client.watch_capacity - 1
    cdef size_t at = (<size_t> key >> 4) * <size_t> 0x9e3779b97f4a7c15ULL >> 32 & mask
    while client.watches[at].key != NULL and client.watches[at].key != key:
        at = (at + 1) & mask
    return client.watches + at


cdef void make_room_for_watch(Client *client) noexcept nogil:
    cdef Watch *before = client.watches
    cdef size_t capacity = client.watch_capacity, index
    if 2 * (client.watching + 1) <= capacity:
        return
    client.watch_capacity = max(2 * capacity, <size_t> 4)
    client.watches = <Watch *> mem_zalloc(client.watch_capacity * sizeof(Watch))
    for index in range(capacity):
        if before[index].key != NULL:
            watch_place(client, before[index].key)[0] = before[index]
    mem_free(before, capacity * sizeof(Watch))


cdef bint client_watch(Client *client, WatchedKey *key) noexcept nogil:
    cdef Watch *watch
    make_room_for_watch(client)
    watch = watch_place(client, key)
    if watch.key != NULL:
        return False
    watch.key = key
    watch.version = key.version
    client.watching += 1
    return True


cdef bint client_watch_broken(const Client *client) noexcept nogil:
    cdef size_t index
    for index in range(client.watch_capacity):
        if client.watches[index].key != NULL and client.watches[index].key.version != client.watches[index].version:
            return True
    return False


cdef void client_unwatch(Client *client) noexcept nogil:
    cdef size_t index
    for index in range(client.watch_capacity):
        if client.watches[index].key != NULL:
            keyspace_unwatch(client.watches[index].key)
    mem_free(client.watches, client.watch_capacity * sizeof(Watch))
    client.watches = NULL
    client.watching = 0
    client.watch_capacity = 0

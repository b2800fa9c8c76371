"""Queueing, watching, and forgetting both."""

from libc.string cimport memcpy, memset

from pyredis._resp cimport format_header, reply_status
from pyredis.dispatch.dispatch cimport CLIENT_DIRTY_EXEC, CLIENT_MULTI, Call, Client, Queued, Server, Watch
from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_grow, mem_zalloc
from pyredis.keyspace.keyspace cimport WatchedKey, keyspace_unwatch


cdef void client_init(Client *client, Server *server) noexcept nogil:
    memset(client, 0, sizeof(Client))
    client.database = &server.keyspace.databases[0]
    client.protocol = 2
    client.created_ms = server.keyspace.now_ms
    client.active_ms = server.keyspace.now_ms
    client.fd = -1


# ---- MULTI's queue ----

cdef size_t multibulk_size(int argc, const Slice *argv) noexcept nogil:
    cdef char header[24]
    cdef size_t size = format_header(header, c'*', argc)
    cdef int index
    for index in range(argc):
        size += format_header(header, c'$', argv[index].size) + argv[index].size + 2
    return size


cdef void encode_request(Queued *queued, const Slice *argv) noexcept nogil:
    """Writes the multibulk to the block's beginning and points the queued arguments into it."""
    cdef char *out = queued.block + format_header(queued.block, c'*', queued.argc)
    cdef size_t index
    for index in range(queued.argc):
        out += format_header(out, c'$', argv[index].size)
        queued.argv[index] = slice_of(out, argv[index].size)
        memcpy(out, argv[index].data, argv[index].size)
        out += argv[index].size
        memcpy(out, "\r\n", 2)
        out += 2


cdef void keep_request(Call *call, Queued *queued) noexcept nogil:
    cdef size_t raw_size = multibulk_size(call.argc, call.argv)
    cdef size_t aligned = (raw_size + 7) & ~<size_t> 7
    queued.command = call.command
    queued.argc = call.argc
    queued.raw_size = raw_size
    queued.block_size = aligned + call.argc * sizeof(Slice)
    queued.block = <char *> mem_alloc(queued.block_size)
    queued.argv = <Slice *> (queued.block + aligned)
    encode_request(queued, call.argv)


cdef void drop_request(Queued *queued) noexcept nogil:
    mem_free(queued.block, queued.block_size)


cdef void queue_command(Call *call) noexcept nogil:
    cdef Client *client = call.client
    cdef Queued *queued
    if client.queued == client.queue_capacity:
        client.queue = <Queued *> mem_grow(client.queue, &client.queue_capacity, sizeof(Queued), 8)
    queued = client.queue + client.queued
    keep_request(call, queued)
    client.queued += 1
    client.queue_bytes += queued.block_size
    reply_status(call.reply, "QUEUED")


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
    """Where the key stands among the watches, or has its place, which is empty."""
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


cdef void client_unwatch(Client *client) noexcept nogil:
    cdef size_t index
    for index in range(client.watch_capacity):
        if client.watches[index].key != NULL:
            keyspace_unwatch(client.watches[index].key)
    mem_free(client.watches, client.watch_capacity * sizeof(Watch))
    client.watches = NULL
    client.watching = 0
    client.watch_capacity = 0

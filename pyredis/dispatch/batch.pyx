"""Batches of up to 32 requests that are parsed ahead.

While a request is parsed, the buckets of the earlier keys are already being prefetched. A second pass prefetches the
entries; the third executes. Parsing does not go past a request that could change how the following bytes are parsed (of
an unauthenticated client, or an inline request).
"""

from libc.stdint cimport uint64_t
from libc.string cimport memcmp

from pyredis._resp cimport (
    PARSE_MORE,
    PARSE_REQUEST,
    Parser,
    Request,
    arguments_free,
    parse_request,
    parser_under_way,
    reply_total,
    reply_truncate,
)
from pyredis.call.call cimport Call, call_begin
from pyredis.call.client cimport (
    CLIENT_ADDRESSED,
    CLIENT_BLOCKED,
    CLIENT_CACHING,
    CLIENT_CLOSE_AFTER_REPLY,
    CLIENT_CLOSE_NOW,
    CLIENT_LOADER,
    CLIENT_MULTI,
    CLIENT_REPLY_OFF,
    CLIENT_REPLY_SKIP,
    CLIENT_REPLY_SKIP_NEXT,
    CLIENT_UNAUTHENTICATED,
    Client,
    client_end_reply,
    client_withholds,
)
from pyredis.call.command cimport Command
from pyredis.call.outbox cimport outbox_collect
from pyredis.call.renames cimport renames_find_original
from pyredis.call.state cimport Server, find_command
from pyredis.call.tracking cimport tracking_leave_caching
from pyredis.call.trail cimport trail_begin, trail_end
from pyredis.dispatch.checks cimport execute
from pyredis.ground.base cimport Slice, cycles_now, prefetch, unlikely
from pyredis.keyspace.keyspace cimport STRING, Entry, ValueKind, ValueType, entry_pointer, keyspace_peek, value_type
from pyredis.types.table.hashtable cimport hash_key, table_prefetch_bucket, table_prefetch_element

cdef enum:
    BATCH = 32
    STOP = CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW | CLIENT_BLOCKED
    AFTER_REQUEST = (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT | CLIENT_ADDRESSED |
                     CLIENT_CACHING)
    # Scratch space for more arguments than this is freed before the next request.
    ARGUMENTS_KEEP = 65536


ctypedef struct Batch:
    Request requests[BATCH]
    Command *commands[BATCH]
    uint64_t hashes[BATCH]
    bint hashed[BATCH]
    int count
    int at                      # the request that runs


cdef inline void resolve(Server *server, Client *client, Batch *batch, int at) noexcept nogil:
    """Finds the command of a request, and prefetches the bucket of its first key."""
    cdef Request *request = &batch.requests[at]
    cdef Slice *argv = server.arguments.items + request.first
    cdef Command *command
    if at > 0 and batch.commands[at - 1] != NULL and slice_equal_names(server, batch, at, argv[0]):
        command = batch.commands[at - 1]
    else:
        command = find_command(server, argv[0])
        if unlikely(command == NULL) and server.renames != NULL and client.flags & CLIENT_LOADER:
            command = renames_find_original(server.renames, argv[0])
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
    """Returns the value that the request names a part of, if its kind supports prefetching; otherwise NULL."""
    cdef Entry *entry
    # A request whose command was not found has no hash either.
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
    """Prefetches for commands that name a part of a value: in three passes the value's head, the part's place, and the
    part, so that each has time to arrive before the next."""
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


cdef inline void execute_begun(Call *call) noexcept nogil:
    cdef size_t start = call.reply.size
    execute(call)
    if unlikely(call.client.flags & AFTER_REQUEST):
        end_request(call, start)


cdef void execute_call(Call *call) noexcept nogil:
    cdef size_t start = call.reply.size
    execute(call)
    if unlikely(call.client.flags & AFTER_REQUEST):
        withhold_reply(call, start)


cdef inline void execute_request(Server *server, Client *client, Batch *batch, int at) noexcept nogil:
    cdef Call call
    cdef Request *request = &batch.requests[at]
    call_begin(&call, server, client, batch.commands[at], <int> request.count,
               server.arguments.items + request.first, request.raw, request.raw_size)
    if request.apart:
        call.raw = NULL
    call.hash = batch.hashes[at]
    call.hashed = batch.hashed[at]
    if not client.flags & CLIENT_MULTI:
        client.mark = request.raw
    execute_begun(&call)


cdef void withhold_reply(Call *call, size_t start) noexcept nogil:
    """Drops the reply under CLIENT REPLY OFF and SKIP. A command that waits ends only when it is replied to."""
    if client_withholds(call.client):
        reply_truncate(call.reply, start)
    if not call.client.flags & CLIENT_BLOCKED:
        client_end_reply(call.client)
    if call.client.flags & CLIENT_CACHING:
        tracking_leave_caching(call)


cdef void end_request(Call *call, size_t start) noexcept nogil:
    """Ends a request: messages sent to the client meanwhile follow its reply."""
    cdef Server *server = call.server
    withhold_reply(call, start)
    if call.client.flags & CLIENT_ADDRESSED:
        outbox_collect(&server.outbox, call.client, &server.reply, &server.wait_offset)


cdef void rewind(Server *server, Parser *parser, const char *buffer, const Request *request) noexcept nogil:
    """Goes back to the end of ``request``: the requests after it will be parsed again."""
    parser.at = request.raw + request.raw_size - buffer
    parser.begin = parser.at
    parser.remaining = 0
    parser.bulk = -1
    server.arguments.count = 0


cdef inline void end_batches(Server *server) noexcept nogil:
    server.current = NULL
    if server.trail != NULL:
        trail_end(server.trail)


cdef int serve(Server *server, Client *client, Parser *parser, char *buffer, size_t size,
               size_t limit) noexcept nogil:
    cdef Batch batch
    cdef int status, index
    cdef size_t start = reply_total(&server.reply)
    server.cycle_mark = cycles_now()
    server.current = client
    client.active_ms = server.keyspace.now_ms
    if unlikely(client.flags & CLIENT_ADDRESSED):
        outbox_collect(&server.outbox, client, &server.reply, &server.wait_offset)
    while True:
        status = read_ahead(server, client, parser, buffer, size, &batch)
        if batch.count > 1:
            fetch_entries(server, client, &batch)
        if server.trail != NULL and batch.count:
            trail_begin(server.trail, client.id, batch.requests, batch.commands, &server.arguments, &batch.at,
                        batch.count)
        for index in range(batch.count):
            batch.at = index
            server.touched_count = 0
            execute_request(server, client, &batch, index)
            if unlikely(client.flags & STOP or reply_total(&server.reply) - start > limit):
                if index + 1 < batch.count or status != PARSE_MORE:
                    rewind(server, parser, buffer, &batch.requests[index])
                    status = PARSE_REQUEST
                client.commands += index + 1
                end_batches(server)
                return status
        client.commands += batch.count
        if status != PARSE_REQUEST:
            end_batches(server)
            return status

"""Finds the recipients of a message, and encodes it for them."""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy

from pyredis._resp cimport ARRAY, PUSH, format_header
from pyredis.call.client cimport Client
from pyredis.call.outbox cimport SEND_PUSH, outbox_send_shared
from pyredis.call.state cimport Server
from pyredis.channels.channels cimport (
    CHANNEL,
    PATTERN,
    SHARD_CHANNEL,
    Channel,
    SubscriptionKind,
    channel_find,
    channel_name,
    channels_count,
)
from pyredis.ground.base cimport Slice, literal, prefetch
from pyredis.ground.blob cimport Blob, blob_data, blob_new, blob_release
from pyredis.ground.glob cimport glob_match

cdef enum:
    MOST_PARTS = 4
    # The size of a RESP header is at most this.
    HEADER = 24
    # How many recipients ahead a client is prefetched into the cache.
    AHEAD = 4


# A message: its parts, and its encodings, indexed by `form_of`; NULL until one is needed.
cdef struct Edition:
    Slice parts[MOST_PARTS]
    int count
    Blob *forms[2]


cdef inline int form_of(const Client *client) noexcept nogil:
    return client.protocol >= 3


cdef Blob *encode(const Edition *edition, int form) noexcept nogil:
    cdef size_t room = HEADER
    cdef char *out
    cdef Blob *blob
    cdef int index
    for index in range(edition.count):
        room += HEADER + edition.parts[index].size + 2
    blob = blob_new(0, room)
    out = blob_data(blob)
    out += format_header(out, PUSH if form else ARRAY, edition.count)
    for index in range(edition.count):
        out += format_header(out, c'$', edition.parts[index].size)
        memcpy(out, edition.parts[index].data, edition.parts[index].size)
        out += edition.parts[index].size
        memcpy(out, "\r\n", 2)
        out += 2
    blob.size = out - blob_data(blob)
    return blob


cdef size_t send_to_all(Server *server, const Channel *channel, Edition *edition, uint64_t wait_offset) noexcept nogil:
    cdef size_t index
    cdef int form
    cdef Client *client
    edition.forms[0] = edition.forms[1] = NULL
    for index in range(channel.count):
        if index + AHEAD < channel.count:
            prefetch(channel.recipients[index + AHEAD].owner)
        client = <Client *> channel.recipients[index].owner
        form = form_of(client)
        if edition.forms[form] == NULL:
            edition.forms[form] = encode(edition, form)
        outbox_send_shared(&server.outbox, client, &edition.forms[form], wait_offset, SEND_PUSH)
    for form in range(2):
        if edition.forms[form] != NULL:
            blob_release(edition.forms[form])
    return channel.count


cdef size_t publish_to_patterns(Server *server, Slice name, Slice message, uint64_t wait_offset) noexcept nogil:
    cdef size_t index, sent = 0
    cdef const Channel *pattern
    cdef Edition edition
    edition.count = 4
    edition.parts[0] = literal("pmessage")
    edition.parts[2] = name
    edition.parts[3] = message
    for index in range(channels_count(&server.channels, PATTERN)):
        pattern = server.channels.patterns[index]
        edition.parts[1] = channel_name(pattern)
        if glob_match(edition.parts[1], name, False):
            sent += send_to_all(server, pattern, &edition, wait_offset)
    return sent


cdef size_t publish(Server *server, SubscriptionKind kind, Slice name, uint64_t hash, Slice message,
                    uint64_t wait_offset) noexcept nogil:
    cdef size_t sent = 0
    cdef const Channel *channel = channel_find(&server.channels, kind, name, hash)
    cdef Edition edition
    if channel != NULL:
        edition.count = 3
        edition.parts[0] = literal("smessage") if kind == SHARD_CHANNEL else literal("message")
        edition.parts[1] = name
        edition.parts[2] = message
        sent = send_to_all(server, channel, &edition, wait_offset)
    if kind == CHANNEL and channels_count(&server.channels, PATTERN):
        sent += publish_to_patterns(server, name, message, wait_offset)
    return sent

"""The commands that subscribe and unsubscribe, PUBLISH, SPUBLISH, and PUBSUB, which shows subscriptions.

A command that subscribes or unsubscribes replies with a push for each of its arguments. CLIENT REPLY does not withhold
these confirmations: if it withholds replies, they are sent through the outbox, which is delivered after the reply. The
same holds for a client in process: its command returns one reply, null, and the confirmations are in its ``pushes``.
"""

from libc.stdint cimport uint64_t

from pyredis._resp cimport (
    ARRAY,
    PUSH,
    Replied,
    Reply,
    reply_aggregate,
    reply_array,
    reply_close,
    reply_error,
    reply_integer,
    reply_null,
    reply_open,
    reply_slice,
    reply_truncate,
)
from pyredis.call.call cimport Call, argument, key_hash
from pyredis.call.client cimport CLIENT_DENY_BLOCKING, CLIENT_LOADER, Client, client_withholds
from pyredis.call.errors cimport refuse_subcommand
from pyredis.call.handlers cimport native
from pyredis.call.outbox cimport SEND_PUSH, outbox_send, the_unit_under_way
from pyredis.call.publishing cimport publish
from pyredis.call.state cimport Server
from pyredis.call.subscriptions cimport shown_subscriptions, subscribe_client, subscriptions_of, unsubscribe_client
from pyredis.channels.channels cimport (
    CHANNEL,
    PATTERN,
    SHARD_CHANNEL,
    Channel,
    Subscription,
    SubscriptionKind,
    channel_find,
    channel_name,
    channels_count,
    subscription_find,
)
from pyredis.ground.base cimport Slice, literal, slice_of, unlikely
from pyredis.ground.glob cimport glob_match
from pyredis.journal.log cimport log_is_open
from pyredis.types.table.hashtable cimport TableIterator, hash_of, table_iterate, table_iterate_end, table_next

from pyredis.commands.help import help_lines


# ---- confirmations ----

cdef inline const char *subscribed_word(SubscriptionKind kind) noexcept nogil:
    if kind == PATTERN:
        return "psubscribe"
    return "ssubscribe" if kind == SHARD_CHANNEL else "subscribe"


cdef inline const char *unsubscribed_word(SubscriptionKind kind) noexcept nogil:
    if kind == PATTERN:
        return "punsubscribe"
    return "sunsubscribe" if kind == SHARD_CHANNEL else "unsubscribe"


cdef inline bint confirmed_aside(const Client *client) noexcept nogil:
    """Returns whether the client's subscriptions are confirmed through the outbox instead of in the reply."""
    return client_withholds(client) or client.flags & CLIENT_DENY_BLOCKING


cdef void confirm(Call *call, const char *word, const Slice *name, size_t count) noexcept nogil:
    """Confirms a subscription or its end. ``name`` is NULL if there was no subscription to end."""
    cdef Reply *reply = call.reply
    cdef size_t begin = reply.size
    reply_aggregate(reply, PUSH, 3)
    reply_slice(reply, literal(word))
    if name != NULL:
        reply_slice(reply, name[0])
    else:
        reply_null(reply)
    reply_integer(reply, <long long> count)
    if unlikely(confirmed_aside(call.client)):
        outbox_send(&call.server.outbox, call.client, slice_of(reply.data + begin, reply.size - begin), 0, SEND_PUSH)
        reply_truncate(reply, begin)


cdef Replied confirmed(Call *call) noexcept nogil:
    """Ends a command that subscribes or unsubscribes: replies null if it was confirmed through the outbox."""
    if unlikely(confirmed_aside(call.client)):
        return reply_null(call.reply)
    return 0


# ---- subscribing ----

cdef Replied subscribe_to(Call *call, SubscriptionKind kind) noexcept nogil:
    cdef int index
    if call.client.flags & CLIENT_LOADER:
        # The command is in a file: the client that loads it can receive nothing.
        return reply_error(call.reply, "ERR SUBSCRIBE isn't allowed for a DENY BLOCKING client")
    for index in range(1, call.argc):
        subscribe_client(call.server, call.client, kind, argument(call, index))
        confirm(call, subscribed_word(kind), &call.argv[index], shown_subscriptions(call.client, kind))
    return confirmed(call)


cdef void leave(Call *call, SubscriptionKind kind, Slice name) noexcept nogil:
    cdef Client *client = call.client
    cdef Subscription *subscription = subscription_find(
        &call.server.channels, client.subscriber, kind, name, hash_of(name))
    if subscription != NULL:
        unsubscribe_client(call.server, client, subscription)
    confirm(call, unsubscribed_word(kind), &name, shown_subscriptions(client, kind))


cdef void leave_oldest(Call *call, SubscriptionKind kind) noexcept nogil:
    """Ends the oldest subscription of a kind. Confirms this first, because the name may be freed with it."""
    cdef Subscription *subscription = call.client.subscriber.first[<int> kind]
    cdef Slice name = channel_name(subscription.channel)
    confirm(call, unsubscribed_word(kind), &name, shown_subscriptions(call.client, kind) - 1)
    unsubscribe_client(call.server, call.client, subscription)


cdef Replied unsubscribe_from(Call *call, SubscriptionKind kind) noexcept nogil:
    cdef int index
    for index in range(1, call.argc):
        leave(call, kind, argument(call, index))
    if call.argc > 1:
        return confirmed(call)
    if subscriptions_of(call.client, kind) == 0:
        confirm(call, unsubscribed_word(kind), NULL, shown_subscriptions(call.client, kind))
    while subscriptions_of(call.client, kind):
        leave_oldest(call, kind)
    return confirmed(call)


cdef Replied subscribe(Call *call) noexcept nogil:
    return subscribe_to(call, CHANNEL)


cdef Replied psubscribe(Call *call) noexcept nogil:
    return subscribe_to(call, PATTERN)


cdef Replied ssubscribe(Call *call) noexcept nogil:
    """Redis refuses SSUBSCRIBE inside EXEC; it allows the other two there only for backward compatibility."""
    if call.server.in_exec:
        return reply_error(call.reply, "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
    return subscribe_to(call, SHARD_CHANNEL)


cdef Replied unsubscribe(Call *call) noexcept nogil:
    return unsubscribe_from(call, CHANNEL)


cdef Replied punsubscribe(Call *call) noexcept nogil:
    return unsubscribe_from(call, PATTERN)


cdef Replied sunsubscribe(Call *call) noexcept nogil:
    return unsubscribe_from(call, SHARD_CHANNEL)


# ---- publishing ----

cdef uint64_t shown_changes(const Server *server) noexcept nogil:
    """Returns the ``wait_offset`` of a message that may show what its publisher has changed."""
    return the_unit_under_way() if log_is_open(&server.log) else server.wait_offset


cdef Replied publish_in(Call *call, SubscriptionKind kind) noexcept nogil:
    cdef size_t sent = publish(call.server, kind, argument(call, 1), key_hash(call, 1), argument(call, 2),
                               shown_changes(call.server))
    return reply_integer(call.reply, <long long> sent)


cdef Replied publish_command(Call *call) noexcept nogil:
    return publish_in(call, CHANNEL)


cdef Replied spublish(Call *call) noexcept nogil:
    return publish_in(call, SHARD_CHANNEL)


# ---- PUBSUB ----

cdef Replied reply_channels(Call *call, SubscriptionKind kind) noexcept nogil:
    """Replies with the names that have subscribers, or with those of them that match a pattern."""
    cdef TableIterator iterator
    cdef const Channel *channel
    cdef Slice name
    cdef size_t opened, count = 0
    if call.argc > 3:
        return refuse_subcommand(call)
    opened = reply_open(call.reply)
    table_iterate(&call.server.channels.named[<int> kind], &iterator)
    while True:
        channel = <const Channel *> table_next(&iterator)
        if channel == NULL:
            break
        name = channel_name(channel)
        if call.argc == 2 or glob_match(argument(call, 2), name, False):
            reply_slice(call.reply, name)
            count += 1
    table_iterate_end(&iterator)
    return reply_close(call.reply, opened, ARRAY, count)


cdef Replied reply_subscribers(Call *call, SubscriptionKind kind) noexcept nogil:
    """Replies with each name in the request and the number of clients subscribed to it."""
    cdef const Channel *channel
    cdef int index
    reply_array(call.reply, 2 * (call.argc - 2))
    for index in range(2, call.argc):
        channel = channel_find(&call.server.channels, kind, argument(call, index), hash_of(argument(call, index)))
        reply_slice(call.reply, argument(call, index))
        reply_integer(call.reply, <long long> channel.count if channel != NULL else 0)
    return 0


cdef Replied pubsub_channels(Call *call) noexcept nogil:
    return reply_channels(call, CHANNEL)


cdef Replied pubsub_shardchannels(Call *call) noexcept nogil:
    return reply_channels(call, SHARD_CHANNEL)


cdef Replied pubsub_numsub(Call *call) noexcept nogil:
    return reply_subscribers(call, CHANNEL)


cdef Replied pubsub_shardnumsub(Call *call) noexcept nogil:
    return reply_subscribers(call, SHARD_CHANNEL)


cdef Replied pubsub_numpat(Call *call) noexcept nogil:
    return reply_integer(call.reply, <long long> channels_count(&call.server.channels, PATTERN))


HANDLERS = {
    "psubscribe": native(psubscribe),
    "publish": native(publish_command),
    "pubsub_channels": native(pubsub_channels),
    "pubsub_help": lambda client, arguments: help_lines("PUBSUB", arguments[0]),
    "pubsub_numpat": native(pubsub_numpat),
    "pubsub_numsub": native(pubsub_numsub),
    "pubsub_shardchannels": native(pubsub_shardchannels),
    "pubsub_shardnumsub": native(pubsub_shardnumsub),
    "punsubscribe": native(punsubscribe),
    "spublish": native(spublish),
    "ssubscribe": native(ssubscribe),
    "subscribe": native(subscribe),
    "sunsubscribe": native(sunsubscribe),
    "unsubscribe": native(unsubscribe),
}

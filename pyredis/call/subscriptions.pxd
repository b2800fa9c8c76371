"""What a client is subscribed to. Its class, for the limits of its output, is that of subscribers as long as there is
anything."""

from libc.stdint cimport uint64_t

from pyredis.call.client cimport Client
from pyredis.call.state cimport Server
from pyredis.channels.channels cimport CHANNEL, PATTERN, SHARD_CHANNEL, Subscription, SubscriptionKind
from pyredis.ground.base cimport Slice

cdef void subscribe_client(Server *server, Client *client, SubscriptionKind kind, Slice name) noexcept nogil
cdef void unsubscribe_client(Server *server, Client *client, Subscription *subscription) noexcept nogil
# From everything: RESET, or the client's end.
cdef void forget_subscriptions(Server *server, Client *client) noexcept nogil


cdef inline size_t subscriptions_of(const Client *client, SubscriptionKind kind) noexcept nogil:
    """How many of a kind the client has."""
    return client.subscriber.count[<int> kind] if client.subscriber != NULL else 0


cdef inline size_t shown_subscriptions(const Client *client, SubscriptionKind kind) noexcept nogil:
    """The count in a reply about a subscription of this kind: channels and patterns together, or shard channels."""
    if kind == SHARD_CHANNEL:
        return subscriptions_of(client, SHARD_CHANNEL)
    return subscriptions_of(client, CHANNEL) + subscriptions_of(client, PATTERN)

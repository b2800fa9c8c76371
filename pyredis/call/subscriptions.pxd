"""A client's subscriptions. As long as it has any, its class, which decides its output limits, is ``pubsub``."""

from libc.stdint cimport uint64_t

from pyredis.call.client cimport Client
from pyredis.call.state cimport Server
from pyredis.channels.channels cimport CHANNEL, PATTERN, SHARD_CHANNEL, Subscription, SubscriptionKind
from pyredis.ground.base cimport Slice

cdef void subscribe_client(Server *server, Client *client, SubscriptionKind kind, Slice name) noexcept nogil
cdef void unsubscribe_client(Server *server, Client *client, Subscription *subscription) noexcept nogil
# Ends all subscriptions of a client: for RESET, and when the client is closed.
cdef void forget_subscriptions(Server *server, Client *client) noexcept nogil


cdef inline size_t subscriptions_of(const Client *client, SubscriptionKind kind) noexcept nogil:
    """Returns how many subscriptions of a kind the client has."""
    return client.subscriber.count[<int> kind] if client.subscriber != NULL else 0


cdef inline size_t shown_subscriptions(const Client *client, SubscriptionKind kind) noexcept nogil:
    """Returns the count for a confirmation of this kind: of channels and patterns together, or of shard channels."""
    if kind == SHARD_CHANNEL:
        return subscriptions_of(client, SHARD_CHANNEL)
    return subscriptions_of(client, CHANNEL) + subscriptions_of(client, PATTERN)

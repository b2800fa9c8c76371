"""Subscribes and unsubscribes clients, and updates their class and whether keyspace events are heard."""

from pyredis.call.client cimport CLIENT_PUBSUB, Client
from pyredis.call.notifications cimport hear_events
from pyredis.call.state cimport Server
from pyredis.channels.channels cimport (
    SUBSCRIPTION_KINDS,
    Subscription,
    SubscriptionKind,
    channels_subscribe,
    channels_unsubscribe,
)
from pyredis.ground.base cimport Slice
from pyredis.types.table.hashtable cimport hash_of


cdef void subscribe_client(Server *server, Client *client, SubscriptionKind kind, Slice name) noexcept nogil:
    channels_subscribe(&server.channels, &client.subscriber, client, kind, name, hash_of(name))
    client.flags |= CLIENT_PUBSUB
    hear_events(server)


cdef void unsubscribe_client(Server *server, Client *client, Subscription *subscription) noexcept nogil:
    channels_unsubscribe(&server.channels, &client.subscriber, subscription)
    if client.subscriber == NULL:
        client.flags &= ~CLIENT_PUBSUB
    hear_events(server)


cdef void forget_subscriptions(Server *server, Client *client) noexcept nogil:
    cdef int kind
    for kind in range(SUBSCRIPTION_KINDS):
        while client.subscriber != NULL and client.subscriber.first[kind] != NULL:
            unsubscribe_client(server, client, client.subscriber.first[kind])

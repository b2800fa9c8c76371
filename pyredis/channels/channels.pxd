"""Channels, patterns and shard channels, and the subscribers of each.

The registry knows names and subscribers. It knows nothing of clients, messages and replies: a subscriber has an owner,
which only its user understands. What always holds:

- A channel or a pattern exists as long as it has a subscriber; a subscriber exists as long as it has a subscription.
- A subscription joins one subscriber and one channel. It is in three places: in the channel's array, which a message
  walks in the order of memory; in the subscriber's list of its kind, oldest first; and in the subscriber's table, which
  finds it by its channel. So subscribing and unsubscribing take constant time, however many there are of either.
- Nothing may subscribe or unsubscribe while a channel's array or the array of patterns is being walked.
- ``event_listeners`` counts the channels and patterns that may receive keyspace events, so that events that nobody
  can receive are not even composed.
"""

from libc.stdint cimport uint64_t

from pyredis.ground.base cimport Slice
from pyredis.types.table.hashtable cimport Table, table_size

cdef enum SubscriptionKind:
    CHANNEL = 0
    PATTERN = 1
    SHARD_CHANNEL = 2

cdef enum:
    SUBSCRIPTION_KINDS = 3

# One that receives what is published in a channel. The owner is copied here so that a message reaches it in one step.
ctypedef struct Recipient:
    void *owner
    Subscription *subscription

# A channel, or a pattern of names of channels.
ctypedef struct Channel:
    uint64_t hash
    Recipient *recipients
    size_t count
    size_t capacity
    size_t place                # of a pattern, in `Channels.patterns`
    size_t name_size
    unsigned char kind
    unsigned char hears_events
    # the name follows

ctypedef struct Subscription:
    Channel *channel            # comes first: its address is the key in the subscriber's table
    Subscriber *subscriber
    size_t place                # in the channel's recipients
    Subscription *before        # in the subscriber's list
    Subscription *after

ctypedef struct Subscriber:
    void *owner
    Table subscriptions         # by the address of the channel
    Subscription *first[SUBSCRIPTION_KINDS]
    Subscription *last[SUBSCRIPTION_KINDS]
    size_t count[SUBSCRIPTION_KINDS]

ctypedef struct Channels:
    Table named[SUBSCRIPTION_KINDS]
    Channel **patterns          # those of named[PATTERN], in an array to walk
    size_t pattern_capacity
    size_t subscribers
    size_t event_listeners

cdef void channels_init(Channels *channels) noexcept nogil
# No subscriber may be left.
cdef void channels_destroy(Channels *channels) noexcept nogil
cdef inline size_t channels_count(const Channels *channels, SubscriptionKind kind) noexcept nogil:
    return table_size(&channels.named[<int> kind])

# `hash` is hash_of(name). NULL where nobody is subscribed.
cdef Channel *channel_find(Channels *channels, SubscriptionKind kind, Slice name, uint64_t hash) noexcept nogil
cdef Slice channel_name(const Channel *channel) noexcept nogil

# Subscribes the owner of `subscriber`, which is made where it is NULL. Does nothing where it is subscribed already.
cdef void channels_subscribe(Channels *channels, Subscriber **subscriber, void *owner, SubscriptionKind kind,
                             Slice name, uint64_t hash) noexcept nogil
# The subscription, or NULL; so may `subscriber` be.
cdef Subscription *subscription_find(Channels *channels, Subscriber *subscriber, SubscriptionKind kind, Slice name,
                                     uint64_t hash) noexcept nogil
# Ends the subscription. With its last one the subscriber is gone too, and the pointer becomes NULL.
cdef void channels_unsubscribe(Channels *channels, Subscriber **subscriber, Subscription *subscription
                               ) noexcept nogil
# Bytes of a subscriber and its subscriptions; 0 for NULL.
cdef size_t subscriber_memory(const Subscriber *subscriber) noexcept nogil

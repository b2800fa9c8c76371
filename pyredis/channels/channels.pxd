"""Channels, patterns and shard channels, and the subscribers of each.

The registry knows names and subscribers. It knows nothing of clients, messages or replies: a subscriber has an owner,
which only the caller interprets. Invariants:

- A channel or a pattern exists as long as it has a subscriber; a subscriber exists as long as it has a subscription.
- A subscription joins one subscriber and one channel. It is in three places: in the channel's array, which publishing
  walks in memory order; in the subscriber's list of its kind, oldest first; and in the subscriber's table, which finds
  it by its channel. So subscribing and unsubscribing take constant time, however many channels and subscribers exist.
- Nothing may subscribe or unsubscribe while a channel's array or the array of patterns is being walked.
- ``event_listeners`` counts the channels and patterns that may receive keyspace events, so that no event is composed
  that nobody can receive.
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

# A subscriber, in a channel's array. The owner is copied here so that publishing reaches it in one step.
ctypedef struct Recipient:
    void *owner
    Subscription *subscription

# A channel, or a pattern of channel names.
ctypedef struct Channel:
    uint64_t hash
    Recipient *recipients
    size_t count
    size_t capacity
    size_t place                # of a pattern: its index in `Channels.patterns`
    size_t name_size
    unsigned char kind
    unsigned char hears_events
    # the name follows

ctypedef struct Subscription:
    Channel *channel            # must be first: its address is the key in the subscriber's table
    Subscriber *subscriber
    size_t place                # its index in the channel's recipients
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
    Channel **patterns          # the elements of named[PATTERN], in an array to walk
    size_t pattern_capacity
    size_t subscribers
    size_t event_listeners

cdef void channels_init(Channels *channels) noexcept nogil
# No subscriber may be left.
cdef void channels_destroy(Channels *channels) noexcept nogil
cdef inline size_t channels_count(const Channels *channels, SubscriptionKind kind) noexcept nogil:
    return table_size(&channels.named[<int> kind])

# `hash` is hash_of(name). Returns NULL if nobody is subscribed.
cdef Channel *channel_find(Channels *channels, SubscriptionKind kind, Slice name, uint64_t hash) noexcept nogil
cdef Slice channel_name(const Channel *channel) noexcept nogil

# Subscribes `owner`, whose subscriber is created if it is NULL. Does nothing if it is subscribed already.
cdef void channels_subscribe(Channels *channels, Subscriber **subscriber, void *owner, SubscriptionKind kind,
                             Slice name, uint64_t hash) noexcept nogil
# Returns the subscription, or NULL if there is none. `subscriber` may be NULL.
cdef Subscription *subscription_find(Channels *channels, Subscriber *subscriber, SubscriptionKind kind, Slice name,
                                     uint64_t hash) noexcept nogil
# Ends the subscription. With the last one the subscriber is freed too, and the pointer becomes NULL.
cdef void channels_unsubscribe(Channels *channels, Subscriber **subscriber, Subscription *subscription
                               ) noexcept nogil
# Returns the bytes of a subscriber and its subscriptions; 0 for NULL.
cdef size_t subscriber_memory(const Subscriber *subscriber) noexcept nogil

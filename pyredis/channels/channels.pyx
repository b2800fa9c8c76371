"""Adds and removes subscriptions, in all the places that hold them; ``channels.pxd`` has the contract."""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy, memset

from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free, mem_grow, mem_realloc, mem_zalloc
from pyredis.types.table.hashtable cimport (
    TableType,
    hash_of,
    table_clear,
    table_get,
    table_init,
    table_insert,
    table_memory,
    table_remove,
    table_size,
)

cdef TableType _channel_type
cdef TableType _subscription_type


cdef Slice channel_name(const Channel *channel) noexcept nogil:
    return slice_of(<const char *> (channel + 1), channel.name_size)


cdef void _channel_key(const void *element, Slice *out) noexcept nogil:
    out[0] = channel_name(<const Channel *> element)


cdef void _subscription_key(const void *element, Slice *out) noexcept nogil:
    out[0] = slice_of(<const char *> element, sizeof(Channel *))


_channel_type.key = _channel_key
_subscription_type.key = _subscription_key


cdef void channels_init(Channels *channels) noexcept nogil:
    cdef int kind
    memset(channels, 0, sizeof(Channels))
    for kind in range(SUBSCRIPTION_KINDS):
        table_init(&channels.named[kind], &_channel_type)


cdef void release_empty(Channels *channels) noexcept nogil:
    """Frees the arrays of empty tables: nothing else would, because only insertions and removals resize a table."""
    cdef int kind
    for kind in range(SUBSCRIPTION_KINDS):
        if table_size(&channels.named[kind]) == 0:
            table_clear(&channels.named[kind])
    if channels_count(channels, PATTERN) == 0:
        mem_free(channels.patterns, channels.pattern_capacity * sizeof(Channel *))
        channels.patterns = NULL
        channels.pattern_capacity = 0


cdef void channels_destroy(Channels *channels) noexcept nogil:
    release_empty(channels)


# ---- channels ----

cdef Channel *channel_find(Channels *channels, SubscriptionKind kind, Slice name, uint64_t hash) noexcept nogil:
    return <Channel *> table_get(&channels.named[<int> kind], name, hash)


cdef bint may_hear_events(SubscriptionKind kind, Slice name) noexcept nogil:
    """Returns whether the name can be, or the pattern can match, that of a channel for keyspace events. A pattern is
    compared with their common prefix up to its first wildcard."""
    cdef const char *prefix = "__key"
    cdef size_t index
    for index in range(5):
        if index == name.size:
            return False
        if kind == PATTERN and name.data[index] in (c'*', c'?', c'[', c'\\'):
            return True
        if name.data[index] != prefix[index]:
            return False
    return kind != SHARD_CHANNEL


cdef Channel *provide_channel(Channels *channels, SubscriptionKind kind, Slice name, uint64_t hash) noexcept nogil:
    cdef Channel *channel = channel_find(channels, kind, name, hash)
    if channel != NULL:
        return channel
    channel = <Channel *> mem_zalloc(sizeof(Channel) + name.size)
    channel.hash = hash
    channel.kind = kind
    channel.name_size = name.size
    memcpy(<char *> (channel + 1), name.data, name.size)
    channel.hears_events = may_hear_events(kind, name)
    channels.event_listeners += channel.hears_events
    if kind == PATTERN:
        add_pattern(channels, channel)
    table_insert(&channels.named[<int> kind], channel, hash)
    return channel


cdef void add_pattern(Channels *channels, Channel *pattern) noexcept nogil:
    """Must be called before the pattern is in the table, because the table's size is also that of the array."""
    pattern.place = channels_count(channels, PATTERN)
    if pattern.place == channels.pattern_capacity:
        channels.patterns = <Channel **> mem_grow(channels.patterns, &channels.pattern_capacity, sizeof(Channel *), 4)
    channels.patterns[pattern.place] = pattern


cdef void remove_pattern(Channels *channels, Channel *pattern) noexcept nogil:
    """Must be called after the pattern has been removed from the table. The last pattern takes its place."""
    cdef Channel *moved = channels.patterns[channels_count(channels, PATTERN)]
    moved.place = pattern.place
    channels.patterns[pattern.place] = moved


cdef void drop_channel(Channels *channels, Channel *channel) noexcept nogil:
    """Frees a channel that has no subscribers any more."""
    table_remove(&channels.named[channel.kind], channel_name(channel), channel.hash)
    if channel.kind == PATTERN:
        remove_pattern(channels, channel)
    channels.event_listeners -= channel.hears_events
    mem_free(channel.recipients, channel.capacity * sizeof(Recipient))
    if channels_count(channels, <SubscriptionKind> channel.kind) == 0:
        release_empty(channels)
    mem_free(channel, sizeof(Channel) + channel.name_size)


# ---- the two ends of a subscription ----

cdef void add_recipient(Channel *channel, Subscription *subscription) noexcept nogil:
    cdef Recipient *recipient
    if channel.count == channel.capacity:
        channel.recipients = <Recipient *> mem_grow(channel.recipients, &channel.capacity, sizeof(Recipient), 1)
    recipient = channel.recipients + channel.count
    recipient.owner = subscription.subscriber.owner
    recipient.subscription = subscription
    subscription.place = channel.count
    channel.count += 1


cdef void remove_recipient(Channel *channel, const Subscription *subscription) noexcept nogil:
    """Moves the last recipient to the place that becomes free. Shrinks an array that is mostly empty."""
    cdef size_t kept
    channel.count -= 1
    channel.recipients[subscription.place] = channel.recipients[channel.count]
    channel.recipients[subscription.place].subscription.place = subscription.place
    if channel.capacity >= 16 and channel.count <= channel.capacity // 4:
        kept = channel.capacity // 2
        channel.recipients = <Recipient *> mem_realloc(
            channel.recipients, channel.capacity * sizeof(Recipient), kept * sizeof(Recipient))
        channel.capacity = kept


cdef void link_subscription(Subscriber *subscriber, Subscription *subscription) noexcept nogil:
    cdef int kind = subscription.channel.kind
    cdef Slice key
    _subscription_key(subscription, &key)
    subscription.before = subscriber.last[kind]
    subscription.after = NULL
    if subscription.before != NULL:
        subscription.before.after = subscription
    else:
        subscriber.first[kind] = subscription
    subscriber.last[kind] = subscription
    subscriber.count[kind] += 1
    table_insert(&subscriber.subscriptions, subscription, hash_of(key))


cdef void unlink_subscription(Subscriber *subscriber, Subscription *subscription) noexcept nogil:
    cdef int kind = subscription.channel.kind
    cdef Slice key
    _subscription_key(subscription, &key)
    table_remove(&subscriber.subscriptions, key, hash_of(key))
    if subscription.before != NULL:
        subscription.before.after = subscription.after
    else:
        subscriber.first[kind] = subscription.after
    if subscription.after != NULL:
        subscription.after.before = subscription.before
    else:
        subscriber.last[kind] = subscription.before
    subscriber.count[kind] -= 1


cdef Subscription *subscription_of(Subscriber *subscriber, Channel *channel) noexcept nogil:
    cdef Slice key = slice_of(<const char *> &channel, sizeof(Channel *))
    return <Subscription *> table_get(&subscriber.subscriptions, key, hash_of(key))


cdef Subscription *subscription_find(Channels *channels, Subscriber *subscriber, SubscriptionKind kind, Slice name,
                                     uint64_t hash) noexcept nogil:
    cdef Channel *channel
    if subscriber == NULL:
        return NULL
    channel = channel_find(channels, kind, name, hash)
    return subscription_of(subscriber, channel) if channel != NULL else NULL


# ---- subscribing ----

cdef Subscriber *new_subscriber(Channels *channels, void *owner) noexcept nogil:
    cdef Subscriber *subscriber = <Subscriber *> mem_zalloc(sizeof(Subscriber))
    subscriber.owner = owner
    table_init(&subscriber.subscriptions, &_subscription_type)
    channels.subscribers += 1
    return subscriber


cdef void channels_subscribe(Channels *channels, Subscriber **subscriber, void *owner, SubscriptionKind kind,
                             Slice name, uint64_t hash) noexcept nogil:
    cdef Subscription *subscription
    cdef Channel *channel = provide_channel(channels, kind, name, hash)
    if subscriber[0] == NULL:
        subscriber[0] = new_subscriber(channels, owner)
    elif subscription_of(subscriber[0], channel) != NULL:
        return
    subscription = <Subscription *> mem_alloc(sizeof(Subscription))
    subscription.channel = channel
    subscription.subscriber = subscriber[0]
    add_recipient(channel, subscription)
    link_subscription(subscriber[0], subscription)


cdef void channels_unsubscribe(Channels *channels, Subscriber **subscriber, Subscription *subscription
                               ) noexcept nogil:
    cdef Channel *channel = subscription.channel
    unlink_subscription(subscriber[0], subscription)
    remove_recipient(channel, subscription)
    mem_free(subscription, sizeof(Subscription))
    if channel.count == 0:
        drop_channel(channels, channel)
    if table_size(&subscriber[0].subscriptions) == 0:
        table_clear(&subscriber[0].subscriptions)
        mem_free(subscriber[0], sizeof(Subscriber))
        subscriber[0] = NULL
        channels.subscribers -= 1


cdef size_t subscriber_memory(const Subscriber *subscriber) noexcept nogil:
    if subscriber == NULL:
        return 0
    return (mem_footprint(sizeof(Subscriber)) + table_memory(&subscriber.subscriptions) +
            table_size(&subscriber.subscriptions) * mem_footprint(sizeof(Subscription)))

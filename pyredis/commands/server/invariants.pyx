"""Checks of the invariants of a server's data, for the tests only.

``check`` walks all data, so its cost is proportional to their amount. ``release_scratch`` frees the memory that the
server keeps for the next batch; ``Core.used_memory`` of an empty server is then what it was before it had any data.
"""

from libc.stdint cimport uint32_t

from pyredis._resp cimport arguments_free, reply_free
from pyredis.call.client cimport CLIENT_BLOCKED, CLIENT_PUBSUB, CLIENT_TRACKING, Client
from pyredis.call.state cimport State, enter
from pyredis.call.tracked_keys cimport TrackedKey, tracked_places, tracker_at
from pyredis.call.trackers cimport Prefix, Tracker, Tracking, prefix_text, tracker_of, tracking_of
from pyredis.call.waiting cimport ANY_CHANGE, HEARD_TRACKING, HEARD_WAITING, AwaitedKey, Place, Waiting, awaited_key
from pyredis.channels.channels cimport (
    PATTERN,
    SUBSCRIPTION_KINDS,
    Channel,
    Channels,
    Subscription,
    channel_name,
    subscriber_memory,
)
from pyredis.ground.base cimport Slice
from pyredis.ground.blob cimport Blob
from pyredis.keyspace.keyspace cimport (
    EMBSTR_MAX,
    ENCODING_EMBSTR,
    ENCODING_INT,
    ENTRY_EMBEDDED,
    ENTRY_FIELD_EXPIRES,
    ENTRY_LONG_KEY,
    HASH,
    LIST,
    SET,
    STREAM,
    STRING,
    ZSET,
    Database,
    Entry,
    Garbage,
    ValueKind,
    WatchedKey,
    entry_has_expiry,
    entry_key,
    entry_pointer,
    value_type,
    watched_key,
)
from pyredis.types.hash.hash cimport Hash, hash_next_expiry, hash_size, hash_sound
from pyredis.types.list.list cimport List, list_size, list_sound
from pyredis.types.set.set cimport Set, set_size, set_sound
from pyredis.types.sorted_set.sorted_set cimport SortedSet, zset_size, zset_sound
from pyredis.types.stream.stream cimport Stream, stream_sound
from pyredis.types.table.hashtable cimport (
    Table,
    TableIterator,
    hash_key,
    table_clear,
    table_find,
    table_iterate,
    table_iterate_end,
    table_next,
    table_size,
)


def check(State core):
    """Raises AssertionError for the first broken invariant."""
    cdef int index
    cdef Database *database
    for index in range(core.server.keyspace.count):
        database = &core.server.keyspace.databases[index]
        expect(database.id == index, f"database {index} has the number {database.id}")
        check_entries(database)
        check_subset(database, &database.expires, "expires")
        check_subset(database, &database.field_expires, "field_expires")
        check_watched(database)
        check_awaited(core, index)
    check_waiting(core)
    check_channels(&core.server.channels)
    check_tracking(core)
    check_garbage(core)
    expect(core.server.in_exec == 0 and core.server.current == NULL, "a command is marked as running")


def release_scratch(State core):
    """Frees the reply buffer, which must hold no unsent reply, the last batch's arguments, empty tables, scripts."""
    enter(core)
    cdef int index
    cdef Table *watched
    if core.server.end_interpreter != NULL:
        core.server.end_interpreter(&core.server)
    reply_free(&core.server.reply)
    arguments_free(&core.server.arguments)
    if table_size(&tracking_of(&core.server).keys) == 0:
        table_clear(&tracking_of(&core.server).keys)
    for index in range(core.server.keyspace.count):
        watched = &core.server.keyspace.databases[index].watched
        if table_size(watched) == 0:
            table_clear(watched)
        if table_size(&core.server.waiting.awaited[index]) == 0:
            table_clear(&core.server.waiting.awaited[index])


cdef int expect(bint holds, object message) except -1:
    if not holds:
        raise AssertionError(message)
    return 0


cdef bint stands_in(Table *table, const Entry *entry) noexcept:
    cdef Slice key = entry_key(entry)
    cdef void **slot = table_find(table, key, hash_key(key.data, key.size))
    return slot != NULL and slot[0] == entry


cdef list elements(Table *table):
    """Returns the addresses of a table's elements."""
    cdef TableIterator iterator
    cdef void *element
    cdef list found = []
    table_iterate(table, &iterator)
    while True:
        element = table_next(&iterator)
        if element == NULL:
            break
        found.append(<size_t> element)
    table_iterate_end(&iterator)
    expect(len(found) == <Py_ssize_t> table_size(table), f"a table of {table_size(table)} has {len(found)} elements")
    return found


cdef int check_entries(Database *database) except -1:
    cdef Entry *entry
    for address in elements(&database.keys):
        entry = <Entry *> <size_t> address
        name = f"db{database.id} {key_of(entry)!r}"
        expect(stands_in(&database.keys, entry), f"{name} is not found in keys")
        expect(stands_in(&database.expires, entry) == entry_has_expiry(entry), f"{name}: expires and the flag differ")
        expect(stands_in(&database.field_expires, entry) == ((entry.flags & ENTRY_FIELD_EXPIRES) != 0),
               f"{name}: field_expires and the flag differ")
        expect((entry_key(entry).size > 255) == ((entry.flags & ENTRY_LONG_KEY) != 0), f"{name}: the long key flag")
        if entry.type == STRING:
            check_string(entry, name)
        else:
            check_value(entry, name)
    return 0


cdef int check_string(Entry *entry, str name) except -1:
    cdef bint embedded = (entry.flags & ENTRY_EMBEDDED) != 0
    cdef Blob *blob
    expect(not entry.flags & ENTRY_FIELD_EXPIRES, f"{name}: a string with fields that expire")
    if entry.encoding == ENCODING_INT:
        return expect(not embedded, f"{name}: an embedded integer")
    if entry.encoding == ENCODING_EMBSTR:
        return expect(embedded and entry.value_size <= EMBSTR_MAX, f"{name}: embstr of {entry.value_size}")
    if not embedded:
        blob = <Blob *> entry_pointer(entry)
        expect(blob.size <= blob.capacity, f"{name}: {blob.size} bytes in {blob.capacity}")
        expect(blob.refs > 0, f"{name}: a block without an owner")
        expect(not blob.before or blob.size == blob.capacity, f"{name}: a sealed block of the wrong size")
    return 0


cdef int check_value(Entry *entry, str name) except -1:
    cdef Hash *hash
    expect(not entry.flags & ENTRY_EMBEDDED, f"{name}: an embedded value of kind {entry.type}")
    expect(value_type(<ValueKind> entry.type).release != NULL, f"{name}: unknown kind {entry.type}")
    if entry.type == HASH:
        hash = <Hash *> entry_pointer(entry)
        expect(hash_size(hash) > 0, f"{name}: an empty hash")
        expect(hash_sound(hash), f"{name}: a hash that is not sound")
        expect((hash_next_expiry(hash) != 0) == ((entry.flags & ENTRY_FIELD_EXPIRES) != 0),
               f"{name}: the field expiry flag is wrong")
    elif entry.type == SET:
        expect(set_size(<Set *> entry_pointer(entry)) > 0, f"{name}: an empty set")
        expect(set_sound(<Set *> entry_pointer(entry)), f"{name}: a set that is not sound")
    elif entry.type == ZSET:
        expect(zset_size(<SortedSet *> entry_pointer(entry)) > 0, f"{name}: an empty sorted set")
        expect(zset_sound(<SortedSet *> entry_pointer(entry)), f"{name}: a sorted set that is not sound")
    elif entry.type == STREAM:
        expect(stream_sound(<Stream *> entry_pointer(entry)), f"{name}: a stream that is not sound")
    elif entry.type == LIST:
        expect(list_size(<List *> entry_pointer(entry)) > 0, f"{name}: an empty list")
        expect(list_sound(<List *> entry_pointer(entry)), f"{name}: a list that is not sound")
    return 0


cdef int check_subset(Database *database, Table *table, str name) except -1:
    """Checks that every element is an entry of the main table, before anything reads the element."""
    cdef set living = set(elements(&database.keys))
    for address in elements(table):
        expect(address in living, f"db{database.id}: {name} has an element that is not a key")
    return 0


cdef int check_watched(Database *database) except -1:
    cdef WatchedKey *watched
    for address in elements(&database.watched):
        watched = <WatchedKey *> <size_t> address
        name = f"db{database.id} watched {bytes_of(watched_key(watched))!r}"
        expect(watched.database == database, f"{name} belongs to another database")
        expect(watched.watchers > 0, f"{name} has no watchers")
    return 0


cdef int check_awaited(State core, int index) except -1:
    """Checks the queues of a database's awaited keys."""
    cdef AwaitedKey *key
    cdef size_t eager
    for address in elements(&core.server.waiting.awaited[index]):
        key = <AwaitedKey *> <size_t> address
        name = f"db{index} awaited {bytes_of(awaited_key(key))!r}"
        expect(key.database == &core.server.keyspace.databases[index], f"{name} belongs to another database")
        expect(key.first != NULL, f"{name} has no waiters")
        expect(not key.ready, f"{name} has not been served")
        eager = check_queue(key, name)
        expect(eager == key.eager, f"{name}: {key.eager} are eager instead of {eager}")
    return 0


cdef size_t check_queue(AwaitedKey *key, str name) except <size_t> -1:
    """Checks that each place is linked to its neighbours and to a waiting client; returns how many are eager."""
    cdef Place *place = key.first
    cdef Place *before = NULL
    cdef size_t eager = 0
    while place != NULL:
        expect(place.key == key and place.before == before, f"{name}: a place is in the wrong queue")
        expect(place.waiter.client.waiter == place.waiter, f"{name}: a waiter is not its client's")
        expect(place.waiter.client.flags & CLIENT_BLOCKED, f"{name}: a waiting client is not marked as blocked")
        eager += place.waiter.kind == ANY_CHANGE
        before = place
        place = place.after
    expect(key.last == before, f"{name}: the end of the queue is wrong")
    return eager


cdef int check_waiting(State core) except -1:
    cdef Waiting *waiting = &core.server.waiting
    cdef int index
    cdef size_t keys = 0
    for index in range(waiting.databases):
        keys += table_size(&waiting.awaited[index])
    expect(keys == waiting.keys, f"{waiting.keys} awaited keys are counted instead of {keys}")
    expect(((core.server.heard & HEARD_WAITING) != 0) == (keys > 0), "the flag HEARD_WAITING is wrong")
    expect(waiting.ready == NULL and waiting.last_ready == NULL, "a key that is ready has not been served")
    return expect(core.server.outbox.first == NULL, "the outbox is not empty")


cdef int check_channels(Channels *channels) except -1:
    """Every channel with its subscribers, and the counts over all of them."""
    cdef Channel *channel
    cdef set subscribers = set()
    cdef size_t hearing = 0
    cdef int kind
    for kind in range(SUBSCRIPTION_KINDS):
        for address in elements(&channels.named[kind]):
            channel = <Channel *> <size_t> address
            name = f"channel {bytes_of(channel_name(channel))!r} of kind {kind}"
            expect(channel.kind == kind, f"{name} is of kind {channel.kind}")
            expect(0 < channel.count <= channel.capacity, f"{name} has {channel.count} subscribers")
            expect(kind != PATTERN or channels.patterns[channel.place] == channel, f"{name} has another's place")
            check_subscriptions(channel, name, subscribers)
            hearing += channel.hears_events
    expect(len(subscribers) == <Py_ssize_t> channels.subscribers, "the number of subscribers")
    return expect(hearing == channels.event_listeners, "the number of listeners to events")


cdef int check_subscriptions(Channel *channel, str name, set subscribers) except -1:
    """The two ends of each subscription of a channel, and its place in the subscriber's list."""
    cdef Subscription *subscription
    cdef Client *client
    cdef size_t index
    for index in range(channel.count):
        subscription = channel.recipients[index].subscription
        client = <Client *> channel.recipients[index].owner
        expect(subscription.channel == channel and subscription.place == index, f"{name}: a subscription is elsewhere")
        expect(client.subscriber == subscription.subscriber, f"{name}: a subscription is another client's")
        expect(client.flags & CLIENT_PUBSUB, f"{name}: a subscriber is not of their class")
        expect((subscription.before == NULL) == (client.subscriber.first[channel.kind] == subscription),
               f"{name}: a subscription is in the wrong place of its list")
        expect(subscriber_memory(client.subscriber) > 0, f"{name}: a subscriber without subscriptions")
        subscribers.add(<size_t> client)
    return 0


cdef int check_tracking(State core) except -1:
    """The tracked keys with their clients, the prefixes with theirs, and the counts over all of them."""
    cdef Tracking *tracking = tracking_of(&core.server)
    cdef Tracker *tracker = tracking.first
    cdef dict keys = {}
    cdef size_t clients = 0
    check_tracked_keys(tracking, keys)
    for address, count in keys.items():
        expect((<Tracker *> <size_t> address).keys >= count, "a tracker counts fewer keys than there are")
    while tracker != NULL:
        clients += 1
        check_tracker(tracker)
        tracker = tracker.after
    expect(clients == tracking.clients, f"{tracking.clients} clients that track are counted instead of {clients}")
    expect(table_size(&tracking.changed) == 0 and not core.server.outbox.broadcasts, "changes have not been broadcast")
    check_prefixes(tracking)
    heard = table_size(&tracking.keys) > 0 or tracking.prefix_count > 0
    return expect(((core.server.heard & HEARD_TRACKING) != 0) == heard, "the flag HEARD_TRACKING is wrong")


cdef int check_tracked_keys(Tracking *tracking, dict keys) except -1:
    """Adds up how many keys remember each tracker."""
    cdef TrackedKey *key
    cdef size_t items = 0
    cdef uint32_t place, found
    for address in elements(&tracking.keys):
        key = <TrackedKey *> <size_t> address
        found = 0
        for place in range(tracked_places(key)):
            if tracker_at(key, place) != NULL:
                found += 1
                keys[<size_t> tracker_at(key, place)] = keys.get(<size_t> tracker_at(key, place), 0) + 1
        expect(found == key.count > 0, f"a tracked key has {found} clients instead of {key.count}")
        items += found
    return expect(items == tracking.items, f"{tracking.items} clients of keys are counted instead of {items}")


cdef int check_tracker(Tracker *tracker) except -1:
    cdef size_t index
    expect(tracker.client != NULL and tracker_of(tracker.client) == tracker, "a tracker is not its client's")
    expect(tracker.client.flags & CLIENT_TRACKING, "a client that tracks is not marked")
    expect(tracker.pending == NULL, "a client has not been sent its own changes")
    expect(tracker.target == NULL or tracker.target.client != NULL, "a tracker's target has gone")
    for index in range(tracker.prefix_count):
        expect(<size_t> tracker in trackers_of(tracker.prefixes[index]), "a prefix does not know its client")
    return 0


cdef list trackers_of(const Prefix *prefix):
    cdef size_t index
    return [<size_t> prefix.trackers[index] for index in range(prefix.count)]


cdef int check_prefixes(Tracking *tracking) except -1:
    """Prefixes are sorted, each has a client, and leads to the longest shorter one."""
    cdef Prefix *prefix
    cdef size_t index
    cdef list texts = [bytes_of(prefix_text(tracking.prefixes[index])) for index in range(tracking.prefix_count)]
    expect(texts == sorted(set(texts)), "the prefixes are not sorted")
    for index in range(tracking.prefix_count):
        prefix = tracking.prefixes[index]
        expect(prefix.count > 0, "nobody asked for a prefix")
        shorter = max((text for text in texts if texts[index].startswith(text) and text != texts[index]), default=None)
        found = bytes_of(prefix_text(prefix.shorter)) if prefix.shorter != NULL else None
        expect(found == shorter, f"the prefix {texts[index]!r} leads to {found!r}")
    return 0


cdef int check_garbage(State core) except -1:
    cdef Garbage *garbage = core.server.keyspace.garbage
    cdef size_t parts = 0
    while garbage != NULL:
        parts += garbage.parts
        garbage = garbage.next
    return expect(parts == core.server.keyspace.garbage_parts, "the number of parts of the garbage is wrong")


cdef bytes bytes_of(Slice text):
    return text.data[:text.size]


cdef bytes key_of(const Entry *entry):
    return bytes_of(entry_key(entry))

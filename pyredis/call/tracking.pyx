"""Turning tracking on and off, remembering keys, and reporting changes; ``tracking.pxd`` has the contract."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pyredis.call.call cimport Call, key_hash
from pyredis.call.client cimport (
    CLIENT_BLOCKED,
    CLIENT_CACHING,
    CLIENT_DENY_BLOCKING,
    CLIENT_INVALIDATED,
    CLIENT_LOCAL,
    CLIENT_MULTI,
    CLIENT_REPLY_OFF,
    CLIENT_REPLY_SKIP,
    CLIENT_SCRIPT,
    CLIENT_TRACKING,
    Client,
)
from pyredis.call.command cimport CMD_READONLY, CMD_RUNS_SCRIPT
from pyredis.call.command_keys cimport KEYS_ALONE, FoundKeys, command_keys, found_keys_release
from pyredis.call.invalidations cimport (
    Notice,
    notice_of,
    notice_release,
    notice_send,
    notice_send_everything,
    send_changed_key,
)
from pyredis.call.outbox cimport outbox_collect
from pyredis.call.state cimport RESTRICT_TRACKING, Server
from pyredis.call.tracked_keys cimport (
    TrackedKey,
    tracked_key,
    tracked_key_free,
    tracked_keys_add,
    tracked_keys_init,
    tracker_release,
)
from pyredis.call.tracked_prefixes cimport (
    ChangedKey,
    begins_with,
    changed_key_name,
    changed_keys_init,
    changed_keys_note,
    changed_keys_sorted,
    prefixes_add,
    prefixes_leave,
    prefixes_link,
)
from pyredis.call.trackers cimport (
    TRACKER_BCAST,
    TRACKER_NOLOOP,
    TRACKER_OPTIN,
    TRACKER_OPTOUT,
    Pending,
    Prefix,
    Tracker,
    Tracking,
    prefix_text,
    tracker_of,
    tracking_of,
)
from pyredis.call.waiting cimport HEARD_TRACKING
from pyredis.ground.base cimport Slice, slice_compare, slice_of, unlikely
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_zalloc
from pyredis.keyspace.keyspace cimport keyspace_discard_table
from pyredis.types.table.hashtable cimport hash_of, table_clear, table_random, table_remove, table_size

cdef enum:
    # The most keys that one command drops from a table that is too large, times the number of times in a row that the
    # table was too large, as in Redis.
    DROPPED = 100


# ---- the state ----

cdef void tracking_init(Server *server) noexcept nogil:
    cdef Tracking *tracking = <Tracking *> mem_zalloc(sizeof(Tracking))
    tracked_keys_init(&tracking.keys)
    changed_keys_init(&tracking.changed)
    tracking.random = server.keyspace.random
    server.tracking = tracking


cdef Tracker *provide_tracker(Client *client) noexcept nogil:
    cdef Tracker *tracker = tracker_of(client)
    if tracker == NULL:
        tracker = <Tracker *> mem_zalloc(sizeof(Tracker))
        tracker.client = client
        client.tracking = tracker
    return tracker


cdef void hear(Server *server) noexcept nogil:
    """Sets whether changes are to be noted."""
    cdef const Tracking *tracking = tracking_of(server)
    server.heard &= ~<uint32_t> HEARD_TRACKING
    if table_size(&tracking.keys) or tracking.prefix_count:
        server.heard |= HEARD_TRACKING


cdef void tracking_check_size(Server *server) noexcept nogil:
    cdef const Tracking *tracking = tracking_of(server)
    cdef uint64_t most = server.settings.tracking_max_keys
    server.restrictions &= ~<uint32_t> RESTRICT_TRACKING
    if tracking.clients and most and table_size(&tracking.keys) > most:
        server.restrictions |= RESTRICT_TRACKING


cdef void tracking_delete(Server *server) noexcept nogil:
    cdef Tracking *tracking = tracking_of(server)
    table_clear(&tracking.keys)
    table_clear(&tracking.changed)
    mem_free(tracking, sizeof(Tracking))


# ---- the list of clients that track, and REDIRECT ----

cdef void join_list(Tracking *tracking, Tracker *tracker) noexcept nogil:
    tracker.before = tracking.last
    tracker.after = NULL
    if tracking.last != NULL:
        tracking.last.after = tracker
    else:
        tracking.first = tracker
    tracking.last = tracker
    tracking.clients += 1


cdef void leave_list(Tracking *tracking, Tracker *tracker) noexcept nogil:
    if tracker.before != NULL:
        tracker.before.after = tracker.after
    else:
        tracking.first = tracker.after
    if tracker.after != NULL:
        tracker.after.before = tracker.before
    else:
        tracking.last = tracker.before
    tracking.clients -= 1


cdef void leave_target(Tracker *tracker) noexcept nogil:
    if tracker.target == NULL:
        return
    if tracker.redirected_before != NULL:
        tracker.redirected_before.redirected_after = tracker.redirected_after
    else:
        tracker.target.redirected = tracker.redirected_after
    if tracker.redirected_after != NULL:
        tracker.redirected_after.redirected_before = tracker.redirected_before
    tracker.target = NULL


cdef void join_target(Tracker *tracker, Tracker *target) noexcept nogil:
    tracker.target = target
    tracker.redirected_before = NULL
    tracker.redirected_after = target.redirected
    if target.redirected != NULL:
        target.redirected.redirected_before = tracker
    target.redirected = tracker


# ---- on and off ----

cdef void tracking_begin(Server *server, Client *client, uint64_t flags, int64_t redirect, Client *target,
                         const Slice *prefixes, size_t prefix_count) noexcept nogil:
    cdef Tracking *tracking = tracking_of(server)
    cdef Tracker *tracker = provide_tracker(client)
    cdef size_t index
    if not client.flags & CLIENT_TRACKING:
        join_list(tracking, tracker)
        client.flags |= CLIENT_TRACKING
    tracker.flags = <uint32_t> flags
    tracker.redirect = redirect
    leave_target(tracker)
    if target != NULL:
        join_target(tracker, provide_tracker(target))
    for index in range(prefix_count):
        prefixes_add(tracking, tracker, prefixes[index])
    prefixes_link(tracking)
    hear(server)
    tracking_check_size(server)


cdef void tracking_end(Server *server, Client *client) noexcept nogil:
    """Keeps REDIRECT: what a transaction has changed before it turned tracking off is still reported there."""
    cdef Tracking *tracking = tracking_of(server)
    cdef Tracker *tracker = tracker_of(client)
    if not client.flags & CLIENT_TRACKING:
        return
    client.flags &= ~(CLIENT_TRACKING | CLIENT_CACHING)
    leave_list(tracking, tracker)
    if tracker.prefix_count:
        prefixes_leave(tracking, tracker)
        prefixes_link(tracking)
    tracker.flags = 0
    hear(server)
    tracking_check_size(server)


cdef void tracking_forget(Server *server, Client *client) noexcept nogil:
    cdef Tracker *tracker = tracker_of(client)
    if tracker == NULL:
        return
    tracking_end(server, client)
    drop_pending(tracker)
    leave_target(tracker)
    while tracker.redirected != NULL:
        leave_target(tracker.redirected)
    client.tracking = NULL
    tracker.client = NULL
    tracker_release(tracker)


cdef size_t tracking_memory(const Client *client) noexcept nogil:
    cdef const Tracker *tracker = tracker_of(client)
    if tracker == NULL:
        return 0
    return sizeof(Tracker) + tracker.prefix_count * sizeof(Prefix *)


# ---- reading ----

cdef inline Client *acting(const Server *server) noexcept nogil:
    """Returns the client whose command runs: the one that is being served, if one that waited is."""
    return server.waiting.served if server.waiting.served != NULL else server.current


cdef bint wants(const Tracker *tracker) noexcept nogil:
    """Returns whether the client is to be remembered for what it reads now."""
    if tracker.flags & TRACKER_BCAST:
        return False
    if tracker.client.flags & CLIENT_CACHING:
        return not tracker.flags & TRACKER_OPTOUT
    return not tracker.flags & TRACKER_OPTIN


cdef void remember(Call *call, Tracker *tracker) noexcept nogil:
    cdef Tracking *tracking = tracking_of(call.server)
    cdef FoundKeys found
    cdef int index, place
    command_keys(call.command, call.argc, call.argv, KEYS_ALONE, &found)
    for index in range(found.count):
        place = found.items[index].place
        tracking.items += tracked_keys_add(&tracking.keys, tracker, call.argv[place], key_hash(call, place))
    if found.count:
        call.server.heard |= HEARD_TRACKING
    found_keys_release(&found)
    tracking_check_size(call.server)


cdef inline bint is_reply_to_come(const Call *call) noexcept nogil:
    """Returns whether the reply is in no buffer of the client yet: of a command that waited, or was suspended."""
    return call.woken or (call.client.flags & CLIENT_BLOCKED and not call.waits)


cdef void tracking_follow(Call *call) noexcept nogil:
    """A script reads for its caller, which may have been closed while the script was suspended."""
    cdef const Client *reader = acting(call.server)
    if call.command.flags & CMD_READONLY and not call.command.flags & CMD_RUNS_SCRIPT and \
            reader.flags & CLIENT_TRACKING and wants(tracker_of(reader)):
        remember(call, tracker_of(reader))
    if call.client.flags & CLIENT_INVALIDATED and not call.server.in_exec and not is_reply_to_come(call):
        tracking_follow_reply(call.server, call.client)


cdef void tracking_leave_caching(const Call *call) noexcept nogil:
    cdef const Tracker *tracker = tracker_of(call.client)
    if call.client.flags & (CLIENT_MULTI | CLIENT_BLOCKED):
        return
    if call.command == NULL or call.command.parent == NULL or call.command.parent != tracker.family:
        call.client.flags &= ~CLIENT_CACHING


# ---- the client's own changes ----

cdef void pend(Tracker *tracker, bint everything, Slice key) noexcept nogil:
    cdef Pending *pending = <Pending *> mem_alloc(sizeof(Pending) + key.size)
    pending.next = NULL
    pending.everything = everything
    pending.size = key.size
    memcpy(<char *> (pending + 1), key.data, key.size)
    if tracker.last_pending != NULL:
        tracker.last_pending.next = pending
    else:
        tracker.pending = pending
    tracker.last_pending = pending
    tracker.client.flags |= CLIENT_INVALIDATED


cdef Pending *drop_first(Tracker *tracker) noexcept nogil:
    """Frees the first of what is pending, and returns the next."""
    cdef Pending *pending = tracker.pending
    tracker.pending = pending.next
    mem_free(pending, sizeof(Pending) + pending.size)
    return tracker.pending


cdef void drop_pending(Tracker *tracker) noexcept nogil:
    while tracker.pending != NULL:
        drop_first(tracker)
    tracker.last_pending = NULL
    tracker.client.flags &= ~CLIENT_INVALIDATED


cdef void tracking_follow_reply(Server *server, Client *client) noexcept nogil:
    cdef Tracker *tracker = tracker_of(client)
    cdef const Pending *pending
    if not client.flags & CLIENT_INVALIDATED:
        return
    pending = tracker.pending
    while pending != NULL:
        if pending.everything:
            notice_send_everything(server, tracker)
        else:
            send_changed_key(server, tracker, slice_of(<const char *> (pending + 1), pending.size))
        pending = drop_first(tracker)
    drop_pending(tracker)


# ---- changes ----

cdef bint hears_now(Tracker *tracker, const Client *actor, bint running, Slice key) noexcept nogil:
    """Returns whether a message about the key is to be sent to the client now. Keeps one that is for later."""
    if tracker.client == NULL or not tracker.client.flags & CLIENT_TRACKING or tracker.flags & TRACKER_BCAST:
        return False
    if tracker.client != actor:
        return True
    if tracker.flags & TRACKER_NOLOOP:
        return False
    if running:
        pend(tracker, False, key)
    return not running


cdef void report_to_many(Server *server, const TrackedKey *key, bint running) noexcept nogil:
    """Sends one block to all clients of a key."""
    cdef const Client *actor = acting(server)
    cdef Slice name = tracked_key(key)
    cdef Notice notice = notice_of(&name, 1)
    cdef Tracker *tracker
    cdef uint32_t place
    for place in range(key.room):
        tracker = key.trackers[place]
        if tracker != NULL and hears_now(tracker, actor, running, name):
            notice_send(server, tracker, &notice)
    notice_release(&notice)


cdef void forget_key(Server *server, TrackedKey *key, bint running) noexcept nogil:
    """Reports a key that has been taken out of the table to its clients, and releases it."""
    tracking_of(server).items -= key.count
    if unlikely(key.room):
        report_to_many(server, key, running)
    elif hears_now(key.one, acting(server), running, tracked_key(key)):
        send_changed_key(server, key.one, tracked_key(key))
    tracked_key_free(key)


cdef void tracking_note(Server *server, const Client *writer, Slice key, uint64_t hash) noexcept nogil:
    cdef Tracking *tracking = tracking_of(server)
    cdef TrackedKey *found
    if tracking.prefix_count:
        changed_keys_note(tracking, writer.id if writer != NULL and not writer.flags & CLIENT_SCRIPT else 0, key, hash)
        server.outbox.broadcasts = table_size(&tracking.changed) > 0
    found = <TrackedKey *> table_remove(&tracking.keys, key, hash)
    if found != NULL:
        forget_key(server, found, True)
        hear(server)
        if unlikely(server.restrictions & RESTRICT_TRACKING):
            tracking_check_size(server)


cdef void tracking_note_flush(Server *server) noexcept nogil:
    cdef Tracking *tracking = tracking_of(server)
    cdef const Client *actor = acting(server)
    cdef Tracker *tracker = tracking.first
    while tracker != NULL:
        if tracker.client == actor:
            pend(tracker, True, slice_of("", 0))
        else:
            notice_send_everything(server, tracker)
        tracker = tracker.after
    keyspace_discard_table(&server.keyspace, &tracking.keys, 0)
    tracking.items = 0
    hear(server)
    tracking_check_size(server)


# ---- the limit ----

cdef bint drop_some(Server *server, Tracking *tracking, uint64_t budget) noexcept nogil:
    """Drops random keys; returns whether the table is small enough."""
    cdef TrackedKey *key
    cdef Slice name
    while budget and table_size(&tracking.keys) > server.settings.tracking_max_keys:
        budget -= 1
        key = <TrackedKey *> table_random(&tracking.keys, &tracking.random)
        name = tracked_key(key)
        table_remove(&tracking.keys, name, hash_of(name))
        forget_key(server, key, False)
    return table_size(&tracking.keys) <= server.settings.tracking_max_keys


cdef inline bint reads_a_stream(const Client *client) noexcept nogil:
    """Returns whether the client's replies are a stream of bytes, in which a message may precede the next one."""
    return not client.flags & (CLIENT_LOCAL | CLIENT_DENY_BLOCKING | CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)


cdef void tracking_make_room(Server *server, Client *client) noexcept nogil:
    cdef Tracking *tracking = tracking_of(server)
    if drop_some(server, tracking, DROPPED * (<uint64_t> tracking.overruns + 1)):
        tracking.overruns = 0
    else:
        tracking.overruns += 1
    tracking_check_size(server)
    if client != NULL and client.mailbox != NULL and reads_a_stream(client):
        # As in Redis, before the reply of the command that begins.
        outbox_collect(&server.outbox, client, &server.reply, &server.wait_offset)


# ---- BCAST ----

cdef size_t first_of(ChangedKey **keys, size_t count, Slice prefix) noexcept nogil:
    """Returns the place of the first key that is not before the prefix."""
    cdef size_t low = 0, high = count, middle
    while low < high:
        middle = (low + high) // 2
        if slice_compare(changed_key_name(keys[middle]), prefix) < 0:
            low = middle + 1
        else:
            high = middle
    return low


cdef size_t names_without(ChangedKey **keys, size_t count, const Prefix *prefix, int64_t writer, Slice *names
                          ) noexcept nogil:
    """Collects the keys that begin with the prefix, except those that one client has changed last; 0: of none."""
    cdef size_t found = 0, index
    cdef Slice text = prefix_text(prefix)
    for index in range(first_of(keys, count, text), count):
        if not begins_with(changed_key_name(keys[index]), text):
            break
        if keys[index].number > prefix.since and (writer == 0 or keys[index].writer != writer):
            names[found] = changed_key_name(keys[index])
            found += 1
    return found


cdef void send_others_changes(Server *server, Tracker *tracker, ChangedKey **keys, size_t count, const Prefix *prefix
                              ) noexcept nogil:
    """Sends a client with NOLOOP the keys of a prefix that it has not changed itself."""
    cdef Slice *names = <Slice *> mem_alloc(count * sizeof(Slice))
    cdef Notice notice = notice_of(names, names_without(keys, count, prefix, tracker.client.id, names))
    if notice.count:
        notice_send(server, tracker, &notice)
    notice_release(&notice)
    mem_free(names, count * sizeof(Slice))


cdef void send_prefix(Server *server, const Prefix *prefix, ChangedKey **keys, size_t count, Slice *names
                      ) noexcept nogil:
    """Sends the keys of a prefix, in one message for all clients that want the same."""
    cdef Notice notice = notice_of(names, names_without(keys, count, prefix, 0, names))
    cdef Tracker *tracker
    cdef size_t index
    if notice.count == 0:
        return
    for index in range(prefix.count):
        tracker = prefix.trackers[index]
        if tracker.flags & TRACKER_NOLOOP:
            send_others_changes(server, tracker, keys, count, prefix)
        else:
            notice_send(server, tracker, &notice)
    notice_release(&notice)


cdef void tracking_broadcast(Server *server) noexcept nogil:
    cdef Tracking *tracking = tracking_of(server)
    cdef ChangedKey **keys
    cdef Slice *names
    cdef size_t count, index
    if not server.outbox.broadcasts:
        return
    server.outbox.broadcasts = False
    count = table_size(&tracking.changed)
    keys = changed_keys_sorted(tracking)
    names = <Slice *> mem_alloc(count * sizeof(Slice))
    for index in range(tracking.prefix_count):
        send_prefix(server, tracking.prefixes[index], keys, count, names)
    mem_free(names, count * sizeof(Slice))
    mem_free(keys, count * sizeof(ChangedKey *))
    table_clear(&tracking.changed)

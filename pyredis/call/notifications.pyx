"""Names the channels of an event, and decides which events are heard."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, strlen

from pyredis.call.changes cimport (
    EVENT_EVICTED,
    EVENT_EXPIRED,
    EVENT_KEY_MISS,
    EVENT_NEW,
    EVENT_TO_KEYEVENT,
    EVENT_TO_KEYSPACE,
    note_key_event,
)
from pyredis.call.outbox cimport the_unit_under_way
from pyredis.call.publishing cimport publish
from pyredis.call.state cimport Server
from pyredis.call.waiting cimport HEARD_CHANGES
from pyredis.channels.channels cimport CHANNEL
from pyredis.ground.base cimport Slice, format_int64, literal, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport Database
from pyredis.types.table.hashtable cimport hash_of

cdef enum:
    WAYS = EVENT_TO_KEYSPACE | EVENT_TO_KEYEVENT
    # Messages about these do not wait for the file: nobody is harmed if a crash loses the change.
    UNAWAITED = EVENT_EXPIRED | EVENT_EVICTED | EVENT_KEY_MISS
    # Names up to this size are composed on the stack.
    SHORT_NAME = 512
    # Room for what is between the prefix and the subject: the number of the database, and "__:".
    NUMBER = 24


cdef void publish_event(Server *server, const char *prefix, const Database *database, Slice subject, Slice message,
                        uint64_t wait_offset) noexcept nogil:
    """Publishes ``message`` to the channel whose name is ``prefix``, the database's number, "__:" and ``subject``."""
    cdef char short_name[SHORT_NAME]
    cdef size_t at = strlen(prefix)
    cdef size_t room = at + NUMBER + subject.size
    cdef char *name = &short_name[0]
    cdef Slice channel
    if room > SHORT_NAME:
        name = <char *> mem_alloc(room)
    memcpy(name, prefix, at)
    at += format_int64(name + at, database.id)
    memcpy(name + at, "__:", 3)
    at += 3
    memcpy(name + at, subject.data, subject.size)
    channel = slice_of(name, at + subject.size)
    publish(server, CHANNEL, channel, hash_of(channel), message, wait_offset)
    if room > SHORT_NAME:
        mem_free(name, room)


cdef void notify(void *context, int event, const char *name, Database *database, Slice key) noexcept nogil:
    cdef Notifications *notifications = <Notifications *> context
    cdef Server *server = notifications.server
    cdef uint64_t wait_offset = 0 if event & UNAWAITED else the_unit_under_way()
    if server.channels.event_listeners:
        if notifications.classes & EVENT_TO_KEYSPACE:
            publish_event(server, "__keyspace@", database, key, literal(name), wait_offset)
        if notifications.classes & EVENT_TO_KEYEVENT:
            publish_event(server, "__keyevent@", database, literal(name), key, wait_offset)
    if notifications.listener != NULL:
        notifications.listener(notifications.listener_context, event, name, database, key)


cdef void notify_new(void *context, Database *database, Slice key) noexcept nogil:
    note_key_event(<Server *> context, database, key, EVENT_NEW, "new")


cdef void notifications_init(Notifications *notifications, Server *server) noexcept nogil:
    notifications.server = server
    server.sink = notify
    server.sink_context = notifications


cdef void hear_events(Server *server) noexcept nogil:
    cdef const Notifications *notifications = <const Notifications *> server.sink_context
    cdef uint32_t heard = notifications.classes & ~<uint32_t> WAYS
    if heard == notifications.classes or (server.channels.event_listeners == 0 and notifications.listener == NULL):
        heard = 0
    server.heard = server.heard & <uint32_t> HEARD_CHANGES | heard
    server.keyspace.hooks.added = NULL
    if heard & EVENT_NEW:
        server.keyspace.hooks.added = notify_new

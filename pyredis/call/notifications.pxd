"""Keyspace notifications: events are published to channels named after the key and after the event.

An event ``set`` of the key ``k`` in database 0 is published as the message ``set`` to ``__keyspace@0__:k`` (class
``K``) and then as the message ``k`` to ``__keyevent@0__:set`` (class ``E``). Every event reaches ``Server.sink``,
whether a command or expiry caused it. While no channel, pattern or listener can receive events, ``Server.heard`` has no
event class, and the sink is not called.

A message that shows a change waits for the file like a reply. Messages about expiry, eviction and missed keys do not.
"""

from libc.stdint cimport uint32_t

from pyredis.call.state cimport EventSink, Server

# The context of `Server.sink`.
ctypedef struct Notifications:
    Server *server
    uint32_t classes            # as enabled by notify-keyspace-events
    EventSink listener          # receives events in addition to the subscribers; NULL for none
    void *listener_context

cdef void notifications_init(Notifications *notifications, Server *server) noexcept nogil
# Sets `Server.heard` to the enabled classes if anything can receive events, else to none. Must be called when either
# changes.
cdef void hear_events(Server *server) noexcept nogil

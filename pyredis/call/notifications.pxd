"""Keyspace notifications: events are published in channels named after the key and after the event.

An event of the key ``k`` in database 0 is the message ``set`` in ``__keyspace@0__:k`` (class ``K``) and the message
``k`` in ``__keyevent@0__:set`` (class ``E``), in this order. Every event comes through ``Server.sink``, whatever caused
it: a command, expiry, eviction. While no channel or pattern may receive one, ``Server.heard`` has no event class, and
no event gets so far.

A message that shows a change waits for the file like a reply. What expires or is evicted is not waited for.
"""

from libc.stdint cimport uint32_t

from pyredis.call.state cimport EventSink, Server

# The context of `Server.sink`.
ctypedef struct Notifications:
    Server *server
    uint32_t classes            # those that notify-keyspace-events enables
    EventSink listener          # receives events beside the subscribers; NULL while there is none
    void *listener_context

cdef void notifications_init(Notifications *notifications, Server *server) noexcept nogil
# Has the events heard that are enabled, if anybody can receive them. To be called whenever either changes.
cdef void hear_events(Server *server) noexcept nogil

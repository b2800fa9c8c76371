"""The queues of clients that wait for keys, and the list of those keys that have changed.

This module runs no command: see ``call/blocking`` and ``dispatch/serving``.

A waiter is in the queue of each of its keys, in order of arrival. A change of an awaited key (every change goes through
``note_change``) puts the key on the list of ready keys, once, in the order of first change. Keys that nobody waits for
are in no table, and while no client waits, a change costs one test of a flag.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pyredis.call.client cimport Client
from pyredis.call.request cimport Queued
from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Database
from pyredis.types.table.hashtable cimport Table

# A waiter's place in the queue of one key.
ctypedef struct Place:
    Waiter *waiter
    AwaitedKey *key
    Place *before
    Place *after

# A key that clients wait for, first come first served.
ctypedef struct AwaitedKey:
    Database *database
    Place *first
    Place *last
    size_t eager                # the number of waiters for any change, including the key's removal
    bint ready                  # it has changed since its waiters were last served, or they are being served
    AwaitedKey *next_ready
    size_t key_size
    # the key follows

# A command that waits. When it has been replied to, it has no place in the queues of its keys any more.
ctypedef struct Waiter:
    Client *client
    Queued request
    Place *places
    int place_count
    int room                    # for places; more than `place_count` if a key was named twice
    int kind                    # the kind of value it waits for; ANY_CHANGE for an eager one
    int64_t timeout_ms          # 0 for none
    uint64_t cycles             # that the command has run so far
    Waiter *older               # in the list of what a pause holds back (`call/pausing`)
    Waiter *newer

cdef enum:
    ANY_CHANGE = -1
    END_OF_PAUSE = -2           # it waits for no key

ctypedef struct Waiting:
    uint32_t *heard             # the server's mask: HEARD_WAITING is on while any client waits
    Table *awaited              # for each database, its AwaitedKeys
    int databases
    AwaitedKey *ready           # in the order of their first change
    AwaitedKey *last_ready
    bint serving
    Client *served              # the waiter whose command runs again, NULL for none
    # statistics
    size_t keys
    size_t eager_keys
    size_t deadlines

# `Server.heard` has a bit for every event class with listeners, and these.
cdef enum:
    HEARD_TRACKING = 1 << 29    # a change may concern clients that cache (`call/tracking`)
    HEARD_WAITING = 1 << 30     # clients wait for keys
    HEARD_CHANGES = HEARD_WAITING | HEARD_TRACKING

cdef inline Waiter *waiter_of(const Client *client) noexcept nogil:
    return <Waiter *> client.waiter

cdef void waiting_init(Waiting *waiting, int databases, uint32_t *heard) noexcept nogil
cdef void waiting_destroy(Waiting *waiting) noexcept nogil
# Puts the waiter at the end of the key's queue, unless it is already there.
cdef void waiting_join(Waiting *waiting, Waiter *waiter, Database *database, Slice key) noexcept nogil
# Takes the waiter out of all queues.
cdef void waiting_leave(Waiting *waiting, Waiter *waiter) noexcept nogil
# The key has changed, or was removed: makes it ready if that concerns any of its waiters.
cdef void waiting_mark(Waiting *waiting, Database *database, Slice key, uint64_t hash) noexcept nogil
# The same for all keys of a database (FLUSHDB, SWAPDB, a load).
cdef void waiting_mark_all(Waiting *waiting, Database *database) noexcept nogil
# Takes the first ready key off the list; NULL if there is none. It stays `ready`, so that no change lists it again,
# until `waiting_served`.
cdef AwaitedKey *waiting_next(Waiting *waiting) noexcept nogil
cdef void waiting_served(Waiting *waiting, AwaitedKey *key) noexcept nogil
cdef Slice awaited_key(const AwaitedKey *key) noexcept nogil

"""The queues of clients that wait for keys, and which of those keys have changed.

Runs no command: see ``dispatch/blocking``.

A waiter stands in the queue of each of its keys, behind who came before. A change of an awaited key (every change goes
through ``note_change``) puts the key on the list of those that are ready, once, in the order of their first change.
Keys that nobody waits for are in no table, so that a change of any other key costs one look at a flag.
"""

from libc.stdint cimport uint64_t

from pyredis.dispatch.dispatch cimport AwaitedKey, Client, Database, Server, Waiter
from pyredis.ground.base cimport Slice

cdef void waiting_init(Server *server, int databases) noexcept nogil
cdef void waiting_destroy(Server *server) noexcept nogil
# Puts the waiter at the end of the key's queue, where it does not stand there already.
cdef void waiting_join(Server *server, Waiter *waiter, Database *database, Slice key) noexcept nogil
# Takes the waiter out of all queues.
cdef void waiting_leave(Server *server, Waiter *waiter) noexcept nogil
# The key has changed, or is gone: it is ready, if that concerns any of its waiters.
cdef void waiting_mark(Server *server, Database *database, Slice key, uint64_t hash) noexcept nogil
# The same for all keys of a database (FLUSHDB, SWAPDB, a load).
cdef void waiting_mark_all(Server *server, Database *database) noexcept nogil
# The first of the keys that are ready, off the list; it stays `ready`, so that no change puts it there, until
# `waiting_served`.
cdef AwaitedKey *waiting_next(Server *server) noexcept nogil
cdef void waiting_served(Server *server, AwaitedKey *key) noexcept nogil
cdef Slice awaited_key(const AwaitedKey *key) noexcept nogil

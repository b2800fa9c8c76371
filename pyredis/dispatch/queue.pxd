"""What a client keeps between its requests: the commands that MULTI queues, and the keys that it watches.

A queued command is one block: the request as a multibulk, as it will be propagated, and behind it the arguments, which
are slices of it. The block is aligned for them.

The watches are a hash table by the address of the key, at most half full: a client may watch millions of keys.
"""

from pyredis.dispatch.dispatch cimport Call, Client, Queued, Server
from pyredis.keyspace.keyspace cimport WatchedKey

cdef void client_init(Client *client, Server *server) noexcept nogil
# Copies the command under way, its arguments as they are now; to be dropped.
cdef void keep_request(Call *call, Queued *queued) noexcept nogil
cdef void drop_request(Queued *queued) noexcept nogil
# Queues the command under way and answers so.
cdef void queue_command(Call *call) noexcept nogil
# Remembers the key and its version, at once after `keyspace_watch`; false where the client watches it already.
cdef bint client_watch(Client *client, WatchedKey *key) noexcept nogil
cdef void client_unwatch(Client *client) noexcept nogil
# Leaves MULTI, forgets the queue and the watches.
cdef void client_discard(Client *client) noexcept nogil

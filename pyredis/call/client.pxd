"""A client as native commands see it: its database, its protocol, its state, MULTI's queue, and the keys it watches.

The watches are a hash table by the address of the key, at most half full, because a client may watch millions of keys.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pyredis.call.command cimport Command
from pyredis.call.request cimport Queued
from pyredis.channels.channels cimport Subscriber
from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Database, Keyspace, WatchedKey

cdef enum ClientFlag:
    CLIENT_UNAUTHENTICATED = 1 << 0     # it must authenticate first
    CLIENT_MULTI = 1 << 1
    CLIENT_DIRTY_EXEC = 1 << 2          # a queued command was refused: EXEC aborts
    CLIENT_CLOSE_AFTER_REPLY = 1 << 3
    CLIENT_CLOSE_NOW = 1 << 4
    CLIENT_REPLY_OFF = 1 << 5
    CLIENT_REPLY_SKIP = 1 << 6          # of the command under way
    CLIENT_REPLY_SKIP_NEXT = 1 << 7
    CLIENT_NO_TOUCH = 1 << 8
    CLIENT_NO_EVICT = 1 << 9
    CLIENT_LOADER = 1 << 10             # replays the append-only file
    CLIENT_BLOCKED = 1 << 11            # parsing stops until it is woken
    CLIENT_UNIX = 1 << 12
    CLIENT_AUTHENTICATED = 1 << 13      # it gave the password, or connected when there was none
    CLIENT_ADDRESSED = 1 << 14          # it has a mailbox
    # Its class, for the limits of unsent output; an ordinary client has neither flag.
    CLIENT_REPLICA = 1 << 15
    CLIENT_PUBSUB = 1 << 16             # it is subscribed to something
    CLIENT_DENY_BLOCKING = 1 << 17      # its commands reply at once, as inside EXEC
    CLIENT_SCRIPT = 1 << 18             # a script's commands run as it
    CLIENT_MONITOR = 1 << 19            # it is sent a line for each command that any client runs
    CLIENT_LOCAL = 1 << 20              # it is called in this process, by any thread
    CLIENT_RESTRICTED = 1 << 21         # it has a user of its own
    # Of client-side caching (`call/tracking.pxd`).
    CLIENT_TRACKING = 1 << 26           # it is remembered for the keys that it reads
    CLIENT_CACHING = 1 << 27            # CLIENT CACHING applies to the next command or transaction
    CLIENT_INVALIDATED = 1 << 28        # it has changed keys that it has read, and must hear of that after its reply

ctypedef struct Watch:
    WatchedKey *key             # NULL if the place is empty
    uint64_t version            # of the key when the watch began

ctypedef struct Client:
    int64_t id
    void *owner                 # its Connection or DirectClient, borrowed; NULL for the loader
    Database *database
    int protocol                # 2 or 3
    uint32_t flags
    Command *last_command
    const char *mark            # for the loader: the request that began the unit under way
    int64_t created_ms
    int64_t active_ms           # of the last request
    uint64_t commands
    uint64_t bytes_in
    uint64_t bytes_out
    Queued *queue
    size_t queued
    size_t queue_capacity
    size_t queue_bytes
    Watch *watches              # a hash table
    size_t watching
    size_t watch_capacity       # a power of two, or 0
    void *waiter                # its Waiter (`call/waiting.pxd`) while its command waits for keys
    void *mailbox               # its Mailbox (`call/outbox.pxd`) while something is addressed to it
    Subscriber *subscriber      # NULL while it is subscribed to nothing (`call/subscriptions`)
    int fd                      # of its socket, -1 if there is none
    void *user                  # the Rights of its user (`call/permissions.pxd`), counted; NULL: the default user's
    void *tracking              # its Tracker (`call/trackers.pxd`), NULL before it is needed

# Initializes a new client, in database 0.
cdef void client_init(Client *client, Keyspace *keyspace) noexcept nogil
# Remembers the key and its version, directly after `keyspace_watch`; false if the client watches it already.
cdef bint client_watch(Client *client, WatchedKey *key) noexcept nogil
cdef void client_unwatch(Client *client) noexcept nogil
# Whether a watched key has been written since. A key that has only expired is not noticed here, but by EXEC.
cdef bint client_watch_broken(const Client *client) noexcept nogil
# Adds a request to MULTI's queue.
cdef void client_queue(Client *client, Command *command, int argc, const Slice *argv) noexcept nogil
# Whether CLIENT REPLY withholds a reply now.
cdef inline bint client_withholds(const Client *client) noexcept nogil:
    return (client.flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)) != 0

# Ends a command of the client: returns whether CLIENT REPLY withholds its reply, and moves SKIP on.
cdef bint client_end_reply(Client *client) noexcept nogil
# RESET: restores the state of a new client, except for its authentication, which the caller decides.
cdef void client_reset(Client *client, Keyspace *keyspace) noexcept nogil
# Leaves MULTI, drops the queue and the watches.
cdef void client_discard(Client *client) noexcept nogil

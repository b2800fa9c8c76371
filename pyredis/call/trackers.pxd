"""The structs of client-side caching, which its modules share.

- ``call/tracking`` turns tracking on and off, and is called for every read and change that matters.
- ``call/tracked_keys`` remembers which clients have read a key.
- ``call/tracked_prefixes`` collects the changed keys for the clients that asked for prefixes (BCAST).
- ``call/invalidations`` encodes messages and finds their recipients.

Invariants: a client has a ``Tracker`` from its first CLIENT TRACKING ON, or from the first REDIRECT to it, until it is
closed. The struct outlives the client while keys remember it: nothing is searched when a client goes, and Redis counts
such keys too. ``Server.heard`` has HEARD_TRACKING as long as a change may concern anybody.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pyredis.call.client cimport Client
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice
from pyredis.types.table.hashtable cimport Table

cdef enum TrackerFlag:
    TRACKER_BCAST = 1 << 0
    TRACKER_OPTIN = 1 << 1
    TRACKER_OPTOUT = 1 << 2
    TRACKER_NOLOOP = 1 << 3
    TRACKER_BROKEN = 1 << 4     # a message could not be sent, because the client that REDIRECT names has gone

# What a client asked for with CLIENT TRACKING. Whether it is on is a flag of the client (CLIENT_TRACKING).
ctypedef struct Tracker:
    Client *client              # NULL once it has been closed
    size_t keys                 # the number of keys that remember it
    uint32_t flags
    int64_t redirect            # the id of the client that is sent the messages; 0: this client
    Tracker *target             # the tracker of that client, NULL once it has been closed
    Tracker *redirected         # the first of those whose target this is
    Tracker *redirected_before  # in that list
    Tracker *redirected_after
    Tracker *before             # in the list of those that are on
    Tracker *after
    Prefix **prefixes           # in their order; only with BCAST
    size_t prefix_count
    Pending *pending            # its own invalidations, which follow the reply of its running command
    Pending *last_pending
    const void *family          # the Command whose subcommands leave CLIENT CACHING in effect: CLIENT

# An invalidation that is sent later.
ctypedef struct Pending:
    Pending *next
    bint everything             # all keys; there is no name
    size_t size
    # the key follows

# A prefix for which at least one client asked.
ctypedef struct Prefix:
    Prefix *shorter             # the longest other prefix that this one begins with, NULL for none
    uint64_t since              # the number of the last change before anybody asked for it
    Tracker **trackers
    size_t count
    size_t capacity
    size_t size
    # the text follows

ctypedef struct Tracking:
    Table keys                  # TrackedKey
    uint64_t items              # the clients that keys remember, over all keys
    Tracker *first              # those that are on
    Tracker *last
    size_t clients              # how many are on
    Prefix **prefixes           # sorted
    size_t prefix_count
    size_t prefix_capacity
    Table changed               # ChangedKey: keys to be sent at the end of the iteration
    uint64_t changes            # the number of the latest change of any of them
    uint64_t random             # state of the generator
    uint32_t overruns           # how often in a row the table stayed too large after keys were dropped


cdef inline Tracker *tracker_of(const Client *client) noexcept nogil:
    return <Tracker *> client.tracking


cdef inline Tracking *tracking_of(const Server *server) noexcept nogil:
    return <Tracking *> server.tracking


cdef inline Slice prefix_text(const Prefix *prefix) noexcept nogil:
    cdef Slice text
    text.data = <const char *> (prefix + 1)
    text.size = prefix.size
    return text

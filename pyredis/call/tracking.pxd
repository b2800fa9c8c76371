"""Client-side caching: which clients may have copies of which keys, and reporting changes to them.

A client that has sent CLIENT TRACKING ON is remembered for each key that its reading commands name, also inside scripts
and transactions. The next change of the key, whatever its cause, is reported to all its clients, and the key is
forgotten: a client hears of a key once, and again only after it has read it again. A client in BCAST mode is remembered
for no key, but is sent all changed keys with its prefixes, once at the end of the iteration.

The order is Redis's. A client hears of its own changes after the reply of its command, EXEC or script, even if that
reply came late because the command waited. It hears of others' changes when they happen.

While nobody tracks, reads and changes cost nothing: a client's flags and ``Server.heard`` are tested anyway. If the
table has more than ``tracking-table-max-keys`` keys, RESTRICT_TRACKING makes the next commands drop random ones, and
their clients are notified.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_CACHING, CLIENT_INVALIDATED, CLIENT_TRACKING, Client
from pyredis.call.state cimport Server
from pyredis.call.trackers cimport Tracker
from pyredis.ground.base cimport Slice

cdef enum:
    # A client with any of these is of interest at the end of its commands.
    TRACKED_STATES = CLIENT_TRACKING | CLIENT_INVALIDATED

cdef void tracking_init(Server *server) noexcept nogil
# Frees everything. All clients must have been removed.
cdef void tracking_delete(Server *server) noexcept nogil

# Turns tracking on, or replaces the options of a client that tracks. Prefixes are added to those it has; in BCAST mode
# there must be at least one. `target` is the client that `redirect` names, NULL if that is 0.
cdef void tracking_begin(Server *server, Client *client, uint64_t flags, int64_t redirect, Client *target,
                         const Slice *prefixes, size_t prefix_count) noexcept nogil
cdef void tracking_end(Server *server, Client *client) noexcept nogil
# Removes a client that is being closed.
cdef void tracking_forget(Server *server, Client *client) noexcept nogil

# A key has changed; `writer` is the client whose command it was, NULL for none. Only to be called with HEARD_TRACKING.
cdef void tracking_note(Server *server, const Client *writer, Slice key, uint64_t hash) noexcept nogil
# All keys of a database have been removed: as in Redis, all clients drop all keys.
cdef void tracking_note_flush(Server *server) noexcept nogil
# Ends a command of a client in one of TRACKED_STATES: remembers what it has read, and reports what it has changed,
# unless its reply is still to come (`tracking_follow_reply`).
cdef void tracking_follow(Call *call) noexcept nogil
cdef void tracking_follow_reply(Server *server, Client *client) noexcept nogil
# CLIENT CACHING applies up to the first command that is no CLIENT command, or to a transaction.
cdef void tracking_leave_caching(const Call *call) noexcept nogil
# Makes room in the table, with RESTRICT_TRACKING, before a command of the client; NULL: periodically.
cdef void tracking_make_room(Server *server, Client *client) noexcept nogil
# Must be called after `tracking-table-max-keys` has changed.
cdef void tracking_check_size(Server *server) noexcept nogil
# Sends the messages of BCAST mode: at the end of the iteration, when no command runs.
cdef void tracking_broadcast(Server *server) noexcept nogil
# The number of bytes that are kept for a client, besides the table.
cdef size_t tracking_memory(const Client *client) noexcept nogil

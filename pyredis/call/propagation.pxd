"""What a command appends to the log of changes: its request as received, something else, or nothing.

Everything that one command appends is one unit (``end_unit``), which the log encloses in MULTI and EXEC if it has more
than one command; inside EXEC the unit is the entire transaction. ``wait_offset`` collects what the replies of a batch
depend on: its own writes, and the last writes of the keys it read.
"""

from pyredis.call.call cimport Call
from pyredis.call.state cimport RESTRICT_LOADING, RESTRICT_UNLOGGED, Server
from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Database

cdef enum Propagation:
    PROPAGATE_AS_IS = 0         # the request's own bytes, if anything changed
    PROPAGATE_DONE = 1          # the handler has propagated something else, or nothing is to be propagated

# Whether anything is to be appended at all: the log has readers, the server is not loading a file, and
# no script has asked to leave it out.
cdef inline bint takes_changes(const Server *server) noexcept nogil:
    return server.log.readers != NULL and not server.restrictions & (RESTRICT_LOADING | RESTRICT_UNLOGGED)

# Appends this command instead of the request. May be called several times, or never after `propagate_nothing`.
cdef void propagate_instead(Call *call, int argc, const Slice *argv) noexcept nogil
cdef void propagate_nothing(Call *call) noexcept nogil
cdef void propagate(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil
# Appends the request itself, with the bytes as received if it came as a multibulk.
cdef void propagate_request(Call *call) noexcept nogil
# Makes everything appended since the last call a unit; the batch's replies wait for it.
cdef void end_unit(Server *server) noexcept nogil
# Like `propagate`, for expired keys and fields. No reply waits for these, because they are expired in any case.
cdef void propagate_removal(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil
# While it is on, each removal of an expired key is a unit of its own, because it does not belong to the command that
# found the key; inside EXEC this has no effect.
cdef inline void removals_apart(Call *call, bint on) noexcept nogil:
    call.server.log.loose = on and not call.server.in_exec

# Reports that a key is about to be removed, though no request has asked for that: appends `command` (DEL or UNLINK)
# with the key, wakes the clients that wait for it, and publishes the event.
cdef void propagate_removed(Server *server, Database *database, Slice key, const char *command, int event,
                            const char *name) noexcept nogil
# The keyspace's hook for keys that have expired, with the Server as context.
cdef void propagate_expired(void *context, Database *database, Slice key) noexcept nogil

"""What a command puts into the log of changes: its request as it came, something else, or nothing.

What one command appends is one unit (``settle``), which the log encloses in MULTI and EXEC where it is more than one
command; inside EXEC the unit is the whole transaction. ``wait_offset``
collects what the replies of a batch depend on: its own writes, and the last writes of the keys it read.
"""

from pyredis.call.call cimport Call
from pyredis.call.state cimport RESTRICT_LOADING, Server
from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Database

cdef enum Propagation:
    PROPAGATE_AS_IS = 0         # the request's own bytes, if anything changed
    PROPAGATE_DONE = 1          # the handler has propagated something else, or there is nothing to propagate

# Whether anything is to be appended at all: somebody reads the log, and what is executed does not come from a file.
cdef inline bint takes_changes(const Server *server) noexcept nogil:
    return server.log.readers != NULL and not server.restrictions & RESTRICT_LOADING

# The log gets this command instead of the request. May be called several times, or never after `propagate_nothing`.
cdef void propagate_instead(Call *call, int argc, const Slice *argv) noexcept nogil
cdef void propagate_nothing(Call *call) noexcept nogil
cdef void propagate(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil
# Appends the request itself, its bytes as they came where there are any.
cdef void propagate_request(Call *call) noexcept nogil
# Makes what was appended a whole unit; the batch's replies wait for it.
cdef void settle(Server *server) noexcept nogil
# As `propagate`, for what has expired: nobody waits for that, it is gone anyway.
cdef void propagate_removal(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil
# Between the two, what has expired is removed by units of its own, for it was met by chance; inside EXEC it is not.
cdef inline void removals_apart(Call *call, bint on) noexcept nogil:
    call.server.log.loose = on and not call.server.in_exec

# The keyspace's hook, with the Server as context: the log gets a DEL for a key that expired.
cdef void propagate_expired(void *context, Database *database, Slice key) noexcept nogil

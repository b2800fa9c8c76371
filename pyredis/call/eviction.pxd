"""Evicting keys when more than ``maxmemory`` is used.

Dispatch calls ``evict`` before each command of a client while ``maxmemory`` is set and exceeded. What always holds:

- Keys are removed only between commands, and a removal is seen like that of an expired key: by WATCH, by clients that
  wait, as an event (``evicted``), and in the log, as a DEL or UNLINK that is a unit of its own.
- Garbage is released before any key is evicted. Large values become garbage and are released in slices, whatever
  ``lazyfree-lazy-eviction`` says, so no removal takes long.
- A run takes no longer than ``maxmemory-eviction-tenacity`` allows. If memory is still exceeded then, commands are not
  refused, and eviction goes on, before each command and from the loop (``Evictor.go_on``), until it is not, or nothing
  is left to evict.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.call.state cimport RESTRICT_BUSY, RESTRICT_LOADING, RESTRICT_PAUSED, Server
from pyredis.keyspace.victims cimport Victims

cdef enum:
    # While one of these restricts the server, nothing is evicted, and nothing refused for lack of memory.
    NO_EVICTION = RESTRICT_LOADING | RESTRICT_PAUSED | RESTRICT_BUSY

cdef enum Outcome:
    EVICTION_DONE           # memory suffices
    EVICTION_RUNNING        # the time is up; there is more to evict
    EVICTION_FAILED         # there is nothing to evict

ctypedef struct Evictor:
    Victims victims
    double limit_ns         # how long a run may take, -1 for no limit
    bint unlinks            # removals are propagated as UNLINK
    uint64_t evicted        # keys, since the start or CONFIG RESETSTAT
    # Called when a run has ended with EVICTION_RUNNING: another is to follow soon.
    void (*go_on)(Server *server) noexcept nogil
    # Reports to the latency monitor how long an event took. Called only while it is on.
    void (*note)(Server *server, const char *event, int64_t ns) noexcept nogil


cdef inline Evictor *evictor_of(const Server *server) noexcept nogil:
    return <Evictor *> server.evictor

cdef void evictor_init(Server *server) noexcept nogil
cdef void evictor_destroy(Server *server) noexcept nogil
# Sets the value of one of the `EVICTION_DIRECTIVES`.
cdef int evictor_configure(Server *server, str name, value) except -1
# Evicts keys while memory is exceeded. No command may be running.
cdef Outcome evict(Server *server) noexcept nogil

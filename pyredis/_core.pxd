"""The data of one server: owns its ``Server`` struct, and gives Python code access to it."""

from libc.stdint cimport int64_t

from pyredis.call.notifications cimport Notifications
from pyredis.dispatch.counters cimport Counters
from pyredis.dispatch.direct cimport DirectClient
from pyredis.ground.memory cimport Account


cdef class Core(Counters):
    cdef readonly list specs            # CommandSpec by Command.index
    cdef readonly list handlers         # Python handlers by Command.index, None for native ones
    cdef readonly dict added_specs      # CommandSpec of the commands that the program has added, by name
    cdef readonly dict renames          # see `rename_commands`
    cdef public object on_slow          # called with (client, first arguments, microseconds, number of missing ones)
    cdef public object on_latency       # called with (event, milliseconds), or None
    cdef public size_t startup_memory   # bytes in use before there was any data

    cdef public object on_call          # called after a call in process that left something to do, or None

    cdef object fault_rules             # see `faults`
    cdef bint disk_full                 # writes of the append-only file are to fail

    cdef object listener                # of keyspace events, or None
    cdef object time_source             # returns microseconds since 1970, or None for the system's clock
    cdef bint occupied                  # no command may be called now, although none runs
    cdef Notifications notifications
    cdef int unfinished_snapshots       # since the last snapshot that saw every entry

    cdef bint expire(self, int64_t budget_us) except -1
    cdef size_t run_call(self, DirectClient client, arguments) except? 0
    cdef Account *enter_idle(self) except NULL
    cdef int check_idle(self) except -1
    cdef int attach_file(self, int fd, int64_t size) except -1
    cdef int check_callable(self, DirectClient client) except -1
    cdef int note_latency(self, str event, int64_t ns) except -1
    cdef object take_reply(self, size_t begin, int form)
    cdef int leave_call(self, DirectClient client) except -1

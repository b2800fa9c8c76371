"""One ``Connection`` for each client. What the connections share is the ``Hub`` (``shell/hub``)."""

from libc.stdint cimport uint64_t

from pyredis._resp cimport Parser
from pyredis.call.state cimport Server
from pyredis.shell.blocked cimport Blockable
from pyredis.shell.intake cimport Intake, Window


cdef class Connection(Blockable):
    cdef Parser parser

    # Input: the bytes of an incomplete request, and those of its arguments that have arrived.
    cdef Intake intake
    cdef uint64_t run                   # requests executed since a read last left room in its buffer

    # The next read stores its bytes in this window.
    cdef Window window(self) noexcept
    # Executes what has been read into the intake's window.
    cdef int take_input(self, size_t size) except -1
    cdef int decrypt(self) except -1
    cdef int shake_hands(self) except -1
    cdef int end_input(self) except -1
    # Ends the connection at once.
    cdef int cut_off(self) except -1
    cdef void restore_input(self) noexcept
    cdef void drop_input(self) noexcept
    cdef void offer_large(self, Server *server) noexcept

    cdef int process(self, char *data, size_t size) except -1
    cdef int take_turns(self) except -1
    cdef int check_query_buffer(self) except -1
    cdef int deliver(self, size_t begin) except -1
    cdef int leave(self, size_t begin, uint64_t offset) except -1


# A connection to a server that several threads call: what the event loop calls enters the hub's exclusion.
cdef class HeldConnection(Connection):
    pass

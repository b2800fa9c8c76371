"""A client of the same process, for any number of threads: no socket, but a client like those that have one.

It is in CLIENT LIST, can be killed, waits for keys and for the append-only file, subscribes and monitors. Commands run
in the thread that calls ``run``. A reply that is not there yet is a ``Ticket``: the thread whose command or whose loop
brings the reply resolves the ticket. Messages are kept, as bytes, until they are read.

Every method enters the server's ``Exclusion``, except those that the hub calls, whose caller has entered it.
"""

from libc.stdint cimport uint64_t

from pyredis.ground.base cimport Slice
from pyredis.ground.exclusion cimport Exclusion
from pyredis.shell.blocked cimport Blockable
from pyredis.shell.hub cimport Hub


# A reply or a message that is awaited.
cdef class Ticket:
    cdef readonly object value          # the reply; an error reply is a ReplyError
    cdef readonly bint done
    cdef bint decode                    # strings of the reply are str
    cdef list wakes                     # called once it is done, in whichever thread that happens

    cdef int resolve(self, object value) except -1


cdef class LocalClient(Blockable):
    cdef readonly Exclusion exclusion
    cdef readonly bint decode           # replies have str in place of bytes
    cdef bint shared                    # it never waits for keys, because it has other callers
    cdef bint ordered                   # replies are kept with the messages, as a socket would have them
    cdef object tickets                 # deque of Ticket, of the commands that have no reply yet
    cdef object inbox                   # deque of bytes and objects: what was sent to it and is not read
    cdef size_t unread                  # bytes in the inbox
    cdef Ticket reader                  # resolved when the inbox gets something; None if nobody waits

    cdef int begin(self) except -1
    cdef object run_words(self, words, int form)
    cdef object call(self, int argc, Slice *argv, int form)
    cdef object execute(self, int argc, Slice *argv, int form)
    cdef int check_usable(self) except -1
    cdef bint runs_elsewhere(self, int argc, Slice *argv) except -1
    cdef bint would_change(self, bytes name, int argc, Slice *argv) except -1
    cdef object settle(self, size_t begin, int form)
    cdef void begin_all(self) noexcept
    cdef bint decodes(self, tuple request) except -1
    cdef bint run_one(self, tuple request, list replies, uint64_t *offset) except -1
    cdef object end_all(self, uint64_t offset)
    cdef int queue_one(self, tuple request, Py_ssize_t index, list errors) except -1
    cdef Ticket new_ticket(self, bint decode)
    cdef object await_file(self, size_t begin, uint64_t offset, bint decode)
    cdef int receive(self, bytes data) except -1
    cdef int leave_server(self) except -1

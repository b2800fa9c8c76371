"""What the connections of one server share, and the delivery of everything they are sent.

Invariant: while anything of a client is ``held`` here, whatever is sent to it later is queued after that.
"""

from libc.stdint cimport uint64_t

from pyredis._core cimport Core
from pyredis.dispatch.direct cimport DirectClient
from pyredis.ground.memory cimport Account
from pyredis.shell.client_view cimport ClientView
from pyredis.shell.outgoing cimport PagePipe, Parcel
from pyredis.shell.roster cimport ClientList

# A reply that waits for the end of the iteration, in the shared reply buffer.
ctypedef struct Owed:
    void *connection            # a reference is held
    size_t begin
    size_t end
    void *parcel                # the Parcel of a reply with pieces, to which a reference is held; NULL for any other
    uint64_t offset             # of the log, up to which it must be written (or durable) first


# A client to deliver to. The hub holds nothing of it unless `held`.
cdef class Receiver(ClientView):
    cdef size_t held
    cdef size_t waiting                 # those of `held` that outlived their iteration
    cdef size_t waiting_bytes
    cdef unsigned char writing          # there are bytes that the socket has not accepted
    cdef unsigned char stalled          # paused: nothing is read or executed
    cdef unsigned char lost
    cdef unsigned char reading_paused

    cdef int send(self, const char *data, size_t size) except -1
    cdef int send_large(self, size_t begin) except -1
    cdef int send_parcel(self, Parcel parcel) except -1
    # Closes a client with too much output, pauses one with much; `unsent` bytes are on their way to the socket.
    cdef int check_output(self, size_t unsent) except -1
    # Resumes a paused client if it has read enough, or if it has read nothing at all.
    cdef int look_again(self) except -1
    # Closes a connection that is to end, once nothing is held.
    cdef int finish(self) except -1
    # The command that waited has been answered.
    cdef int go_on(self) except -1


cdef class Hub:
    cdef readonly Core core
    cdef readonly object loop
    cdef readonly object host
    cdef readonly ClientList clients
    cdef Account *memory                # the account to which the core's memory is charged
    cdef readonly PagePipe pages
    cdef char *buffer                   # what every connection without input of its own reads into
    cdef Owed *owed
    cdef size_t owed_count
    cdef size_t owed_capacity
    # Replies that outlived their iteration: a deque of (Receiver, bytes or Parcel, size, offset).
    cdef object waiting
    cdef set stalled                    # the connections that are paused
    cdef bint flush_scheduled
    cdef bint script_scheduled          # the script that makes the server busy goes on at the next iteration
    cdef public size_t query_buffer_limit
    cdef public uint64_t bytes_in
    cdef public uint64_t bytes_out
    cdef public uint64_t connections
    cdef readonly uint64_t reads
    cdef readonly uint64_t writes
    cdef readonly uint64_t query_limit_closed

    cdef int owe(self, Receiver connection, size_t begin, Parcel parcel, uint64_t offset) except -1
    cdef int schedule_flush(self) except -1
    cdef uint64_t released(self) noexcept
    cdef int deliver_owed(self, uint64_t released) except -1
    cdef int deliver_reply(self, Receiver connection, const Owed *owed, uint64_t released) except -1
    cdef int wait(self, Receiver connection, object reply, size_t size, uint64_t offset) except -1
    cdef int deliver_mail(self, uint64_t released) except -1
    cdef int hand_over(self, DirectClient receiver, uint64_t released) except -1
    cdef int hand_over_waiting(self, DirectClient receiver, bytes message) except -1
    cdef int deliver_to(self, Receiver connection, uint64_t released) except -1

"""What the connections of one server share, and the delivery of everything they are sent.

Invariant: while any output for a client is ``held`` here, whatever is sent to it later is queued after it.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis._core cimport Core
from pyredis.dispatch.direct cimport DirectClient
from pyredis.ground.exclusion cimport Exclusion
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
    uint64_t offset             # the position up to which the log must be written (or durable) first


# A client that the hub delivers to. Unless `held`, the hub has no output for it.
cdef class Receiver(ClientView):
    cdef size_t held                    # replies and messages that wait in the hub
    cdef size_t waiting                 # those of `held` that outlived their iteration
    cdef size_t waiting_bytes
    cdef size_t waiting_copied          # those of `waiting_bytes` that are copies, not references to stored values
    cdef unsigned char writing          # there are bytes that the socket has not accepted
    cdef unsigned char stalled          # paused: nothing is read or executed
    cdef unsigned char lost
    cdef unsigned char reading_paused
    cdef size_t counted                 # its share of Hub.client_memory

    cdef int send(self, const char *data, size_t size) except -1
    cdef int send_large(self, size_t begin) except -1
    cdef int send_parcel(self, Parcel parcel) except -1
    # Closes a client above its output limit, pauses one above its allowance; `unsent` bytes wait for the socket.
    cdef int check_output(self, size_t unsent) except -1
    # Resumes a paused client if it has read enough, or nothing at all since the last check.
    cdef int look_again(self) except -1
    # Closes the connection if it is to be closed and no output waits.
    cdef int finish(self) except -1
    # Continues with the client's input after its waiting command has been answered.
    cdef int go_on(self) except -1


cdef class Hub:
    cdef readonly Core core
    cdef readonly object loop
    cdef public object timers           # the loop, or what takes its place for `time` and `call_at`
    cdef readonly object host
    cdef readonly Exclusion exclusion    # of a server that several threads call, else None
    cdef readonly ClientList clients
    cdef Account *memory                # the account to which the core's memory is charged
    cdef readonly PagePipe pages
    cdef char *buffer                   # every connection without input of its own reads into it
    cdef Owed *owed
    cdef size_t owed_count
    cdef size_t owed_capacity
    # Replies and messages that outlived their iteration: a deque of (Receiver or DirectClient, bytes or Parcel, size,
    # offset).
    cdef object waiting
    cdef set stalled                    # the connections that are paused
    cdef bint flush_scheduled
    cdef bint script_scheduled          # the script that makes the server busy continues in the next iteration
    cdef int64_t iteration_began        # the monotonic clock's ns; 0 while the latency monitor need not know
    cdef public size_t query_buffer_limit
    # The limit of what all connections together use, in bytes; 0 for none. While there is one, every connection is
    # counted when its use may have grown, so that the sum is never too low for longer than a callback.
    cdef readonly size_t client_limit
    cdef int64_t client_memory
    cdef bint eviction_scheduled
    cdef bint unevictable               # the limit was exceeded although all that may be closed were
    cdef readonly uint64_t evicted_clients
    cdef public uint64_t bytes_in
    cdef public uint64_t bytes_out
    cdef public uint64_t connections
    cdef readonly uint64_t reads
    cdef readonly uint64_t writes
    cdef readonly uint64_t query_limit_closed

    cdef int owe(self, Receiver connection, size_t begin, Parcel parcel, uint64_t offset) except -1
    cdef int note_memory(self, Receiver connection) except -1
    cdef void forget_memory(self, Receiver connection) noexcept
    cdef int schedule_eviction(self) except -1
    cdef int64_t count_clients(self, list evictable) except? -1
    cdef int drain_ring(self) except -1
    cdef int drain_file(self) noexcept
    cdef int begin_iteration(self) except -1
    cdef int note_write(self, int64_t ns, bint syncing) except -1
    cdef int schedule_flush(self) except -1
    cdef uint64_t released(self) noexcept
    cdef int deliver_owed(self, uint64_t released) except -1
    cdef int deliver_reply(self, Receiver connection, const Owed *owed, uint64_t released) except -1
    cdef int wait(self, Receiver connection, object reply, size_t size, uint64_t offset) except -1
    cdef int deliver_mail(self, uint64_t released) except -1
    cdef int hand_over(self, DirectClient receiver, uint64_t released) except -1
    cdef int hand_over_waiting(self, DirectClient receiver, bytes message) except -1
    cdef int deliver_to(self, Receiver connection, uint64_t released) except -1

"""The shell: one ``Connection`` for each client, one ``Hub`` for what they share."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._core cimport Core
from pyredis._resp cimport Parser
from pyredis.call.client cimport Client
from pyredis.call.state cimport Server
from pyredis.dispatch.direct cimport DirectClient
from pyredis.ground.memory cimport Account
from pyredis.shell.client_view cimport ClientView
from pyredis.shell.intake cimport Intake
from pyredis.shell.outgoing cimport Outgoing, PagePipe, Parcel
from pyredis.shell.roster cimport ClientList


# A reply that waits for the end of the iteration, in the shared reply buffer.
ctypedef struct Owed:
    void *connection            # a reference is held
    size_t begin
    size_t end
    void *parcel                # the Parcel of a reply with pieces, to which a reference is held; NULL for any other
    uint64_t offset             # of the file, up to which it must be written (or durable) first


cdef class Hub:
    cdef readonly Core core
    cdef readonly object loop
    cdef readonly object host
    cdef readonly ClientList clients
    cdef Account *memory                # what the core's memory counts for
    cdef readonly PagePipe pages
    cdef char *buffer                   # what every connection without input of its own reads into
    cdef Owed *owed
    cdef size_t owed_count
    cdef size_t owed_capacity
    # Replies that outlived their iteration: a deque of (Connection, bytes or Parcel, size, offset).
    cdef object waiting
    cdef set stalled                    # the connections that are held back
    cdef bint flush_scheduled
    cdef public size_t query_buffer_limit
    cdef public uint64_t bytes_in
    cdef public uint64_t bytes_out
    cdef public uint64_t connections
    cdef readonly uint64_t reads
    cdef readonly uint64_t writes
    cdef readonly uint64_t query_limit_closed

    cdef int owe(self, Connection connection, size_t begin, Parcel parcel, uint64_t offset) except -1
    cdef int schedule_flush(self) except -1
    cdef uint64_t released(self) noexcept
    cdef int deliver_mail(self, uint64_t released) except -1
    cdef int hand_over(self, DirectClient receiver) except -1
    cdef int deliver_to(self, Connection connection, uint64_t released) except -1
    cdef int settle_owed(self, uint64_t released) except -1
    cdef int settle(self, Connection connection, const Owed *owed, uint64_t released) except -1
    cdef int wait(self, Connection connection, object reply, size_t size, uint64_t offset) except -1


cdef class Connection(ClientView):
    cdef Parser parser
    cdef readonly Hub hub

    # Input: bytes that make no whole request yet, and the arguments of it that arrived.
    cdef Intake intake
    cdef uint64_t run                   # requests executed since a read last left room in its buffer

    # Output: nothing is queued in the transport or here unless `writing`, nothing in the hub unless `held`.
    cdef readonly int fd                # -1 where the transport must be used
    cdef Outgoing outgoing              # what comes after the transport's bytes, None for nothing
    cdef size_t held
    cdef size_t waiting                 # those of `held` that outlived their iteration
    cdef size_t waiting_bytes
    cdef size_t allowance               # bytes of replies that may lie unsent before the client is held back
    cdef size_t unsent                  # at the last look at a stalled connection

    # Its state, a byte each: there may be many connections.
    cdef unsigned char writing          # there are bytes that the socket did not take
    cdef unsigned char stalled          # held back: nothing is read or executed
    cdef unsigned char lost
    cdef unsigned char reading_paused

    # While a command waits for keys.
    cdef object alarm                   # the loop's timer, None without
    cdef double wait_ends               # the loop's time

    cdef void restore_input(self) noexcept
    cdef void drop_input(self) noexcept
    cdef void offer_large(self, Server *server) noexcept

    cdef int process(self, char *data, size_t size) except -1
    cdef int take_turns(self) except -1
    cdef int check_query_buffer(self) except -1
    cdef int deliver(self, size_t begin) except -1
    cdef int leave(self, size_t begin, uint64_t offset) except -1

    cdef int send(self, const char *data, size_t size) except -1
    cdef int send_large(self, size_t begin) except -1
    cdef int send_parcel(self, Parcel parcel) except -1
    cdef int fail_sending(self) except -1
    cdef void count_sent(self, size_t size) noexcept
    cdef int queue_tail(self, const char *data, size_t size) except -1
    cdef int queue_parcel(self, Parcel parcel) except -1
    cdef int pump(self) except -1
    cdef int lend_to_transport(self) except -1
    cdef size_t unsent_bytes(self) except? 0
    cdef int check_output(self, size_t unsent) except -1
    cdef int arm(self) except -1
    cdef int disarm(self) except -1
    cdef int stop_waiting(self) except -1
    cdef int look_again(self) except -1
    cdef bint is_gone(self) except -1
    cdef bint is_owed(self) noexcept
    cdef int finish(self) except -1

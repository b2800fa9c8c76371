"""The shell: one ``Connection`` for each client, one ``Hub`` for what they share."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._client_list cimport ClientList, Listed
from pyredis._core cimport Core
from pyredis._dispatch cimport Answer, Client
from pyredis._resp cimport Arguments, Parser


# A reply that waits for the end of the iteration, in the shared reply buffer.
ctypedef struct Owed:
    void *connection            # a reference is held
    size_t begin
    size_t end
    uint64_t offset             # of the file, up to which it must be written (or durable) first


cdef class Hub:
    cdef readonly Core core
    cdef readonly object loop
    cdef readonly object host
    cdef readonly ClientList clients
    cdef char *buffer                   # what every connection without input of its own reads into
    cdef Owed *owed
    cdef size_t owed_count
    cdef size_t owed_capacity
    cdef object waiting                 # deque of (Connection, bytes, offset): replies that outlived their iteration
    cdef set stalled                    # the connections that are held back
    cdef bint flush_scheduled
    cdef int64_t next_id
    cdef public size_t query_buffer_limit
    cdef public uint64_t bytes_in
    cdef public uint64_t bytes_out
    cdef public uint64_t connections
    cdef readonly uint64_t reads
    cdef readonly uint64_t writes
    cdef readonly uint64_t query_limit_closed

    cdef int owe(self, Connection connection, size_t begin, uint64_t offset) except -1
    cdef int schedule_flush(self) except -1
    cdef int deliver_all_answers(self) except -1
    cdef int deliver_answer(self, const Answer *answer) except -1
    cdef int settle_owed(self, uint64_t released) except -1
    cdef int settle(self, Connection connection, const Owed *owed, uint64_t released) except -1
    cdef int wait(self, Connection connection, bytes data, uint64_t offset) except -1


cdef class Connection(Listed):
    cdef Client client
    cdef Parser parser
    cdef readonly Hub hub
    cdef readonly object transport

    # Input: bytes that make no whole request yet, and the arguments of it that arrived. NULL where there are none.
    cdef char *own
    cdef size_t own_size
    cdef size_t own_capacity
    cdef Arguments partial              # slices of `own`; while `lent`, the server's scratch, whose place they take
    cdef uint64_t run                   # requests executed since a read last left room in its buffer

    # Output: nothing is queued in the transport unless `writing`, nothing in the hub unless `held`.
    cdef readonly int fd                # -1 where the transport must be used
    cdef size_t held
    cdef size_t waiting                 # those of `held` that outlived their iteration
    cdef size_t waiting_bytes
    cdef size_t allowance               # bytes of replies that may lie unsent before the client is held back
    cdef size_t unsent                  # at the last look at a stalled connection

    # Its state, a byte each: there may be many connections.
    cdef unsigned char lent             # the server's scratch of arguments, in the place of `partial`
    cdef unsigned char writing          # the transport has bytes that the socket did not take
    cdef unsigned char stalled          # held back: nothing is read or executed
    cdef unsigned char closing          # the connection ends once its replies have gone out
    cdef unsigned char lost
    cdef unsigned char reading_paused

    # While a command waits for keys.
    cdef object alarm                   # the loop's timer, None without
    cdef double wait_ends               # the loop's time

    # What CLIENT tells.
    cdef public bytes name
    cdef public bytes lib_name
    cdef public bytes lib_ver
    cdef str peer                       # None until somebody asks
    cdef str local

    cdef size_t room(self) noexcept
    cdef int make_room(self) except -1
    cdef int move_input(self, size_t capacity) except -1
    cdef void swap_arguments(self) noexcept
    cdef void restore_arguments(self) noexcept
    cdef int keep_rest(self, char *data, size_t size) except -1
    cdef int keep_bytes(self, const char *rest, size_t size) except -1
    cdef int keep_arguments(self, Py_ssize_t shift) except -1
    cdef void drop_arguments(self) noexcept
    cdef void drop_input(self) noexcept

    cdef int process(self, char *data, size_t size) except -1
    cdef int take_turns(self) except -1
    cdef int check_query_buffer(self) except -1
    cdef int deliver(self, size_t begin) except -1

    cdef int send(self, const char *data, size_t size) except -1
    cdef int queue_tail(self, const char *data, size_t size) except -1
    cdef int check_output(self, size_t unsent) except -1
    cdef int arm(self) except -1
    cdef int disarm(self) except -1
    cdef int stop_waiting(self) except -1
    cdef int look_again(self) except -1
    cdef int finish(self) except -1

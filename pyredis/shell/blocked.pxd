"""The part of a connection that blocks its client and ends the wait."""

from pyredis.shell.sending cimport Sender


cdef class Blockable(Sender):
    cdef object alarm                   # the loop's timer while a command waits for keys with a timeout, else None
    cdef double wait_ends               # by the clock of the hub's timers, in seconds

    cdef int arm(self) except -1
    cdef int disarm(self) except -1
    cdef int stop_waiting(self) except -1

"""Lets one thread at a time use a server that several threads call.

A thread that holds the interpreter's lock enters by setting a field, so that entering costs a few instructions. It
meets another thread inside only if that one has given up the interpreter's lock there: in a handler written in Python,
in the garbage collector, or while it waits for a file. Then it waits without the interpreter's lock.
"""

from cpython.pythread cimport PyThread_get_thread_ident
from libc.stdint cimport uint64_t

from pyredis.ground.base cimport likely

cdef extern from "gate.h" nogil:
    ctypedef struct Gate:
        pass


cdef class Exclusion:
    cdef unsigned long holder           # the thread that is inside, 0 for none
    cdef int waiting                    # threads that wait
    cdef bint usable
    cdef Gate gate
    cdef list left_over
    cdef str refusal                    # why nobody may enter any more; None if they may
    cdef bint forked                    # because this is a child process
    cdef public unsigned long servant   # the thread of the server's loop, which never stops
    cdef unsigned long survivor         # while the interpreter exits, the only thread that goes on; otherwise 0

    cdef int wait(self, unsigned long thread) except -1
    cdef int reject(self) except -1
    cdef int open(self) except -1
    # Calls `action`, which must not fail, inside: at once if nobody is there, otherwise when the one inside leaves.
    # Does nothing after `refuse`.
    cdef int do_or_leave(self, object action) except -1


cdef inline int exclusion_enter(Exclusion exclusion) except -1:
    """Raises Refused after ``refuse``, RuntimeError if the thread is inside already or in a forked child, and what a
    signal handler raises while it waits."""
    cdef unsigned long thread = PyThread_get_thread_ident()
    if likely(exclusion.holder == 0):
        exclusion.holder = thread
        return 0
    return exclusion.wait(thread)


cdef inline int exclusion_leave(Exclusion exclusion) except -1:
    if likely(exclusion.left_over is None and exclusion.waiting == 0):
        exclusion.holder = 0
        return 0
    return exclusion.open()

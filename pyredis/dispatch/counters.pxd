"""What one server counts, for Python code; the base class of ``_core.Core``."""

from libc.stdint cimport int64_t, uint64_t

from pyredis.call.state cimport State


cdef class Counters(State):
    cdef readonly object host           # the Server object in Python
    cdef readonly dict error_counts     # error code -> count
    cdef bint errors_overflowed         # there were too many codes to count them
    cdef readonly int64_t expire_ns     # time spent in expiry cycles

    cdef uint64_t calls(self) noexcept

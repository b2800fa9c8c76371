"""The clients that have sent MONITOR. What they are shown, and when: ``call/monitoring``."""

from pyredis.call.client cimport Client

ctypedef struct Monitors:
    Client **clients            # in the order of their MONITOR
    size_t count
    size_t capacity

cdef void monitors_add(Monitors *monitors, Client *client) noexcept nogil
# Does nothing for a client that is no monitor.
cdef void monitors_remove(Monitors *monitors, Client *client) noexcept nogil
cdef void monitors_destroy(Monitors *monitors) noexcept nogil

"""A client as commands in Python see it, and as CLIENT INFO shows it: the base of what speaks for a client.

What follows from the ``Client`` alone is here; what depends on a socket has the values of a client without one
(``dispatch/direct``), to be overridden.
"""

from pyredis.call.client cimport Client


cdef class ClientState:
    cdef Client client          # `owner` is this object
    cdef public bytes name
    cdef public bytes lib_name
    cdef public bytes lib_ver

    cdef void set_flag(self, unsigned flag, bint on) noexcept

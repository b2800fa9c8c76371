"""A client as Python commands see it, and as CLIENT INFO shows it: the base class of connections and direct clients.

Everything that follows from the ``Client`` alone is here. Attributes that depend on a socket have the values of a
client without one (``dispatch/direct``); a connection overrides them.
"""

from pyredis.call.client cimport Client


cdef class ClientState:
    cdef Client client          # `owner` is this object
    cdef public bytes name
    cdef public bytes lib_name
    cdef public bytes lib_ver

    cdef void set_flag(self, unsigned flag, bint on) noexcept

"""A client as CLIENT LIST shows it; what sends and receives for it is built upon this (``protocol.Connection``)."""

from pyredis.call.client cimport Client
from pyredis.shell.roster cimport Listed


cdef class ClientView(Listed):
    cdef Client client
    cdef readonly object transport
    cdef unsigned char closing          # the connection ends once its replies have gone out
    cdef public bytes name
    cdef public bytes lib_name
    cdef public bytes lib_ver
    cdef str peer                       # None until somebody asks
    cdef str local

    # Bytes, to be answered by what holds them: input not executed yet, room for more, output not sent yet.
    cdef size_t input_held(self) noexcept
    cdef size_t input_free(self) noexcept
    cdef size_t output_held(self) except? 0

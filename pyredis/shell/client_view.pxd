"""A client as CLIENT LIST shows it; what sends and receives for it is built upon this (``protocol.Connection``)."""

from pyredis.shell.roster cimport Listed


cdef class ClientView(Listed):
    cdef readonly object transport
    cdef unsigned char closing          # the connection ends once its replies have gone out
    cdef str peer                       # None until somebody asks
    cdef str local

    # Bytes, to be answered by what holds them: input not executed yet, room for more, output not sent yet.
    cdef size_t input_held(self) noexcept
    cdef size_t input_free(self) noexcept
    cdef size_t output_held(self) except? 0

"""A client as CLIENT LIST shows it: the base of ``protocol.Connection``, which sends and receives for it."""

from pyredis.shell.roster cimport Listed


cdef class ClientView(Listed):
    cdef readonly object transport
    cdef unsigned char closing          # the connection ends once its replies are sent
    cdef str peer                       # None until it is asked for
    cdef str local

    # Bytes of input not executed yet, of free room for input, of output not sent yet; overridden where they are held.
    cdef size_t input_held(self) noexcept
    cdef size_t input_free(self) noexcept
    cdef size_t output_held(self) except? 0
    # Bytes of `output_held` that are copies; the others are stored values.
    cdef size_t output_copied(self) except? 0
    # All bytes that it uses, as CLIENT LIST shows them (`tot-mem`).
    cdef size_t memory(self) except? 0

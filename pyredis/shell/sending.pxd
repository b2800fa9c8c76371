"""The sending half of a connection. Nothing is queued in the transport or here unless ``writing``."""

from pyredis.shell.cipher cimport Cipher
from pyredis.shell.hub cimport Hub, Receiver
from pyredis.shell.outgoing cimport Outgoing, Parcel


cdef class Sender(Receiver):
    cdef readonly Hub hub
    cdef readonly int fd                # -1 where the transport must be used
    cdef Cipher tls                     # None without TLS
    cdef Outgoing outgoing              # to be sent after the transport's bytes; None if there is nothing
    cdef size_t allowance               # bytes of replies that may be unsent before the client is paused
    cdef bint lends                     # what the transport has is part of a stored value
    cdef size_t unsent                  # bytes at the last check of a paused connection

    cdef int fail_sending(self) except -1
    cdef void count_sent(self, size_t size) noexcept
    cdef int send_encrypted(self, const char *data, size_t size) except -1
    cdef int send_large_encrypted(self, size_t begin, size_t size) except -1
    # Sends the ciphertext that there is; what the socket does not accept is left to the transport.
    cdef int send_sealed(self) except -1
    cdef int pump_encrypted(self) except -1
    # Sends TLS's notice of the end, if the socket accepts it.
    cdef int say_goodbye(self) except -1
    cdef int queue_tail(self, const char *data, size_t size) except -1
    cdef int queue_parcel(self, Parcel parcel) except -1
    cdef int pump(self) except -1
    cdef int lend_to_transport(self) except -1
    cdef size_t unsent_bytes(self) except? 0
    # Returns whether nothing can be sent any more.
    cdef bint is_gone(self) except -1
    cdef bint is_owed(self) noexcept

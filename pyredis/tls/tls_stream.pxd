"""The encryption of one connection by OpenSSL, and the buffers that all connections of a server share."""

from pyredis.shell.cipher cimport Cipher, Sealed
from pyredis.tls.openssl cimport SSL
from pyredis.tls.tls_context cimport TlsContext

# What OpenSSL reads from and writes to: the data of its BIO.
ctypedef struct Wire:
    const char *input           # ciphertext that OpenSSL has not read yet
    size_t size
    bint over                   # the peer has closed the connection
    Sealed *output


cdef class TlsBuffers:
    cdef Sealed sealed
    cdef char *input            # ciphertext is read into it
    cdef char *record           # plaintext of a record that is not full yet
    cdef size_t filled


cdef class TlsStream(Cipher):
    cdef SSL *ssl
    cdef TlsBuffers buffers
    cdef Wire wire
    cdef bytes kept             # has the input, if `keep` was called
    cdef str failure

    cdef bint fail(self, int result) noexcept
    cdef int note_failure(self, int error) except -1

"""What the TLS connections of a server share: certificate, key, authorities, ciphers, the cache of sessions."""

from pyredis.tls.openssl cimport SSL_CTX


cdef class TlsContext:
    cdef SSL_CTX *context

    cdef int set_protocols(self, protocols) except -1
    cdef int load_key(self, bytes path, bytes passphrase) except -1
    cdef int set_sessions(self, sessions) except -1
    cdef int set_dh_parameters(self, bytes path) except -1

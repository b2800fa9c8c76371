"""What the shell needs of a connection's encryption, which ``tls/tls_stream`` implements. Without TLS it is None.

All bytes of a connection pass through one object. Nothing is read from or written to the socket here: ciphertext that
has arrived is given with `feed`, and what is to be sent is left in `sealed`, which all connections of a server share.
Whoever causes ciphertext to be made sends it before anything else runs.
"""

# What is encrypted and not sent yet.
ctypedef struct Sealed:
    char *data
    size_t size
    size_t capacity

cdef enum CipherState:
    CIPHER_NEW              # nothing has arrived
    CIPHER_SHAKING          # the handshake is under way
    CIPHER_OPEN
    CIPHER_ENDED            # the peer sends nothing more
    CIPHER_FAILED           # nothing can be read or written any more


cdef class Cipher:
    cdef CipherState state
    cdef Sealed *sealed

    # Where the next read of the socket stores its bytes, and how many.
    cdef char *buffer(self, size_t *size) noexcept
    # Takes ciphertext. It must stay valid until `read` has used it up, or `keep` has copied what is left.
    cdef int feed(self, const char *data, size_t size) except -1
    cdef int keep(self) except -1
    # Returns whether `read` may return more without more ciphertext.
    cdef bint has_more(self) noexcept
    # Continues the handshake; `state` shows how far it is.
    cdef void shake(self) noexcept
    # Decrypts up to `size` bytes; returns how many.
    cdef size_t read(self, char *data, size_t size) noexcept
    # Encrypts. False if that has failed.
    cdef bint write(self, const char *data, size_t size) noexcept
    # As `write`, in large records whatever the sizes of the parts are. `end` writes the rest.
    cdef void add(self, const char *data, size_t size) noexcept
    cdef bint end(self) noexcept
    # Empties `sealed`. The bytes stay where they are until more are made.
    cdef void sent(self) noexcept
    # Encrypts the notice that nothing more is sent.
    cdef void say_goodbye(self) noexcept
    # The peer has closed the connection.
    cdef void cut(self) noexcept
    # Why the connection has failed.
    cdef str reason(self)
    cdef size_t held(self) noexcept

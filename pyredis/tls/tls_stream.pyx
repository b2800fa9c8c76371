"""Encrypts and decrypts in memory: OpenSSL reads from the bytes that the event loop has read, and writes to a buffer.

So a batch of requests is read with one system call and its replies are sent with one, as without TLS. OpenSSL reads and
writes through a BIO of our own, which copies between OpenSSL's buffers and these two. OpenSSL always uses up the
ciphertext that it is given, so none is kept, except while the client is paused.

Memory per connection is OpenSSL's: its buffers for a record in each direction are freed while nothing is under way
(``SSL_MODE_RELEASE_BUFFERS``).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.limits cimport INT_MAX
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

from pyredis.shell.cipher cimport CIPHER_ENDED, CIPHER_FAILED, CIPHER_OPEN, CIPHER_SHAKING
from pyredis.tls.openssl cimport (
    BIO,
    BIO_CTRL_EOF,
    BIO_CTRL_FLUSH,
    BIO_FLAGS_READ,
    BIO_FLAGS_RWS,
    BIO_FLAGS_SHOULD_RETRY,
    BIO_METHOD,
    BIO_TYPE_SOURCE_SINK,
    SSL_ERROR_SSL,
    SSL_ERROR_WANT_READ,
    SSL_ERROR_ZERO_RETURN,
    SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
    SSL_VERIFY_NONE,
    SSL_VERIFY_PEER,
    BIO_clear_flags,
    BIO_get_data,
    BIO_get_new_index,
    BIO_meth_new,
    BIO_meth_set_ctrl,
    BIO_meth_set_read,
    BIO_meth_set_write,
    BIO_new,
    BIO_set_data,
    BIO_set_flags,
    BIO_set_init,
    ERR_clear_error,
    SSL_do_handshake,
    SSL_free,
    SSL_get_error,
    SSL_new,
    SSL_pending,
    SSL_read,
    SSL_set_accept_state,
    SSL_set_bio,
    SSL_set_session_id_context,
    SSL_set_verify,
    SSL_shutdown,
    SSL_write,
    load_openssl,
    next_error,
)
from pyredis.tls.tls_context cimport TlsContext

cdef enum:
    # Bytes of ciphertext in one read: four records.
    INPUT_SIZE = 65536 + 4096
    # Most plaintext in a record.
    RECORD = 16384
    LEAST_OUTPUT = 32768
    # A buffer for output larger than this shrinks when it is empty and little is needed.
    OUTPUT_KEEP = 1 << 20

# A client that authenticated in one way must not resume its session once another is required.
CONTEXTS = {"no": b"redis-no", "optional": b"redis-optional", "yes": b"redis-yes"}

cdef BIO_METHOD *_method = NULL


# ---- the BIO ----

cdef int wire_read(BIO *bio, char *data, int size) noexcept nogil:
    cdef Wire *wire = <Wire *> BIO_get_data(bio)
    cdef size_t taken = min(wire.size, <size_t> size)
    BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY)
    if taken == 0:
        if wire.over:
            return 0
        BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        return -1
    memcpy(data, wire.input, taken)
    wire.input += taken
    wire.size -= taken
    return <int> taken


cdef bint sealed_reserve(Sealed *sealed, size_t more) noexcept nogil:
    cdef size_t capacity = max(<size_t> LEAST_OUTPUT, sealed.capacity)
    cdef char *data
    if sealed.size == 0 and capacity > OUTPUT_KEEP:
        capacity = LEAST_OUTPUT
    while capacity < sealed.size + more:
        capacity *= 2
    if capacity == sealed.capacity:
        return True
    data = <char *> realloc(sealed.data, capacity)
    if data == NULL:
        return False
    sealed.data = data
    sealed.capacity = capacity
    return True


cdef int wire_write(BIO *bio, const char *data, int size) noexcept nogil:
    cdef Sealed *sealed = (<Wire *> BIO_get_data(bio)).output
    if not sealed_reserve(sealed, size):
        return -1
    memcpy(sealed.data + sealed.size, data, size)
    sealed.size += size
    return size


cdef long wire_control(BIO *bio, int command, long number, void *argument) noexcept nogil:
    if command == BIO_CTRL_EOF:
        return (<Wire *> BIO_get_data(bio)).over
    return command == BIO_CTRL_FLUSH


cdef int prepare_method() except -1:
    global _method
    load_openssl()
    if _method == NULL:
        _method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pyredis")
        if _method == NULL:
            raise MemoryError
        BIO_meth_set_read(_method, wire_read)
        BIO_meth_set_write(_method, wire_write)
        BIO_meth_set_ctrl(_method, wire_control)
    return 0


# ---- connections ----

cdef class TlsBuffers:
    """The buffers that the connections of one server share, because they are only used during a callback."""

    def __cinit__(self):
        self.input = <char *> malloc(INPUT_SIZE)
        self.record = <char *> malloc(RECORD)
        if self.input == NULL or self.record == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.input)
        free(self.record)
        free(self.sealed.data)


cdef class TlsStream(Cipher):
    """``TlsStream(context, buffers, clients)``; ``clients`` is the value of ``tls-auth-clients``."""

    def __cinit__(self, TlsContext context, TlsBuffers buffers, clients):
        cdef BIO *bio
        cdef bytes identity = CONTEXTS[clients]
        prepare_method()
        self.buffers = buffers
        self.sealed = &buffers.sealed
        self.wire.output = &buffers.sealed
        self.ssl = SSL_new(context.context)
        bio = BIO_new(_method)
        if self.ssl == NULL or bio == NULL:
            raise MemoryError
        BIO_set_data(bio, &self.wire)
        BIO_set_init(bio, 1)
        SSL_set_bio(self.ssl, bio, bio)
        SSL_set_accept_state(self.ssl)
        SSL_set_session_id_context(self.ssl, <const unsigned char *> PyBytes_AS_STRING(identity), len(identity))
        SSL_set_verify(self.ssl, {
            "no": SSL_VERIFY_NONE,
            "optional": SSL_VERIFY_PEER,
            "yes": SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
        }[clients], NULL)

    def __dealloc__(self):
        if self.ssl != NULL:
            SSL_free(self.ssl)

    cdef char *buffer(self, size_t *size) noexcept:
        size[0] = INPUT_SIZE
        return self.buffers.input

    cdef int feed(self, const char *data, size_t size) except -1:
        if self.wire.size == 0:
            self.wire.input = data
            self.wire.size = size
            return 0
        self.kept = self.wire.input[:self.wire.size] + data[:size]
        self.wire.input = PyBytes_AS_STRING(self.kept)
        self.wire.size = PyBytes_GET_SIZE(self.kept)
        return 0

    cdef int keep(self) except -1:
        self.kept = self.wire.input[:self.wire.size] if self.wire.size else None
        self.wire.input = PyBytes_AS_STRING(self.kept) if self.kept is not None else NULL
        return 0

    cdef bint has_more(self) noexcept:
        return self.state < CIPHER_ENDED and (self.wire.size > 0 or SSL_pending(self.ssl) > 0)

    cdef size_t held(self) noexcept:
        return PyBytes_GET_SIZE(self.kept) if self.kept is not None else 0

    cdef void shake(self) noexcept:
        cdef int result
        ERR_clear_error()
        self.state = CIPHER_SHAKING
        result = SSL_do_handshake(self.ssl)
        if result == 1:
            self.state = CIPHER_OPEN
        else:
            self.fail(result)

    cdef size_t read(self, char *data, size_t size) noexcept:
        cdef size_t filled = 0
        cdef int result
        ERR_clear_error()
        while filled < size:
            result = SSL_read(self.ssl, data + filled, <int> min(size - filled, <size_t> INT_MAX))
            if result <= 0:
                self.fail(result)
                break
            filled += result
            if self.wire.size == 0 and SSL_pending(self.ssl) == 0:
                break
        return filled

    cdef bint write(self, const char *data, size_t size) noexcept:
        cdef size_t done = 0
        cdef int result
        if self.state != CIPHER_OPEN and self.state != CIPHER_ENDED:
            return False
        ERR_clear_error()
        while done < size:
            result = SSL_write(self.ssl, data + done, <int> min(size - done, <size_t> INT_MAX))
            if result <= 0:
                return self.fail(result)
            done += result
        return True

    cdef void add(self, const char *data, size_t size) noexcept:
        cdef TlsBuffers buffers = self.buffers
        cdef size_t taken
        while size:
            if buffers.filled == 0 and size >= RECORD:
                taken = size - size % RECORD
                self.write(data, taken)
            else:
                taken = min(size, RECORD - buffers.filled)
                memcpy(buffers.record + buffers.filled, data, taken)
                buffers.filled += taken
                if buffers.filled == RECORD:
                    self.end()
            data += taken
            size -= taken

    cdef bint end(self) noexcept:
        cdef size_t filled = self.buffers.filled
        self.buffers.filled = 0
        if filled:
            self.write(self.buffers.record, filled)
        return self.state != CIPHER_FAILED

    cdef void sent(self) noexcept:
        self.sealed.size = 0

    cdef void say_goodbye(self) noexcept:
        if self.state == CIPHER_OPEN or self.state == CIPHER_ENDED:
            ERR_clear_error()
            SSL_shutdown(self.ssl)
            ERR_clear_error()
            self.state = CIPHER_FAILED

    cdef void cut(self) noexcept:
        self.wire.over = True

    cdef bint fail(self, int result) noexcept:
        """Notes why nothing could be read or written, unless it is only that more ciphertext is needed."""
        cdef int error = SSL_get_error(self.ssl, result)
        if error == SSL_ERROR_WANT_READ:
            return True
        if error == SSL_ERROR_ZERO_RETURN and self.state == CIPHER_OPEN:
            self.state = CIPHER_ENDED
            return False
        self.state = CIPHER_FAILED
        try:
            self.note_failure(error)
        except Exception:
            self.failure = ""
        return False

    cdef int note_failure(self, int error) except -1:
        self.failure = next_error() if error == SSL_ERROR_SSL else ""
        ERR_clear_error()
        return 0

    cdef str reason(self):
        return self.failure or "Connection reset by peer"

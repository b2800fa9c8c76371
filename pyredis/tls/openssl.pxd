"""The C API of OpenSSL 1.1.1 and 3, resolved at run time from the library that Python's own ``_ssl`` is linked with.

``load_openssl`` opens the library before anything else here is called. The names and contracts are those of OpenSSL's
manual pages. Each name is a variable that holds the function's address, and is called like a function. What the manual
calls a macro is a call of ``SSL_CTX_ctrl`` with one of the numbers below, which are part of OpenSSL's binary interface.

Errors are in a queue of the thread, which other users of OpenSSL in the process share. So whoever needs the queue
clears it before the call that may fail, and after it.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

cdef extern from *:
    """
    typedef struct ssl_st SSL;
    typedef struct ssl_ctx_st SSL_CTX;
    typedef struct ssl_method_st SSL_METHOD;
    typedef struct bio_st BIO;
    typedef struct bio_method_st BIO_METHOD;
    typedef struct dh_st DH;
    """
    ctypedef struct SSL
    ctypedef struct SSL_CTX
    ctypedef struct SSL_METHOD
    ctypedef struct BIO
    ctypedef struct BIO_METHOD
    ctypedef struct DH

# What SSL_get_error returns.
cdef enum:
    SSL_ERROR_NONE = 0
    SSL_ERROR_SSL = 1
    SSL_ERROR_WANT_READ = 2
    SSL_ERROR_WANT_WRITE = 3
    SSL_ERROR_SYSCALL = 5
    SSL_ERROR_ZERO_RETURN = 6

cdef enum:
    SSL_FILETYPE_PEM = 1
    SSL_VERIFY_NONE = 0
    SSL_VERIFY_PEER = 1
    SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2
    SSL_SESS_CACHE_OFF = 0
    SSL_SESS_CACHE_SERVER = 2
    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 2
    SSL_MODE_RELEASE_BUFFERS = 16

# For SSL_CTX_ctrl.
cdef enum:
    SSL_CTRL_SET_TMP_DH = 3
    SSL_CTRL_MODE = 33
    SSL_CTRL_SET_SESS_CACHE_SIZE = 42
    SSL_CTRL_SET_SESS_CACHE_MODE = 44
    SSL_CTRL_SET_DH_AUTO = 118

# For SSL_CTX_set_options.
cdef enum:
    SSL_OP_NO_COMPRESSION = 1 << 17
    SSL_OP_CIPHER_SERVER_PREFERENCE = 1 << 22
    SSL_OP_NO_SSLv3 = 1 << 25
    SSL_OP_NO_TLSv1 = 1 << 26
    SSL_OP_NO_TLSv1_2 = 1 << 27
    SSL_OP_NO_TLSv1_1 = 1 << 28
    SSL_OP_NO_TLSv1_3 = 1 << 29
    SSL_OP_NO_RENEGOTIATION = 1 << 30

# What a BIO is asked by its function for control, and its flags.
cdef enum:
    BIO_CTRL_EOF = 2
    BIO_CTRL_FLUSH = 11
    BIO_FLAGS_READ = 1
    BIO_FLAGS_RWS = 7
    BIO_FLAGS_SHOULD_RETRY = 8
    BIO_TYPE_SOURCE_SINK = 0x400

ctypedef int (*PasswordCallback)(char *buffer, int size, int writing, void *data) noexcept nogil
ctypedef int (*BioRead)(BIO *bio, char *data, int size) noexcept nogil
ctypedef int (*BioWrite)(BIO *bio, const char *data, int size) noexcept nogil
ctypedef long (*BioControl)(BIO *bio, int command, long number, void *argument) noexcept nogil

cdef const SSL_METHOD *(*TLS_server_method)() noexcept nogil
cdef SSL_CTX *(*SSL_CTX_new)(const SSL_METHOD *method) noexcept nogil
cdef void (*SSL_CTX_free)(SSL_CTX *context) noexcept nogil
cdef long (*SSL_CTX_ctrl)(SSL_CTX *context, int command, long number, void *argument) noexcept nogil
cdef uint64_t (*SSL_CTX_set_options)(SSL_CTX *context, uint64_t options) noexcept nogil
cdef long (*SSL_CTX_set_timeout)(SSL_CTX *context, long seconds) noexcept nogil
cdef int (*SSL_CTX_set_cipher_list)(SSL_CTX *context, const char *names) noexcept nogil
cdef int (*SSL_CTX_set_ciphersuites)(SSL_CTX *context, const char *names) noexcept nogil
cdef int (*SSL_CTX_use_certificate_chain_file)(SSL_CTX *context, const char *path) noexcept nogil
cdef int (*SSL_CTX_use_PrivateKey_file)(SSL_CTX *context, const char *path, int format) noexcept nogil
cdef int (*SSL_CTX_load_verify_locations)(SSL_CTX *context, const char *file, const char *folder) noexcept nogil
cdef void (*SSL_CTX_set_default_passwd_cb)(SSL_CTX *context, PasswordCallback callback) noexcept nogil
cdef void (*SSL_CTX_set_default_passwd_cb_userdata)(SSL_CTX *context, void *data) noexcept nogil

cdef SSL *(*SSL_new)(SSL_CTX *context) noexcept nogil
cdef void (*SSL_free)(SSL *ssl) noexcept nogil
cdef void (*SSL_set_bio)(SSL *ssl, BIO *reading, BIO *writing) noexcept nogil
cdef void (*SSL_set_accept_state)(SSL *ssl) noexcept nogil
cdef void (*SSL_set_verify)(SSL *ssl, int mode, void *callback) noexcept nogil
cdef int (*SSL_set_session_id_context)(SSL *ssl, const unsigned char *context, unsigned size) noexcept nogil
cdef int (*SSL_do_handshake)(SSL *ssl) noexcept nogil
cdef int (*SSL_read)(SSL *ssl, void *data, int size) noexcept nogil
cdef int (*SSL_write)(SSL *ssl, const void *data, int size) noexcept nogil
cdef int (*SSL_pending)(const SSL *ssl) noexcept nogil
cdef int (*SSL_shutdown)(SSL *ssl) noexcept nogil
cdef int (*SSL_get_error)(const SSL *ssl, int result) noexcept nogil

cdef int (*BIO_get_new_index)() noexcept nogil
cdef BIO_METHOD *(*BIO_meth_new)(int type, const char *name) noexcept nogil
cdef int (*BIO_meth_set_read)(BIO_METHOD *method, BioRead function) noexcept nogil
cdef int (*BIO_meth_set_write)(BIO_METHOD *method, BioWrite function) noexcept nogil
cdef int (*BIO_meth_set_ctrl)(BIO_METHOD *method, BioControl function) noexcept nogil
cdef BIO *(*BIO_new)(const BIO_METHOD *method) noexcept nogil
cdef BIO *(*BIO_new_file)(const char *path, const char *mode) noexcept nogil
cdef int (*BIO_free)(BIO *bio) noexcept nogil
cdef void (*BIO_set_data)(BIO *bio, void *data) noexcept nogil
cdef void *(*BIO_get_data)(BIO *bio) noexcept nogil
cdef void (*BIO_set_init)(BIO *bio, int ready) noexcept nogil
cdef void (*BIO_set_flags)(BIO *bio, int flags) noexcept nogil
cdef void (*BIO_clear_flags)(BIO *bio, int flags) noexcept nogil

cdef DH *(*PEM_read_bio_DHparams)(BIO *bio, void *place, void *callback, void *data) noexcept nogil
cdef void (*DH_free)(DH *parameters) noexcept nogil

cdef unsigned long (*ERR_get_error)() noexcept nogil
cdef void (*ERR_clear_error)() noexcept nogil
cdef void (*ERR_error_string_n)(unsigned long error, char *text, size_t size) noexcept nogil

# Raises OpenSSLUnavailable.
cdef int load_openssl() except -1
# Removes the oldest error of the queue, and returns its text; the empty string if there is none.
cdef str next_error()

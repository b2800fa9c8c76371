"""Makes OpenSSL's context from settings. A context is never changed: other settings make another one.

Connections keep the context that they began with, so a new certificate disconnects nobody. With a new context, sessions
of the old one are not resumed, because the keys of the tickets are the context's.
"""

import os

from libc.string cimport memcpy, strlen

from pyredis.tls.openssl cimport (
    BIO,
    DH,
    SSL_CTRL_MODE,
    SSL_CTRL_SET_DH_AUTO,
    SSL_CTRL_SET_SESS_CACHE_MODE,
    SSL_CTRL_SET_SESS_CACHE_SIZE,
    SSL_CTRL_SET_TMP_DH,
    SSL_FILETYPE_PEM,
    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
    SSL_MODE_RELEASE_BUFFERS,
    SSL_OP_CIPHER_SERVER_PREFERENCE,
    SSL_OP_NO_COMPRESSION,
    SSL_OP_NO_RENEGOTIATION,
    SSL_SESS_CACHE_OFF,
    SSL_SESS_CACHE_SERVER,
    BIO_free,
    BIO_new_file,
    DH_free,
    ERR_clear_error,
    PEM_read_bio_DHparams,
    SSL_CTX_ctrl,
    SSL_CTX_free,
    SSL_CTX_load_verify_locations,
    SSL_CTX_new,
    SSL_CTX_set_cipher_list,
    SSL_CTX_set_ciphersuites,
    SSL_CTX_set_default_passwd_cb,
    SSL_CTX_set_default_passwd_cb_userdata,
    SSL_CTX_set_options,
    SSL_CTX_set_timeout,
    SSL_CTX_use_PrivateKey_file,
    SSL_CTX_use_certificate_chain_file,
    SSL_OP_NO_SSLv3,
    SSL_OP_NO_TLSv1,
    SSL_OP_NO_TLSv1_1,
    SSL_OP_NO_TLSv1_2,
    SSL_OP_NO_TLSv1_3,
    TLS_server_method,
    load_openssl,
    next_error,
)


class TlsError(Exception):
    """The settings cannot be used; ``str`` is the line for the log."""


PROTOCOLS = {
    "TLSv1": SSL_OP_NO_TLSv1,
    "TLSv1.1": SSL_OP_NO_TLSv1_1,
    "TLSv1.2": SSL_OP_NO_TLSv1_2,
    "TLSv1.3": SSL_OP_NO_TLSv1_3,
}


cdef int give_passphrase(char *buffer, int size, int writing, void *data) noexcept nogil:
    """Returns the passphrase's length, or -1 if there is none: OpenSSL would ask for it at the terminal."""
    cdef size_t length
    if data == NULL:
        return -1
    length = strlen(<const char *> data)
    if length > <size_t> size:
        return -1
    memcpy(buffer, data, length)
    return <int> length


cdef class TlsContext:
    """``TlsContext(settings)``: a `TlsSettings`. Raises TlsError and OpenSSLUnavailable."""

    def __cinit__(self, settings):
        load_openssl()
        ERR_clear_error()
        self.context = SSL_CTX_new(TLS_server_method())
        if self.context == NULL:
            raise TlsError(f"Failed to create a TLS context: {next_error()}")
        try:
            self.set_up(settings)
        finally:
            ERR_clear_error()

    def __dealloc__(self):
        if self.context != NULL:
            SSL_CTX_free(self.context)

    def set_up(self, settings):
        cdef bytes cert = os.fsencode(settings.cert_file)
        SSL_CTX_set_options(self.context, SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION)
        SSL_CTX_ctrl(self.context, SSL_CTRL_MODE, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS, NULL)
        self.set_protocols(settings.protocols)
        if settings.prefer_server_ciphers:
            SSL_CTX_set_options(self.context, SSL_OP_CIPHER_SERVER_PREFERENCE)
        if SSL_CTX_use_certificate_chain_file(self.context, cert) <= 0:
            raise TlsError(f"Failed to load certificate: {settings.cert_file}: {next_error()}")
        self.load_key(os.fsencode(settings.key_file), settings.key_file_pass)
        self.load_authorities(settings)
        self.set_ciphers(settings)
        self.set_sessions(settings)
        if settings.dh_params_file:
            self.set_dh_parameters(os.fsencode(settings.dh_params_file))
        else:
            SSL_CTX_ctrl(self.context, SSL_CTRL_SET_DH_AUTO, 1, NULL)

    cdef int set_protocols(self, protocols) except -1:
        for name, option in PROTOCOLS.items():
            if name not in protocols:
                SSL_CTX_set_options(self.context, option)
        return 0

    cdef int load_key(self, bytes path, bytes passphrase) except -1:
        cdef char *secret = NULL
        if passphrase is not None:
            secret = passphrase
        SSL_CTX_set_default_passwd_cb(self.context, give_passphrase)
        SSL_CTX_set_default_passwd_cb_userdata(self.context, secret)
        loaded = SSL_CTX_use_PrivateKey_file(self.context, path, SSL_FILETYPE_PEM)
        SSL_CTX_set_default_passwd_cb_userdata(self.context, NULL)
        if loaded <= 0:
            raise TlsError(f"Failed to load private key: {os.fsdecode(path)}: {next_error()}")
        return 0

    def load_authorities(self, settings):
        cdef bytes file = os.fsencode(settings.ca_cert_file)
        cdef bytes folder = os.fsencode(settings.ca_cert_dir)
        cdef char *file_path = NULL
        cdef char *folder_path = NULL
        if file:
            file_path = file
        if folder:
            folder_path = folder
        if not file and not folder:
            return
        if SSL_CTX_load_verify_locations(self.context, file_path, folder_path) <= 0:
            raise TlsError(f"Failed to configure CA certificate(s) file/directory: {next_error()}")

    def set_ciphers(self, settings):
        cdef bytes ciphers = os.fsencode(settings.ciphers)
        cdef bytes suites = os.fsencode(settings.ciphersuites)
        if ciphers and not SSL_CTX_set_cipher_list(self.context, ciphers):
            raise TlsError(f"Failed to configure ciphers: {settings.ciphers}")
        if suites and not SSL_CTX_set_ciphersuites(self.context, suites):
            raise TlsError(f"Failed to configure ciphersuites: {settings.ciphersuites}")

    cdef int set_sessions(self, sessions) except -1:
        if not sessions.session_caching:
            SSL_CTX_ctrl(self.context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL)
            return 0
        SSL_CTX_ctrl(self.context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_SERVER, NULL)
        SSL_CTX_ctrl(self.context, SSL_CTRL_SET_SESS_CACHE_SIZE, sessions.session_cache_size, NULL)
        SSL_CTX_set_timeout(self.context, sessions.session_cache_timeout)
        return 0

    cdef int set_dh_parameters(self, bytes path) except -1:
        cdef BIO *file = BIO_new_file(path, "r")
        cdef DH *parameters
        cdef bint accepted
        name = os.fsdecode(path)
        if file == NULL:
            raise TlsError(f"Failed to load {name}: {next_error()}")
        parameters = PEM_read_bio_DHparams(file, NULL, NULL, NULL)
        BIO_free(file)
        if parameters == NULL:
            raise TlsError(f"{name}: failed to read DH params.")
        accepted = SSL_CTX_ctrl(self.context, SSL_CTRL_SET_TMP_DH, 0, parameters) > 0
        DH_free(parameters)
        if not accepted:
            raise TlsError(f"{name}: failed to read DH params.")
        return 0

"""Opens OpenSSL and resolves the names.

Python's module ``_ssl`` is linked with OpenSSL, so a lookup in its file finds OpenSSL's functions too. The file is
opened and not imported: no module is initialized. If Python has no such file, because ``_ssl`` is built into the
interpreter, or if it hides a name, the system's own library takes its place. ``PYREDIS_OPENSSL`` in the environment
names the only library to try.

Python's ``ssl`` itself would not be enough: it sets neither the cipher suites of TLS 1.3 nor the cache of sessions, and
creates several objects for each read.
"""

import os
import sys
from importlib.machinery import PathFinder

from pyredis.ground.shared_library cimport Symbol, library_bind, library_missing, library_open

cdef enum:
    SYMBOLS = 43
    ERROR_TEXT = 256

cdef bint _loaded = False
cdef Symbol _symbols[SYMBOLS]
_symbols[0] = Symbol("TLS_server_method", <void **> &TLS_server_method)
_symbols[1] = Symbol("SSL_CTX_new", <void **> &SSL_CTX_new)
_symbols[2] = Symbol("SSL_CTX_free", <void **> &SSL_CTX_free)
_symbols[3] = Symbol("SSL_CTX_ctrl", <void **> &SSL_CTX_ctrl)
_symbols[4] = Symbol("SSL_CTX_set_options", <void **> &SSL_CTX_set_options)
_symbols[5] = Symbol("SSL_CTX_set_timeout", <void **> &SSL_CTX_set_timeout)
_symbols[6] = Symbol("SSL_CTX_set_cipher_list", <void **> &SSL_CTX_set_cipher_list)
_symbols[7] = Symbol("SSL_CTX_set_ciphersuites", <void **> &SSL_CTX_set_ciphersuites)
_symbols[8] = Symbol("SSL_CTX_use_certificate_chain_file", <void **> &SSL_CTX_use_certificate_chain_file)
_symbols[9] = Symbol("SSL_CTX_use_PrivateKey_file", <void **> &SSL_CTX_use_PrivateKey_file)
_symbols[10] = Symbol("SSL_CTX_load_verify_locations", <void **> &SSL_CTX_load_verify_locations)
_symbols[11] = Symbol("SSL_CTX_set_default_passwd_cb", <void **> &SSL_CTX_set_default_passwd_cb)
_symbols[12] = Symbol("SSL_CTX_set_default_passwd_cb_userdata", <void **> &SSL_CTX_set_default_passwd_cb_userdata)
_symbols[13] = Symbol("SSL_new", <void **> &SSL_new)
_symbols[14] = Symbol("SSL_free", <void **> &SSL_free)
_symbols[15] = Symbol("SSL_set_bio", <void **> &SSL_set_bio)
_symbols[16] = Symbol("SSL_set_accept_state", <void **> &SSL_set_accept_state)
_symbols[17] = Symbol("SSL_set_verify", <void **> &SSL_set_verify)
_symbols[18] = Symbol("SSL_set_session_id_context", <void **> &SSL_set_session_id_context)
_symbols[19] = Symbol("SSL_do_handshake", <void **> &SSL_do_handshake)
_symbols[20] = Symbol("SSL_read", <void **> &SSL_read)
_symbols[21] = Symbol("SSL_write", <void **> &SSL_write)
_symbols[22] = Symbol("SSL_pending", <void **> &SSL_pending)
_symbols[23] = Symbol("SSL_shutdown", <void **> &SSL_shutdown)
_symbols[24] = Symbol("SSL_get_error", <void **> &SSL_get_error)
_symbols[25] = Symbol("BIO_get_new_index", <void **> &BIO_get_new_index)
_symbols[26] = Symbol("BIO_meth_new", <void **> &BIO_meth_new)
_symbols[27] = Symbol("BIO_meth_set_read", <void **> &BIO_meth_set_read)
_symbols[28] = Symbol("BIO_meth_set_write", <void **> &BIO_meth_set_write)
_symbols[29] = Symbol("BIO_meth_set_ctrl", <void **> &BIO_meth_set_ctrl)
_symbols[30] = Symbol("BIO_new", <void **> &BIO_new)
_symbols[31] = Symbol("BIO_new_file", <void **> &BIO_new_file)
_symbols[32] = Symbol("BIO_free", <void **> &BIO_free)
_symbols[33] = Symbol("BIO_set_data", <void **> &BIO_set_data)
_symbols[34] = Symbol("BIO_get_data", <void **> &BIO_get_data)
_symbols[35] = Symbol("BIO_set_init", <void **> &BIO_set_init)
_symbols[36] = Symbol("BIO_set_flags", <void **> &BIO_set_flags)
_symbols[37] = Symbol("BIO_clear_flags", <void **> &BIO_clear_flags)
_symbols[38] = Symbol("PEM_read_bio_DHparams", <void **> &PEM_read_bio_DHparams)
_symbols[39] = Symbol("DH_free", <void **> &DH_free)
_symbols[40] = Symbol("ERR_get_error", <void **> &ERR_get_error)
_symbols[41] = Symbol("ERR_clear_error", <void **> &ERR_clear_error)
_symbols[42] = Symbol("ERR_error_string_n", <void **> &ERR_error_string_n)

SYSTEM = ("libssl.so.3", "libssl.so.1.1")
if sys.platform == "darwin":
    SYSTEM = ("libssl.3.dylib", "libssl.dylib", "/opt/homebrew/opt/openssl@3/lib/libssl.3.dylib")
ADVICE = "TLS needs the library libssl of OpenSSL 1.1.1 or later"


class OpenSSLUnavailable(RuntimeError):
    """Neither Python nor the system has an OpenSSL with all required functions."""


def find_library():
    """Returns the path of Python's extension file that is linked with OpenSSL, or None."""
    module = PathFinder.find_spec("_ssl")
    return module.origin if module is not None else None


cdef void *open_library(str path) except NULL:
    try:
        return library_open(path)
    except OSError as error:
        raise OpenSSLUnavailable(f"{ADVICE}: {error}") from None


def missing_symbols(str path):
    """Returns the names of the required functions that a library does not have."""
    return library_missing(open_library(path), _symbols, SYMBOLS)


cdef void *checked(str path) except NULL:
    cdef void *library = open_library(path)
    missing = library_missing(library, _symbols, SYMBOLS)
    if missing:
        raise OpenSSLUnavailable(f"{ADVICE}: {path} hides {', '.join(missing)}")
    return library


cdef void *any_library() except NULL:
    """Opens the library that ``PYREDIS_OPENSSL`` names, otherwise Python's, otherwise the system's."""
    chosen = os.environ.get("PYREDIS_OPENSSL")
    if chosen:
        return checked(chosen)
    reason = OpenSSLUnavailable(ADVICE)
    for path in (find_library(), *SYSTEM):
        if path is None:
            continue
        try:
            return checked(path)
        except OpenSSLUnavailable as error:
            reason = error
    raise reason


cdef int load_openssl() except -1:
    global _loaded
    if _loaded:
        return 0
    library_bind(any_library(), _symbols, SYMBOLS)
    _loaded = True
    return 0


cdef str next_error():
    cdef char text[ERROR_TEXT]
    cdef unsigned long error = ERR_get_error()
    if error == 0:
        return ""
    ERR_error_string_n(error, text, sizeof(text))
    return text.decode("utf-8", "replace")

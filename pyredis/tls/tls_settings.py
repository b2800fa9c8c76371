"""The settings from which a context of TLS is made (``tls/tls_context``)."""

from typing import NamedTuple


class TlsSettings(NamedTuple):
    """File names are absolute paths; an empty text stands for none. Times are seconds."""

    cert_file: str
    key_file: str
    key_file_pass: bytes | None
    ca_cert_file: str
    ca_cert_dir: str
    dh_params_file: str
    protocols: frozenset[str]
    ciphers: str
    ciphersuites: str
    prefer_server_ciphers: bool
    session_caching: bool
    session_cache_size: int
    session_cache_timeout: int

"""What the TLS connections of a server share."""

from pyredis.tls.tls_settings import TlsSettings

PROTOCOLS: dict[str, int]

class TlsError(Exception):
    """The settings cannot be used; ``str`` is the line for the log."""

class TlsContext:
    """OpenSSL's context. Raises TlsError and OpenSSLUnavailable."""

    def __init__(self, settings: TlsSettings) -> None: ...
    def set_up(self, settings: TlsSettings) -> None: ...
    def load_authorities(self, settings: TlsSettings) -> None: ...
    def set_ciphers(self, settings: TlsSettings) -> None: ...

"""The encryption of one connection by OpenSSL."""

from pyredis.shell.cipher import Cipher
from pyredis.tls.tls_context import TlsContext

CONTEXTS: dict[str, bytes]

class TlsBuffers:
    """The buffers that the connections of one server share, because they are only used during a callback."""

class TlsStream(Cipher):
    """``clients`` is the value of ``tls-auth-clients``."""

    def __init__(self, context: TlsContext, buffers: TlsBuffers, clients: str) -> None: ...

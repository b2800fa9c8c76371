"""A client as CLIENT LIST shows it."""

import asyncio
from typing import Any, Final

from pyredis.shell.roster import Listed

class ClientView(Listed):
    """A client with a socket. Times are milliseconds since 1970, sizes bytes."""

    transport: Final[asyncio.Transport]

    @property
    def address(self) -> str: ...
    @property
    def local_address(self) -> str: ...
    @property
    def query_buffer(self) -> int: ...
    @property
    def query_free(self) -> int: ...
    @property
    def input_memory(self) -> int: ...
    @property
    def output_memory(self) -> int: ...
    @property
    def total_memory(self) -> int: ...
    @property
    def is_encrypted(self) -> bool: ...
    @property
    def is_shaking_hands(self) -> bool:
        """Whether the handshake of a connection over TLS is not complete."""
    @property
    def ending(self) -> bool: ...
    def ask_address(self, which: str) -> str: ...

def address_text(address: Any) -> str:
    """Formats an address as ``host:port``, with an IPv6 host in brackets."""

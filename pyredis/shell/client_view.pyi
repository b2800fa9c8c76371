"""A client as CLIENT LIST shows it."""

import asyncio
from typing import Any, Final

from pyredis.shell.roster import Listed

class ClientView(Listed):
    """A client as others see it. Times are milliseconds since 1970, sizes bytes."""

    transport: Final[asyncio.Transport]
    name: bytes
    lib_name: bytes
    lib_ver: bytes
    address: Final[str]
    local_address: Final[str]
    protocol: int
    authenticated: bool
    no_evict: bool
    no_touch: bool
    reply_mode: str

    def require_password(self, required: bool) -> None: ...
    def ask_address(self, which: str) -> str: ...
    def discard_transaction(self) -> None: ...
    def set_flag(self, flag: int, on: bool) -> None: ...
    @property
    def id(self) -> int: ...
    @property
    def db(self) -> int: ...
    @property
    def user(self) -> str: ...
    @property
    def is_unix(self) -> bool: ...
    @property
    def flags_text(self) -> str: ...
    @property
    def output_class(self) -> str:
        """The class whose ``client-output-buffer-limit`` holds: ``normal``, ``replica`` or ``pubsub``."""
    @property
    def blocked(self) -> bool:
        """Whether a command of it waits."""
    @property
    def created_ms(self) -> int: ...
    @property
    def active_ms(self) -> int: ...
    @property
    def queued(self) -> int:
        """Commands queued since MULTI, -1 outside of one."""
    @property
    def watching(self) -> int: ...
    @property
    def multi_memory(self) -> int: ...
    @property
    def argument_memory(self) -> int:
        """Bytes kept for a command that waits."""
    @property
    def query_buffer(self) -> int: ...
    @property
    def input_memory(self) -> int: ...
    @property
    def query_free(self) -> int: ...
    @property
    def output_memory(self) -> int: ...
    @property
    def total_memory(self) -> int: ...
    @property
    def bytes_in(self) -> int: ...
    @property
    def bytes_out(self) -> int: ...
    @property
    def commands(self) -> int: ...
    @property
    def last_command(self) -> str | None: ...

def address_text(address: Any) -> str:
    """``host:port``, an IPv6 host in brackets."""

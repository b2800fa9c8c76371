"""The shell: one ``Connection`` for each client, one ``Hub`` for what they share."""

import asyncio
from typing import Any, Final

from pyredis._core import Core
from pyredis.shell.outgoing import PagePipe
from pyredis.shell.roster import ClientList, Listed

class Hub:
    """What the connections of one server share. Counters are of bytes or of connections.

    ``host`` decides about new connections: ``accept(connection)`` returns None, or the bytes of a refusal.
    """

    core: Final[Core]
    host: Final[Any]
    loop: Final[asyncio.AbstractEventLoop]
    clients: Final[ClientList]
    pages: Final[PagePipe]
    query_buffer_limit: int
    bytes_in: int
    bytes_out: int
    connections: int
    reads: Final[int]
    writes: Final[int]
    query_limit_closed: Final[int]

    def __init__(self, core: Core, host: Any, loop: asyncio.AbstractEventLoop) -> None: ...
    def factory(self) -> BufferedConnection: ...
    def flush(self) -> None:
        """Drains the ring, then sends what the connections are owed."""
    def drain(self) -> None:
        """Hands the ring to the file, and tells the host when that begins or ceases to fail."""
    def release(self) -> None:
        """Sends the waiting replies that the file has caught up with."""
    def deliver_soon(self) -> None:
        """Delivers the outbox at the end of the iteration. To be called after whatever may send something."""
    def relieve(self) -> None:
        """Looks after the connections that are held back. To be called now and then."""
    def client_totals(self) -> tuple[int, int, int, int, int, int]:
        """Bytes of all clients, those of the allocator among them, the largest input and output buffers in bytes, and
        how many clients wait, and watch keys.
        """
    def reset_counters(self) -> None: ...

class Connection(Listed):
    """One client. The attributes are what CLIENT LIST tells; times are milliseconds since 1970, sizes bytes."""

    hub: Final[Hub]
    transport: Final[asyncio.Transport]
    fd: Final[int]
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

    def __init__(self, hub: Hub) -> None: ...
    def require_password(self, required: bool) -> None: ...
    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def adopt_socket(self, transport: asyncio.BaseTransport) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def eof_received(self) -> bool: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def get_buffer(self, sizehint: int) -> Any: ...
    def buffer_updated(self, size: int) -> None: ...
    def go_on_sending(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume(self) -> None: ...
    def refuse_request(self) -> None: ...
    def close(self, after_reply: bool = False) -> None:
        """Ends the connection: at once, or behind the replies made so far."""
    def block(self) -> None:
        """Executes nothing more of this connection until ``unblock``; what it sends is kept."""
    def unblock(self, reply: bytes) -> None:
        """Answers the command that blocked, and goes on."""
    def end_wait(self, error: bool = False) -> bool:
        """Ends the wait for keys, as its timeout does or with an error; false where the client does not wait."""
    def set_alarm(self) -> None: ...
    def ring(self) -> None: ...
    def ask_address(self, which: str) -> str: ...
    def discard_transaction(self) -> None: ...
    def reset(self) -> None: ...
    def set_flag(self, flag: int, on: bool) -> None: ...
    @property
    def core(self) -> Core: ...
    @property
    def host(self) -> Any: ...
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

class BufferedConnection(Connection, asyncio.BufferedProtocol):
    """A ``Connection`` that asyncio's own loops take for a buffered protocol too."""

def address_text(address: Any) -> str:
    """``host:port``, an IPv6 host in brackets."""

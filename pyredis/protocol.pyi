"""The shell: one ``Connection`` for each client, one ``Hub`` for what they share."""

import asyncio
from typing import Any, Final

from pyredis._core import Core
from pyredis.shell.client_view import ClientView
from pyredis.shell.outgoing import PagePipe
from pyredis.shell.roster import ClientList

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
    def follow_call(self) -> None:
        """After a command called in process: answers the clients it has served, and has the file take what changed."""
    def relieve(self) -> None:
        """Looks after the connections that are held back. To be called now and then."""
    def client_totals(self) -> tuple[int, int, int, int, int, int]:
        """Bytes of all clients, those of the allocator among them, the largest input and output buffers in bytes, and
        how many clients wait, and watch keys.
        """
    def reset_counters(self) -> None: ...

class Connection(ClientView):
    """One client: its bytes in, its bytes out, its waiting."""

    hub: Final[Hub]
    @property
    def fd(self) -> int: ...
    def __init__(self, hub: Hub) -> None: ...
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
    def push(self, data: bytes) -> None:
        """Sends a push message, whatever CLIENT REPLY says, after the replies made so far."""
    def end_wait(self, error: bool = False) -> bool:
        """Ends the wait for keys, as its timeout does or with an error; false where the client does not wait."""
    def set_alarm(self) -> None: ...
    def ring(self) -> None: ...
    def reset(self) -> None: ...
    @property
    def core(self) -> Core: ...
    @property
    def host(self) -> Any: ...

class BufferedConnection(Connection, asyncio.BufferedProtocol):
    """A ``Connection`` that asyncio's own loops take for a buffered protocol too."""

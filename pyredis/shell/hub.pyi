"""What the connections of one server share, and the delivery of everything they are sent."""

import asyncio
from typing import Any, Final

from pyredis._core import Core
from pyredis.ground.exclusion import Exclusion
from pyredis.shell.client_view import ClientView
from pyredis.shell.outgoing import PagePipe
from pyredis.shell.roster import ClientList

class Receiver(ClientView):
    """A client that the hub delivers to."""

class Hub:
    """What the connections of one server share.

    ``bytes_in`` and ``bytes_out`` are in bytes. The other counters count accepted connections, reads, replies or
    messages sent, and connections closed because of too much input.

    ``host`` decides about new connections: ``accept(connection)`` returns None, or the bytes of a refusal. It is
    notified by ``on_client_evicted(connection)`` and ``on_no_evictable_client()``.
    """

    core: Final[Core]
    host: Final[Any]
    loop: Final[asyncio.AbstractEventLoop]
    timers: Any
    """Has ``time`` and ``call_at`` for the timeouts of waiting clients: the loop, or what takes its place."""
    exclusion: Final[Exclusion | None]
    """Of a server that several threads call."""
    clients: Final[ClientList]
    pages: Final[PagePipe]
    query_buffer_limit: int
    client_limit: Final[int]
    evicted_clients: Final[int]
    bytes_in: int
    bytes_out: int
    connections: int
    reads: Final[int]
    writes: Final[int]
    query_limit_closed: Final[int]

    def __init__(
        self, core: Core, host: Any, loop: asyncio.AbstractEventLoop, exclusion: Exclusion | None = None
    ) -> None: ...
    def flush(self) -> None:
        """Drains the ring, then sends the replies that are owed and the outbox."""
    def drain(self) -> None:
        """Hands the ring to the file, and notifies the host when this begins to fail or works again."""
    def release(self) -> None:
        """Sends the waiting replies that the file has caught up with."""
    def deliver_soon(self) -> None:
        """Delivers the outbox at the end of the iteration. Must be called after anything that may send a message."""
    def end_iteration(self) -> None: ...
    def follow_call(self) -> None:
        """Schedules a flush, which answers the clients that a command in process served and writes its changes."""
    def continue_script_soon(self) -> None:
        """Continues the script that makes the server busy, after the loop has served the other clients."""
    def continue_script(self) -> None: ...
    def run_held_back(self) -> None:
        """Runs the commands that CLIENT PAUSE held back, once the pause has ended; stops after a script that makes the
        server busy.
        """
    def relieve(self) -> None:
        """Resumes the paused connections that may continue. Must be called periodically."""
    def client_totals(self) -> tuple[int, int, int, int, int, int]:
        """Returns the bytes of all clients, how many of these are the allocator's, the largest input and output in
        bytes, how many clients wait, and how many watch keys.
        """
    def limit_clients(self, limit: int) -> None:
        """Sets how many bytes all connections together may use, 0 for no limit; closes some soon if they use more."""
    def evict_clients(self) -> None:
        """Closes connections, those that use most first, until the rest use no more than the limit."""
    def reset_counters(self) -> None: ...

"""A client in process whose replies and messages are one sequence of bytes, for libraries with their own parser."""

from collections.abc import Sequence
from typing import Any

from pyredis.shell.hub import Hub
from pyredis.shell.local_client import LocalClient, Ticket

def local_stream(hub: Hub, protocol: int = 2) -> LocalStream:
    """Returns a new client in database 0."""

def encoded(words: Sequence[Any]) -> list[bytes]:
    """Returns a request with arguments of bytes, in a list. Raises TypeError or ValueError."""

class LocalStream(LocalClient):
    """A client in process that is used like a socket: `request` and then `take`."""

    def request(self, words: Sequence[Any]) -> None:
        """Executes a request, or keeps it while an earlier one waits. Raises ClientClosed, and TypeError or ValueError
        for arguments that cannot be sent."""
    def keep_reply(self, begin: int) -> None: ...
    def wait_or_end(self, begin: int, decode: bool) -> None: ...
    def run_held_back(self) -> None: ...
    def run_backlog(self) -> None:
        """Executes what has been kept, up to the next request that waits."""
    def run_kept(self, words: Sequence[bytes]) -> None: ...
    @property
    def readable(self) -> bool:
        """Whether there is something to read: bytes, or the end."""
    @property
    def closed(self) -> bool: ...
    @property
    def at_end(self) -> bool:
        """Whether it is closed, and everything that was sent to it has been read."""
    def give_up(self, ticket: Ticket) -> bool:
        """Ends the wait for a ticket of `await_message`, and closes the client if it waits for keys. Returns False if
        something has arrived."""
    def take(self) -> bytes:
        """Returns all bytes that have arrived and are not read, and removes them."""
    def take_into(self, buffer: bytearray | memoryview) -> int:
        """Copies bytes that have arrived into a buffer, and returns how many."""

"""Runs commands in process and receives what is sent to the client."""

from collections.abc import Callable, Sequence
from typing import Any

from pyredis._core import Core
from pyredis.ground.exclusion import Exclusion
from pyredis.shell.blocked import Blockable
from pyredis.shell.hub import Hub

ELSEWHERE: object
"""What ``run`` of a shared client returns for a command that another client must run."""

PRIVATE: tuple[bytes, ...]
REFUSED: dict[bytes, str]

class ClientClosed(ConnectionError):
    """The client was closed before the command was run, by CLIENT KILL for example, or its server has ended."""

class ReplyLost(ConnectionError):
    """The client was closed before the reply arrived. The command may have been executed."""

class Ticket:
    """A reply or a message that is not there yet. ``value`` is it once ``done`` is true."""

    @property
    def value(self) -> Any:
        """The reply; an error reply is a ``ReplyError``."""
    @property
    def done(self) -> bool: ...
    def call_when_done(self, wake: Callable[[], object]) -> bool:
        """Calls ``wake`` as soon as it is done, in any thread. Returns False, and does not call it, if it is done."""
    def forget(self, wake: Callable[[], object]) -> None:
        """Takes back `call_when_done`."""

def check_word(word: object) -> None:
    """Raises TypeError unless the object can be a word of a command."""

def forward(reply: Ticket, ticket: Ticket) -> None:
    """Resolves a ticket with the reply of another one."""

def local_client(
    hub: Hub,
    database: int = 0,
    *,
    decode: bool = False,
    shared: bool = False,
    ordered: bool = False,
    protocol: int = 3,
) -> LocalClient:
    """Returns a new client in a database. Raises ValueError if there is no such database or protocol."""

class LocalClient(Blockable):
    """A client in process. ``shared`` ones never wait for keys; ``ordered`` ones have replies in their inbox too."""

    def __init__(self, hub: Hub) -> None: ...
    @property
    def exclusion(self) -> Exclusion: ...
    @property
    def decode(self) -> bool: ...
    def run(self, words: Sequence[bytes | str | int | float | memoryview], raw: bool = False) -> Any:
        """Runs a command and returns its reply, a ``Ticket`` or ``ELSEWHERE``; an error reply is raised.

        With ``raw``, strings of the reply are bytes although the client decodes.
        Raises ClientClosed after the client has been closed, TypeError or ValueError for arguments that cannot be sent.
        """
    def run_all(self, requests: list[Any]) -> tuple[list[Any], Ticket | None]:
        """Runs commands, each a tuple that begins with its words, with nothing in between; returns (replies, ticket).

        A ticket stands for the reply of a command that waits for keys, or, if all have replies, for the moment at which
        the file has the commands.
        """
    def run_transaction(self, requests: list[Any]) -> tuple[list[tuple[int, Exception]], Any, Ticket | None] | None:
        """Runs commands in MULTI and EXEC. Returns (errors, reply, ticket), or None while CLIENT PAUSE is in effect."""
    def wait_or_end(self, begin: int, decode: bool) -> Any: ...
    def send_mail(self) -> None:
        """Delivers messages to clients in process now; those to sockets at the end of the loop's next iteration."""
    def abandon(self, ticket: Ticket, wake: Callable[[], object]) -> bool:
        """Gives up waiting for a reply. Returns False if it is there: the command has been executed.

        Takes back ``call_when_done(wake)``; others may still wait for the same message.
        """
    def stop_waiting_only(self) -> None: ...
    def messages(self) -> list[Any]:
        """Returns the messages that have arrived and removes them, oldest first."""
    def await_message(self) -> Ticket | None:
        """Returns a ticket that is resolved with None when a message arrives, or the client is closed.

        Returns None if a message has arrived already. Raises ClientClosed.
        """
    def take_apart(self, data: bytes) -> None: ...
    def close(self, after_reply: bool = False) -> None:
        """Closes the client: its commands that wait are abandoned. Inside one of its own commands, after that one."""
    def forget(self) -> None: ...
    def push(self, data: bytes) -> None: ...
    def monitor(self) -> bool:
        """Sends this client a line for every command from now on; false if it is sent that already."""
    def reset(self) -> None: ...
    def run_held_back(self) -> None:
        """Executes the command that CLIENT PAUSE held back."""
    @property
    def is_idle(self) -> bool:
        """Whether nothing distinguishes it from a new client: no transaction, subscription, or reply to come."""
    def ask_address(self, which: str) -> str: ...
    @property
    def core(self) -> Core: ...
    @property
    def host(self) -> Any: ...

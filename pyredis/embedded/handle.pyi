"""The native part of the objects that a program calls: one call of a method, from its arguments to its result."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Self

from pyredis.embedded.engine import Engine
from pyredis.shell.local_client import LocalClient, Ticket

Words = Sequence[bytes | str | int | float | memoryview]
Convert = Callable[[Any], Any] | None

class Calls:
    """What every face has in native code: its way to run a command, and the methods that are called most.

    ``get`` and ``set`` have the types that they have in the face (``api``), so they are not repeated here.
    """

    def _call(self, words: Words, convert: Convert = None, decode: bool = True, /) -> Any:
        """Runs a command or keeps it for later: see ``pyredis.embedded.api``."""

class Handle(Calls):
    """Runs commands for any number of callers, in one database of an engine."""

    engine: Engine
    own_client: LocalClient
    database: int

    def __init__(self, engine: Engine, database: int = 0, decode_responses: bool = False) -> None: ...
    def replace_client(self, error: Exception) -> None: ...
    def is_closed(self) -> bool: ...

def wait_for(client: LocalClient, ticket: Ticket) -> Any:
    """Returns what a ticket is for, once it is there. An exception, such as KeyboardInterrupt, ends the wait."""

class SyncHandle(Handle):
    """Its calls return results."""

    def call_elsewhere(self, words: Words, decode: bool) -> Any: ...

class Ready:
    """A coroutine that has finished: awaiting it takes no turn of the loop."""

    def __await__(self) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Any: ...
    def send(self, value: None) -> Any:
        """Ends the coroutine with its result."""
    def throw(self, kind: Any, value: Any = None, trace: Any = None) -> Any:
        """Ends the coroutine with an exception."""
    def close(self) -> None:
        """Ends the coroutine."""

class AsyncHandle(Handle):
    """Its calls return awaitables, which have finished already if nothing waits."""

    def call_elsewhere(self, words: Words, convert: Convert, decode: bool) -> Awaitable[Any]: ...
    def finish(self, client: LocalClient, ticket: Ticket, convert: Convert) -> Coroutine[Any, Any, Any]: ...

def arrival(client: LocalClient, ticket: Ticket) -> Coroutine[Any, Any, Any]:
    """Returns what a ticket is for, once it is there. If the task is cancelled, the command has no effect."""

def set_done(future: asyncio.Future[None]) -> None: ...
def wake(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None: ...
def cancel_again(task: asyncio.Task[Any] | None) -> None: ...

class CommandQueue(Calls):
    """Keeps commands for later: the native part of a pipeline."""

    commands: list[tuple[Words, Convert, bool]]
    immediate: bool
    """Commands are run at once."""

    def __init__(self) -> None: ...

def convert_all(commands: list[Any], replies: list[Any]) -> tuple[list[Any], int] | tuple[None, int]:
    """Returns (results, -1), or (None, index) if the reply at the index is an exception."""

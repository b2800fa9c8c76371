"""What the faces of a database share, whether its methods return results or awaitables."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Self

from pyredis._core import Core
from pyredis.embedded.api.argument_forms import Encoder
from pyredis.embedded.api.client_errors import argument_error, find, reply_exception
from pyredis.embedded.clock import Clock
from pyredis.embedded.engine import Engine
from pyredis.embedded.failures import Failing, Failure, Failures
from pyredis.embedded.hosted import HostedServer, checked_port, empty
from pyredis.embedded.listening import Listening
from pyredis.embedded.python_commands import PythonCommand, PythonCommands
from pyredis.shell.local_client import LocalClient
from pyredis.telemetry.families import flat
from pyredis.telemetry.readings import read
from pyredis.wire.reply_objects import ReplyError


class Common(PythonCommands, Failing):
    """The state of a face, and what needs no command."""

    engine: Engine
    own_client: LocalClient
    database: int
    _callbacks: dict[str, Any] | None = None
    _open = True

    @property
    def clock(self) -> Clock:
        """The database's clock, which tests can stop and advance."""
        return Clock(self._inside)

    @property
    def decode_responses(self) -> bool:
        """Whether results have str in place of bytes."""
        return self.own_client.decode

    def client(self) -> Self:
        """Returns another object on the same database, with a client of its own. It is closed by itself."""
        self._check_open()
        try:
            self.engine.acquire()
        except ConnectionError as error:
            raise self._translated(error) from None
        other: Any = type(self)
        return other(self.engine, self.database, self.decode_responses)

    def get_encoder(self) -> Encoder:
        return Encoder(decode_responses=self.own_client.decode)

    @property
    def _commands(self) -> dict[str, PythonCommand]:  # type: ignore[override]
        return self.engine.commands

    def command(self, syntax: str | None = None, /, **options: Any) -> Any:
        """Adds a command whose handler is the decorated function, as `pyredis.Server.command` does.

        All databases on the same data have it. Without a syntax this is the method of redis-py, which runs COMMAND.
        """
        if syntax is None:
            return super(PythonCommands, self).command(**options)  # type: ignore[misc]
        return super().command(syntax, **options)

    def _change_core(self, change: Callable[[Core], None]) -> None:
        self._inside(lambda server: change(server.core))

    @property
    def _failures(self) -> Failures:  # type: ignore[override]
        return self.engine.failures

    def _is_running(self) -> bool:
        return not self.engine.server.stopped

    def _with_server(self, function: Callable[[Any], Any]) -> Any:
        try:
            return self.engine.call(function)
        except ConnectionError as error:
            raise self._translated(error) from None

    def fail(  # type: ignore[override]
        self,
        *commands: str,
        error: str,
        key: str | bytes | None = None,
        times: int | None = None,
        every: int = 1,
        probability: float = 1,
        seed: int | None = None,
    ) -> Failure:
        """Makes commands fail, as `pyredis.Server.fail` does. Without a connection there are only errors."""
        self._check_open()
        return super().fail(
            *commands, error=error, key=key, times=times, every=every, probability=probability, seed=seed
        )

    def full_disk(self) -> Failure:
        """Makes writes of the append-only file fail, as `pyredis.Server.full_disk` does."""
        self._check_open()
        return super().full_disk()

    def metrics(self) -> dict[str, int | float]:
        """Returns the database's numbers, as `pyredis.Server.metrics` does."""
        return self._inside(lambda server: flat(read(server)))

    def reset(self) -> None:
        """Removes all data, scripts and functions, between two tests for example."""
        self._inside(empty)

    def serve(self, port: int | None = 0, *, unixsocket: str | os.PathLike[str] | None = None) -> Listening:
        """Opens the database to other programs, which use it as a server; this process goes on using it directly.

        Port 0 is a free one, and None is no TCP port. The result has the ``url``, and ends this when it is closed or at
        the end of its block, ``with`` or ``async with``. Raises StartError if it cannot listen, TypeError or ValueError
        for a port that is none or if it is to listen nowhere, and RuntimeError if it listens already.
        """
        if port is None and unixsocket is None:
            raise ValueError("a port or a unixsocket is needed")
        checked_port(port)
        self._check_open()
        try:
            return Listening(self.engine, port, None if unixsocket is None else os.fspath(unixsocket))
        except ConnectionError as error:
            raise self._translated(error) from None

    def _inside(self, function: Callable[[HostedServer], Any]) -> Any:
        """Calls a function with the server, while no command runs."""
        self._check_open()
        return self._with_server(function)

    def _translated(self, error: Exception) -> Exception:
        """Returns the exception to raise for one of the engine."""
        if isinstance(error, ReplyError):
            return reply_exception(error.args[0])
        if isinstance(error, ConnectionError):
            self.engine.exclusion.hold_abandoned()
            return find("ConnectionError")(str(error))
        if isinstance(error, UnicodeError):
            return error
        if isinstance(error, TypeError | ValueError):
            return argument_error(error)
        return error

    def _borrow(self) -> LocalClient:
        """Returns a client for one caller alone; ``engine.give_back`` takes it back."""
        self._check_open()
        try:
            return self.engine.borrow(self.database, self.own_client.decode)
        except ConnectionError as error:
            raise self._translated(error) from None

    def _new_client(self, protocol: int) -> LocalClient:
        """Returns a client that receives messages."""
        self._check_open()
        try:
            return self.engine.client(self.database, self.own_client.decode, ordered=True, protocol=protocol)
        except ConnectionError as error:
            raise self._translated(error) from None

    def _check_open(self) -> None:
        if not self._open:
            raise find("ConnectionError")("the database has been closed")

    def _release(self) -> None:
        if not self._open:
            return
        self._open = False
        try:
            self.engine.release()
        except BaseException:
            self._open = True
            raise
        self.own_client.close()

    def __del__(self) -> None:
        """Closes a database that nobody has closed."""
        if self._open and self.engine is not None:
            self.engine.release_later()

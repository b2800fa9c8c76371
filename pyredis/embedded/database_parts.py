"""What the faces of a database share, whether its methods return results or awaitables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyredis._core import Core
from pyredis.embedded.api.argument_forms import Encoder
from pyredis.embedded.api.client_errors import argument_error, find, reply_exception
from pyredis.embedded.clock import Clock
from pyredis.embedded.engine import Engine
from pyredis.embedded.failures import Failing, Failure, Failures
from pyredis.embedded.hosted import empty, information
from pyredis.embedded.metrics import metrics_of
from pyredis.embedded.python_commands import PythonCommand, PythonCommands
from pyredis.shell.local_client import ClientClosed, LocalClient
from pyredis.wire.reply_objects import ReplyError


class Common(PythonCommands, Failing):
    """The state of a face, and what needs no command."""

    engine: Engine
    client: LocalClient
    database: int
    _callbacks: dict[str, Any] | None = None
    _open = True

    @property
    def clock(self) -> Clock:
        """The database's clock, which tests can stop and advance."""
        return Clock(self.engine.call)

    @property
    def decode_responses(self) -> bool:
        """Whether results have str in place of bytes."""
        return self.client.decode

    def get_encoder(self) -> Encoder:
        return Encoder(decode_responses=self.client.decode)

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
        self.engine.call(lambda server: change(server.core))

    @property
    def _failures(self) -> Failures:  # type: ignore[override]
        return self.engine.failures

    def _is_running(self) -> bool:
        return not self.engine.server.stopped

    def _with_server(self, function: Callable[[Any], Any]) -> Any:
        return self.engine.call(function)

    def fail(self, *commands: str, **options: Any) -> Failure:
        """Makes commands fail, as `pyredis.Server.fail` does; without a connection only with an ``error``."""
        if options.get("error") is None or options.get("delay"):
            raise TypeError("a database in the process has no connection to wait for or to lose: only errors")
        return super().fail(*commands, **options)

    def metrics(self) -> dict[str, int | float]:
        """Returns the numbers of INFO, as `pyredis.Server.metrics` does."""
        return metrics_of(self.engine.call(lambda server: information(server, "everything")))

    def reset(self) -> None:
        """Removes all data, scripts and functions, between two tests for example."""
        self.engine.call(empty)

    def _translated(self, error: Exception) -> Exception:
        """Returns the exception to raise for one of the engine."""
        if isinstance(error, ReplyError):
            return reply_exception(error.args[0])
        if isinstance(error, ClientClosed):
            return find("ConnectionError")(str(error))
        if isinstance(error, UnicodeError):
            return error
        if isinstance(error, TypeError | ValueError):
            return argument_error(error)
        return error

    def _release(self) -> None:
        if self._open:
            self.client.close()
            self.engine.release()
            self._open = False

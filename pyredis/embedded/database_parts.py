"""What the faces of a database share, whether its methods return results or awaitables."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.argument_forms import Encoder
from pyredis.embedded.api.client_errors import argument_error, find, reply_exception
from pyredis.embedded.clock import Clock
from pyredis.embedded.engine import Engine
from pyredis.embedded.hosted import empty
from pyredis.shell.local_client import ClientClosed, LocalClient
from pyredis.wire.reply_objects import ReplyError


class Common:
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

"""Sockets of a database in the process, by which other programs use it too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from pyredis.embedded.hosted import HostedServer, Running

if TYPE_CHECKING:
    from pyredis.embedded.engine import Engine


class Listening(Running):
    """What `Database.serve` returns: where the database listens. As a context manager it listens for the block."""

    def __init__(self, engine: Engine, port: int | None, unixsocket: str | None) -> None:
        super().__init__(engine.server.config)
        self._engine = engine
        engine.listen(port, unixsocket)

    def __repr__(self) -> str:
        return f"<pyredis.Listening {self.url}>" if self.port or self.unixsocket else "<pyredis.Listening, closed>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.close()

    def _call(self, function: Callable[[HostedServer], Any]) -> Any:
        return self._engine.call(function)

    def close(self) -> None:
        """Listens no more, and disconnects the clients. The database goes on in the process."""
        self._engine.stop_listening()

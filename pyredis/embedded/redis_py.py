"""redis-py over an engine in the process: connection pools for `redis.Redis` and `redis.asyncio.Redis`.

A connection of such a pool has a client of the engine in the place of a socket (`pyredis.embedded.local_sockets`).
All else is redis-py's own: its pools, its retries, its parsers and the conversion of replies.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from pyredis.embedded.engine import Engine, open_engine
from pyredis.embedded.local_sockets import LocalReader, LocalSocket, LocalWriter
from pyredis.embedded.pool_options import accepted, divided
from pyredis.shell.local_client import ClientClosed
from pyredis.shell.local_stream import LocalStream, encoded, local_stream

try:
    import redis
    import redis.asyncio
    from redis import asyncio as redis_asyncio
    from redis.asyncio.connection import AbstractConnection as AsyncAbstractConnection
    from redis.connection import AbstractConnection
    from redis.exceptions import DataError
except ImportError as error:
    raise ImportError("pyredis.connection_pool needs redis-py: pip install redis") from error

Request = Sequence[Any] | bytes


class EngineUser:
    """Keeps an engine open for a pool, until `release`; if the pool is used after that, opens it again."""

    def __init__(self, path: str | os.PathLike[str] | None, name: str | None, directives: Mapping[str, Any]) -> None:
        self.title = os.fspath(path) if path is not None else f"memory://{name or ''}"
        self._arguments = (path, name, dict(directives))
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._engine: Engine | None = open_engine(*self._arguments)

    def __repr__(self) -> str:
        return repr(self.title)

    def __deepcopy__(self, memo: object) -> EngineUser:
        return self

    @property
    def forked(self) -> bool:
        """Whether this is a child of the process that opened the database."""
        return self._process != os.getpid()

    def check_process(self) -> None:
        """Raises RuntimeError in a forked child, in which locks may be held by threads that do not exist there."""
        if self.forked:
            raise RuntimeError(
                f"the database was opened in process {self._process}, from which this one was forked: open it here"
            )

    def stream(self) -> LocalStream:
        """Returns a new client. Raises ConnectionRefusedError if the database has been shut down."""
        self.check_process()
        with self._lock:
            if self._engine is None:
                self._engine = open_engine(*self._arguments)
            engine = self._engine
        try:
            if not engine.server.stopped:
                return local_stream(engine.hub)
        except RuntimeError:
            # It may have ended at this moment.
            if not engine.server.stopped:
                raise
        raise ConnectionRefusedError("the database has been shut down")

    def release(self) -> None:
        """Closes the engine, if nobody else uses it. Raises OSError if its file cannot be written."""
        if self.forked:
            return
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.release()

    def release_later(self) -> None:
        """As `release`, but in another thread: for finalizers, which run in any thread at any time."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.release_later()


def plain(encoder: Any) -> bool:
    """Whether the encoder encodes as the native one does."""
    return encoder.encoding.lower().replace("_", "-") in ("utf-8", "utf8") and encoder.encoding_errors == "strict"


class Packing:
    """What both kinds of connection do with requests: nothing, except that arguments are checked and encoded."""

    encoder: Any
    # What redis-py's reports of errors and its metrics have as the address.
    host = "in process"
    port = 0

    def _adopt(self, engine: EngineUser) -> None:
        self._engine = engine
        self._plain = plain(self.encoder)

    def repr_pieces(self) -> list[tuple[str, Any]]:
        connection: Any = self
        pieces = [("database", self._engine.title), ("db", connection.db)]
        if connection.client_name:
            pieces.append(("client_name", connection.client_name))
        return pieces

    def _host_error(self) -> str:
        return self._engine.title

    def pack_command(self, *args: Any) -> Any:
        """Returns the request as its words, encoded. Raises DataError."""
        words: Any = args if self._plain else [*args[0].split(), *map(self.encoder.encode, args[1:])]
        try:
            return [encoded(words)]
        except UnicodeError:
            raise
        except (TypeError, ValueError) as error:
            raise DataError(str(error)) from None

    def pack_commands(self, commands: Iterable[Any]) -> Any:
        return [request for command in commands for request in self.pack_command(*command)]


def unread(parser: Any) -> bool:
    """Whether a parser of redis-py has bytes of a reply that nobody has asked for."""
    reader = getattr(parser, "_reader", None)
    if reader is not None:
        return bool(reader.has_data())
    buffer: Any = getattr(parser, "_buffer", None)
    return bool(buffer.unread_bytes()) if hasattr(buffer, "unread_bytes") else bool(buffer)


class LocalConnection(Packing, AbstractConnection):
    """A connection of `redis.Redis`."""

    _sock: Any

    def __init__(self, engine: EngineUser, **options: Any) -> None:
        self._packed = options.get("command_packer") is not None
        super().__init__(**options)
        self._adopt(engine)

    def _connect(self) -> Any:
        return LocalSocket(self._engine.stream(), self.socket_timeout)

    def pack_command(self, *args: Any) -> Any:
        return AbstractConnection.pack_command(self, *args) if self._packed else super().pack_command(*args)

    def send_command(self, *args: Any, **options: Any) -> None:
        connected = self._sock
        if connected is None or self.health_check_interval or self._packed or not self._plain:
            self.send_packed_command(self.pack_command(*args), options.get("check_health", True))
            return
        try:
            connected.stream.request(args)
        except UnicodeError:
            raise
        except (TypeError, ValueError) as error:
            raise DataError(str(error)) from None
        except (ClientClosed, RuntimeError):
            # The usual way knows what to raise.
            self.send_packed_command(self.pack_command(*args), False)
        except BaseException:
            self.disconnect()
            raise

    def can_read(self, timeout: float | None = 0) -> bool:
        """Whether something has arrived within so many seconds. Raises ConnectionError if the client is closed."""
        if self._sock is None:
            self.connect()
        assert self._sock is not None
        if self._sock.stream.at_end and not unread(self._parser):
            self.disconnect()
            raise redis.ConnectionError("Connection closed by server.")
        return unread(self._parser) or self._sock.wait(timeout)


class AsyncLocalConnection(Packing, AsyncAbstractConnection):
    """A connection of `redis.asyncio.Redis`."""

    def __init__(self, engine: EngineUser, **options: Any) -> None:
        super().__init__(**options)
        self._adopt(engine)

    def __del__(self, _warnings: Any = None) -> None:
        writer = getattr(self, "_writer", None)
        if writer is not None:
            writer.close()

    async def _connect(self) -> None:
        stream = self._engine.stream()
        reader: Any = LocalReader(stream)
        writer: Any = LocalWriter(stream)
        self._reader, self._writer = reader, writer

    async def send_command(self, *args: Any, **options: Any) -> None:
        await self.send_packed_command(self.pack_command(*args), options.get("check_health", True))

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if self._writer is None or (check_health and self.health_check_interval):
            await super().send_packed_command(command, check_health)
            return
        try:
            writer: Any = self._writer
            writer.writelines([command] if isinstance(command, bytes) else command)
        except OSError as error:
            await self.disconnect(nowait=True)
            raise redis.ConnectionError(f"Error while writing to {self._host_error()}: {error}") from error
        except BaseException:
            await self.disconnect(nowait=True)
            raise

    async def can_read(self) -> bool:
        """Whether something has arrived, or the client is closed."""
        reader: Any = self._reader
        return reader is None or reader.readable or unread(self._parser)

    async def can_read_destructive(self) -> bool:
        return await self.can_read()


class LocalPool(redis.ConnectionPool):
    """Connections of `redis.Redis` to an engine in the process, which is open until the pool is closed or collected."""

    def __init__(self, connection_class: Any = LocalConnection, **options: Any) -> None:
        super().__init__(connection_class=connection_class, **options)
        self._engine: EngineUser = options["engine"]
        weakref.finalize(self, EngineUser.release_later, self._engine).atexit = False

    def _checkpid(self) -> None:
        self._engine.check_process()

    def release(self, connection: Any) -> None:
        if not self._engine.forked:
            super().release(connection)

    def disconnect(self, inuse_connections: bool = True) -> None:
        if not self._engine.forked:
            super().disconnect(inuse_connections)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections, and the database if nobody else uses it. Raises OSError if it cannot be written."""
        super().close()
        self._engine.release()


class AsyncLocalPool(redis_asyncio.ConnectionPool):
    """The same for `redis.asyncio.Redis`."""

    def __init__(self, connection_class: Any = AsyncLocalConnection, **options: Any) -> None:
        super().__init__(connection_class=connection_class, **options)
        self._engine: EngineUser = options["engine"]
        weakref.finalize(self, EngineUser.release_later, self._engine).atexit = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await super().aclose()
        await asyncio.to_thread(self._engine.release)


def connection_pool(
    path: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    db: int = 0,
    decode_responses: bool = False,
    protocol: int | None = None,
    **options: Any,
) -> LocalPool:
    """Returns a pool for `redis.Redis` whose connections lead to a database in the process, without a socket:

        client = redis.Redis(connection_pool=pyredis.connection_pool("data/"))

    ``path``, ``name`` and the directives mean what they mean for `pyredis.open`. All options of redis-py's pools and
    connections can be given too, except those of sockets. The database is open until the pool is closed or collected.
    Raises TypeError or ValueError for arguments that are not valid, StartError or LoadError if the folder cannot be
    used.
    """
    directives, rest = divided(options, accepted(redis.ConnectionPool, AbstractConnection))
    if protocol is not None:
        rest["protocol"] = protocol
    return LocalPool(engine=EngineUser(path, name, directives), db=db, decode_responses=decode_responses, **rest)


def async_connection_pool(
    path: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    db: int = 0,
    decode_responses: bool = False,
    protocol: int | None = None,
    **options: Any,
) -> AsyncLocalPool:
    """As `connection_pool`, for `redis.asyncio.Redis`. Loading a folder blocks the loop."""
    directives, rest = divided(options, accepted(redis_asyncio.ConnectionPool, AsyncAbstractConnection))
    if protocol is not None:
        rest["protocol"] = protocol
    return AsyncLocalPool(engine=EngineUser(path, name, directives), db=db, decode_responses=decode_responses, **rest)

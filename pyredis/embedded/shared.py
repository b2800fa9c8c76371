"""A database that several processes share: clients of redis-py that start its server and find it (`shared_folder`)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import weakref
from typing import Any

from pyredis.embedded.pool_options import accepted, divided
from pyredis.embedded.shared_folder import SharedFolder

try:
    import redis
    from redis import asyncio as redis_asyncio
    from redis.asyncio.connection import UnixDomainSocketConnection as AsyncUnixDomainSocketConnection
    from redis.connection import UnixDomainSocketConnection
except ImportError as error:
    raise ImportError("pyredis.shared needs redis-py: pip install redis") from error

# What connecting raises if the server has ended or was killed.
GONE = (FileNotFoundError, ConnectionError)


class SharedConnection(UnixDomainSocketConnection):
    """A connection that starts the server if there is none."""

    def __init__(self, folder: SharedFolder, **options: Any) -> None:
        super().__init__(path=os.fspath(folder.socket), **options)
        self._folder = folder

    def _connect(self) -> Any:
        self._folder.join()
        try:
            return super()._connect()
        except GONE:
            self._folder.ensure_server()
            return super()._connect()


class AsyncSharedConnection(AsyncUnixDomainSocketConnection):
    """The same for `redis.asyncio`. A thread waits for the server."""

    def __init__(self, folder: SharedFolder, **options: Any) -> None:
        super().__init__(path=os.fspath(folder.socket), **options)
        self._folder = folder

    async def _connect(self) -> None:
        await asyncio.to_thread(self._folder.join)
        try:
            await super()._connect()
        except GONE:
            await asyncio.to_thread(self._folder.ensure_server)
            await super()._connect()


class SharedRedis(redis.Redis):
    """A client of a shared database, which takes part until it is closed, or its pool is collected."""

    _folder: SharedFolder | None = None

    def close(self) -> None:
        super().close()
        if self._folder is not None:
            self._folder.leave()

    def __del__(self) -> None:
        # Its pool may be in use elsewhere, so that the process takes part.
        self._folder = None
        with contextlib.suppress(Exception):
            self.close()


class AsyncSharedRedis(redis_asyncio.Redis):
    """The same for coroutines."""

    _folder: SharedFolder | None = None

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        if self._folder is not None:
            self._folder.leave()


def shared(
    path: str | os.PathLike[str],
    *,
    db: int = 0,
    decode_responses: bool = False,
    start_timeout: float = 60.0,
    **options: Any,
) -> redis.Redis:
    """Returns a client of redis-py for a database that several processes share, kept in a folder.

    Whoever comes first starts a server in the background, on a unix socket in the folder; the others find it. It ends
    when the last process has closed its client or has ended itself, however that happened. If the server is killed, the
    next connection starts it again. Directives among the options count for the process that starts it, the others are
    redis-py's.

    Raises StartError if there is no server after ``start_timeout`` seconds, TypeError or ValueError for arguments that
    are not valid.
    """
    directives, rest = divided(options, accepted(redis.ConnectionPool, UnixDomainSocketConnection))
    folder = SharedFolder(path, directives, start_timeout)
    pool = redis.ConnectionPool(
        connection_class=SharedConnection, folder=folder, db=db, decode_responses=decode_responses, **rest
    )
    weakref.finalize(pool, folder.leave)
    client: Any = SharedRedis.from_pool(pool)
    client._folder = folder
    folder.join()
    return client


def ashared(
    path: str | os.PathLike[str],
    *,
    db: int = 0,
    decode_responses: bool = False,
    start_timeout: float = 60.0,
    **options: Any,
) -> redis_asyncio.Redis:
    """As `shared`, for coroutines. The first command starts the server if there is none."""
    directives, rest = divided(options, accepted(redis_asyncio.ConnectionPool, AsyncUnixDomainSocketConnection))
    folder = SharedFolder(path, directives, start_timeout)
    pool: Any = redis_asyncio.ConnectionPool(
        connection_class=AsyncSharedConnection, folder=folder, db=db, decode_responses=decode_responses, **rest
    )
    weakref.finalize(pool, folder.leave)
    client: Any = AsyncSharedRedis.from_pool(pool)
    client._folder = folder
    return client

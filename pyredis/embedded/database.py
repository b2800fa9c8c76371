"""A database in the process: `open` for threads, `aopen` for coroutines.

Their methods are those of ``redis.Redis`` and ``redis.asyncio.Redis`` (`pyredis.embedded.api`), without a connection:
a command runs in the thread that calls it, and its result is there when the call returns.
"""

from __future__ import annotations

import os
from typing import Any, Self

from pyredis.embedded.api.async_face import AsyncFace
from pyredis.embedded.api.sync_face import SyncFace
from pyredis.embedded.database_parts import Common
from pyredis.embedded.engine import open_engine
from pyredis.embedded.handle import AsyncHandle, SyncHandle
from pyredis.embedded.message_streams import AsyncMonitor, AsyncPubSub, PubSub, SyncMonitor
from pyredis.embedded.pipelines import AsyncPipeline, Pipeline


class Database(Common, SyncHandle, SyncFace):  # type: ignore[misc]
    """A database whose methods return results. Any number of threads may call them at the same time.

    As a context manager it is closed at the end of the block.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<pyredis.Database {self.engine}, db={self.database}{'' if self._open else ', closed'}>"

    def close(self) -> None:
        """Closes the database for this object. The last one to be closed writes and syncs the file.

        Raises OSError if the file cannot be written; then the database stays open.
        """
        self._release()

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Returns an object that keeps commands until its ``execute``; with ``transaction`` they are one."""
        return Pipeline(self, transaction)

    def pubsub(self, **kwargs: Any) -> PubSub:
        """Returns an object that subscribes to channels."""
        return PubSub(self, **kwargs)

    def monitor(self) -> SyncMonitor:
        """Returns a context manager that reports the commands that all clients run."""
        return SyncMonitor(self)


class AsyncDatabase(Common, AsyncHandle, AsyncFace):  # type: ignore[misc]
    """A database whose methods return awaitables, for one event loop or several.

    An awaitable is finished when it is returned, unless its command waits. As a context manager the database is closed
    at the end of the block.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __await__(self) -> Any:
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self

    def __repr__(self) -> str:
        return f"<pyredis.AsyncDatabase {self.engine}, db={self.database}{'' if self._open else ', closed'}>"

    async def aclose(self) -> None:
        """As `Database.close`. Blocks the loop while the file is synced."""
        self._release()

    close = aclose

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> AsyncPipeline:
        """Returns an object that keeps commands until its ``execute``; with ``transaction`` they are one."""
        return AsyncPipeline(self, transaction)

    def pubsub(self, **kwargs: Any) -> AsyncPubSub:
        """Returns an object that subscribes to channels."""
        return AsyncPubSub(self, **kwargs)

    def monitor(self) -> AsyncMonitor:
        """Returns a context manager that reports the commands that all clients run."""
        return AsyncMonitor(self)


def open(
    path: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    db: int = 0,
    decode_responses: bool = False,
    **directives: Any,
) -> Database:
    """Opens a database in the process: in memory, or kept in the folder ``path``.

    In memory it belongs to the caller alone, unless it has a ``name``: all databases of the process with one name, and
    all in one folder, have the same data. ``db`` is the number of the database in it. With ``decode_responses``,
    results have str in place of bytes. All directives of the configuration are keyword arguments; ``appendfsync`` is
    ``everysec`` by default.

    Raises TypeError or ValueError for arguments that are not valid, StartError or LoadError if the folder cannot be
    used.
    """
    return Database(open_engine(path, name, directives), db, decode_responses)


def aopen(
    path: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    db: int = 0,
    decode_responses: bool = False,
    **directives: Any,
) -> AsyncDatabase:
    """As `open`, for coroutines: ``async with pyredis.aopen() as db``. Loading a folder blocks the loop."""
    return AsyncDatabase(open_engine(path, name, directives), db, decode_responses)

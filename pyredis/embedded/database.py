"""A database in the process: `open` for threads, `aopen` for coroutines."""

from __future__ import annotations

import os
from typing import Any, Self

from pyredis.embedded.engine import Engine, open_engine
from pyredis.embedded.handle import AsyncHandle, SyncHandle
from pyredis.shell.local_client import LocalClient


class Common:
    """What both faces share."""

    engine: Engine
    client: LocalClient
    _open = True

    def _translated(self, error: Exception) -> Exception:
        return error

    def _release(self) -> None:
        if self._open:
            self.engine.release()
            self._open = False
            self.client.close()


class Database(Common, SyncHandle):
    """A database whose methods return results. May be used by any number of threads."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the database for this handle. The last one to be closed writes and syncs the file."""
        self._release()

    def execute_command(self, *words: Any) -> Any:
        return self._call(words)


class AsyncDatabase(Common, AsyncHandle):
    """A database whose methods return awaitables."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        self._release()

    def execute_command(self, *words: Any) -> Any:
        return self._call(words)


def open(
    path: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    db: int = 0,
    decode_responses: bool = False,
    **directives: Any,
) -> Database:
    return Database(open_engine(path, name, directives), db, decode_responses)


def aopen(
    path: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    db: int = 0,
    decode_responses: bool = False,
    **directives: Any,
) -> AsyncDatabase:
    return AsyncDatabase(open_engine(path, name, directives), db, decode_responses)

"""What an asynchronous database has beside the methods of one command: iterators, transactions, locks, scripts."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any

from pyredis.embedded.api.api_types import Cast, Key, Pattern, Text
from pyredis.embedded.api.async_lock import AsyncLock
from pyredis.embedded.api.async_methods import AsyncMethods
from pyredis.embedded.api.client_errors import find
from pyredis.embedded.api.client_script import AsyncScript
from pyredis.embedded.api.face import Face, shutdown_words


class AsyncFace(Face, AsyncMethods):
    """A database that returns awaitables."""

    pipeline: Callable[..., Any]

    async def scan_iter(
        self, match: Pattern | None = None, count: int | None = None, _type: str | None = None, **kwargs: Any
    ) -> AsyncIterator[Text]:
        """Returns all keys; those that are added or removed meanwhile may be among them."""
        cursor = -1
        while cursor:
            cursor, found = await self.scan(max(cursor, 0), match, count, _type)
            for each in found:
                yield each

    async def sscan_iter(
        self, name: Key, match: Pattern | None = None, count: int | None = None
    ) -> AsyncIterator[Text]:
        """Returns the members of a set, piece by piece."""
        cursor = -1
        while cursor:
            cursor, found = await self.sscan(name, max(cursor, 0), match, count)
            for each in found:
                yield each

    async def hscan_iter(
        self, name: Key, match: Pattern | None = None, count: int | None = None, no_values: bool | None = None
    ) -> AsyncIterator[Any]:
        """Returns the fields of a hash with their values, piece by piece; only the fields with ``no_values``."""
        cursor = -1
        while cursor:
            cursor, found = await self.hscan(name, max(cursor, 0), match, count, no_values)
            for each in found if no_values else found.items():
                yield each

    async def zscan_iter(
        self,
        name: Key,
        match: Pattern | None = None,
        count: int | None = None,
        score_cast_func: Cast = float,
    ) -> AsyncIterator[tuple[Text, Any]]:
        """Returns the members of a sorted set with their scores, piece by piece."""
        cursor = -1
        while cursor:
            cursor, found = await self.zscan(name, max(cursor, 0), match, count, score_cast_func)
            for each in found:
                yield each

    async def transaction(
        self,
        func: Callable[[Any], Any],
        *watches: Key,
        shard_hint: str | None = None,
        value_from_callable: bool = False,
        watch_delay: float | None = None,
    ) -> Any:
        """Calls a function with a pipeline and executes it, again if one of the keys has changed meanwhile.

        The function may be a coroutine. Returns the results, or with ``value_from_callable`` what the function
        returned.
        """
        changed = find("WatchError")
        async with self.pipeline(True, shard_hint) as pipe:
            while True:
                try:
                    if watches:
                        await pipe.watch(*watches)
                    value = func(pipe)
                    if inspect.isawaitable(value):
                        value = await value
                    results = await pipe.execute()
                    return value if value_from_callable else results
                except changed:
                    if watch_delay is not None and watch_delay > 0:
                        await asyncio.sleep(watch_delay)

    def lock(
        self,
        name: Key,
        timeout: float | None = None,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
        lock_class: Any = None,
        thread_local: bool = True,
        raise_on_release_error: bool = True,
    ) -> Any:
        """Returns a lock that is a key of this database."""
        return (lock_class or AsyncLock)(
            self,
            name,
            timeout=timeout,
            sleep=sleep,
            blocking=blocking,
            blocking_timeout=blocking_timeout,
            thread_local=thread_local,
            raise_on_release_error=raise_on_release_error,
        )

    def register_script(self, script: Text) -> AsyncScript:
        """Returns a coroutine that runs a script by its hash, and loads it when the server does not know it."""
        return AsyncScript(self, script)

    async def shutdown(
        self,
        save: bool = False,
        nosave: bool = False,
        now: bool = False,
        force: bool = False,
        abort: bool = False,
        **kwargs: Any,
    ) -> None:
        """Ends the server."""
        words = shutdown_words(save, nosave, now, force, abort)
        try:
            await self._call(words)
        except find("ConnectionError"):
            return
        raise find("RedisError")("SHUTDOWN seems to have failed.")

    async def watch(self, *names: Key) -> None:
        """Does nothing but warn: only a pipeline can watch."""
        warnings.warn(DeprecationWarning("WATCH is a method of a pipeline"), stacklevel=2)

    async def unwatch(self) -> None:
        """Does nothing but warn: only a pipeline can watch."""
        warnings.warn(DeprecationWarning("UNWATCH is a method of a pipeline"), stacklevel=2)

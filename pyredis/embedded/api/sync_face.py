"""What a synchronous database has beside the methods of one command: iterators, transactions, locks, scripts."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from pyredis.embedded.api.api_types import Cast, Key, Number, Pattern, Text
from pyredis.embedded.api.client_errors import find
from pyredis.embedded.api.client_lock import Lock
from pyredis.embedded.api.client_script import Script
from pyredis.embedded.api.face import Face, shutdown_words
from pyredis.embedded.api.methods import Methods


class SyncFace(Face, Methods):
    """A database that returns results."""

    pipeline: Callable[..., Any]

    def __contains__(self, name: Key) -> bool:
        return bool(self.exists(name))

    def __delitem__(self, name: Key) -> None:
        self.delete(name)

    def __getitem__(self, name: Key) -> Text:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: Key, value: Any) -> None:
        self.set(name, value)

    def scan_iter(
        self, match: Pattern | None = None, count: int | None = None, _type: str | None = None, **kwargs: Any
    ) -> Iterator[Text]:
        """Returns all keys; those that are added or removed meanwhile may be among them."""
        cursor = -1
        while cursor:
            cursor, found = self.scan(max(cursor, 0), match, count, _type)
            yield from found

    def sscan_iter(self, name: Key, match: Pattern | None = None, count: int | None = None) -> Iterator[Text]:
        """Returns the members of a set, piece by piece."""
        cursor = -1
        while cursor:
            cursor, found = self.sscan(name, max(cursor, 0), match, count)
            yield from found

    def hscan_iter(
        self, name: Key, match: Pattern | None = None, count: int | None = None, no_values: bool | None = None
    ) -> Iterator[Any]:
        """Returns the fields of a hash with their values, piece by piece; only the fields with ``no_values``."""
        cursor = -1
        while cursor:
            cursor, found = self.hscan(name, max(cursor, 0), match, count, no_values)
            yield from found if no_values else found.items()

    def zscan_iter(
        self,
        name: Key,
        match: Pattern | None = None,
        count: int | None = None,
        score_cast_func: Cast = float,
    ) -> Iterator[tuple[Text, Any]]:
        """Returns the members of a sorted set with their scores, piece by piece."""
        cursor = -1
        while cursor:
            cursor, found = self.zscan(name, max(cursor, 0), match, count, score_cast_func)
            yield from found

    def transaction(self, func: Callable[[Any], Any], *watches: Key, **kwargs: Any) -> Any:
        """Calls a function with a pipeline and executes it, again if one of the keys has changed meanwhile.

        Returns the results, or with ``value_from_callable`` what the function returned.
        """
        own = kwargs.pop("value_from_callable", False)
        delay = kwargs.pop("watch_delay", None)
        changed = find("WatchError")
        with self.pipeline(True, kwargs.pop("shard_hint", None)) as pipe:
            while True:
                try:
                    if watches:
                        pipe.watch(*watches)
                    value = func(pipe)
                    results = pipe.execute()
                    return value if own else results
                except changed:
                    if delay is not None and delay > 0:
                        time.sleep(delay)

    def lock(
        self,
        name: Key,
        timeout: Number | None = None,
        sleep: Number = 0.1,
        blocking: bool = True,
        blocking_timeout: Number | None = None,
        lock_class: Any = None,
        thread_local: bool = True,
        raise_on_release_error: bool = True,
    ) -> Any:
        """Returns a lock that is a key of this database."""
        return (lock_class or Lock)(
            self,
            name,
            timeout=timeout,
            sleep=sleep,
            blocking=blocking,
            blocking_timeout=blocking_timeout,
            thread_local=thread_local,
            raise_on_release_error=raise_on_release_error,
        )

    def register_script(self, script: Text) -> Script:
        """Returns a function that runs a script by its hash, and loads it when the server does not know it."""
        return Script(self, script)

    def shutdown(
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
            self._call(words)
        except find("ConnectionError"):
            return
        raise find("RedisError")("SHUTDOWN seems to have failed.")

    def watch(self, *names: Key) -> None:
        """Does nothing but warn: only a pipeline can watch."""
        warnings.warn(DeprecationWarning("WATCH is a method of a pipeline"), stacklevel=2)

    def unwatch(self) -> None:
        """Does nothing but warn: only a pipeline can watch."""
        warnings.warn(DeprecationWarning("UNWATCH is a method of a pipeline"), stacklevel=2)

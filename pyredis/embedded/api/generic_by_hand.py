"""The methods of keys of any kind that no row of `method_table` describes."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.api_types import Bytes, Key, Keys
from pyredis.embedded.api.argument_forms import STRINGS, limit, listed
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.conversions import groups_of


class GenericByHand(Caller):
    def sort(
        self,
        name: Key,
        start: int | None = None,
        num: int | None = None,
        by: Key | None = None,
        get: Any = None,
        desc: bool = False,
        alpha: bool = False,
        store: Key | None = None,
        groups: bool | None = False,
    ) -> Any:
        """Sorts a list, set or sorted set; with ``groups``, the values of several ``get`` are tuples."""
        words: list[Any] = [b"SORT", name]
        if by is not None:
            words += (b"BY", by)
        if start is not None or num is not None:
            words += limit("start", start, "num", num)
        if get is not None:
            for pattern in (get,) if isinstance(get, STRINGS) else get:
                words += (b"GET", pattern)
        if desc:
            words.append(b"DESC")
        if alpha:
            words.append(b"ALPHA")
        if store is not None:
            words += (b"STORE", store)
        if not groups:
            return self._call(words)
        if not get or isinstance(get, STRINGS) or len(get) < 2:
            raise data_error("groups needs a list of at least two patterns in get")
        return self._call(words, groups_of(len(get)))

    def sort_ro(
        self,
        key: Key,
        start: int | None = None,
        num: int | None = None,
        by: Key | None = None,
        get: Any = None,
        desc: bool = False,
        alpha: bool = False,
    ) -> Any:
        """Sorts a list, set or sorted set; sent as SORT, as redis-py does."""
        return self.sort(key, start, num, by, get, desc, alpha)

    def restore(
        self,
        name: Key,
        ttl: int,
        value: Bytes,
        replace: bool = False,
        absttl: bool = False,
        idletime: int | None = None,
        frequency: int | None = None,
    ) -> Any:
        """Creates a key from what DUMP returned."""
        words: list[Any] = [b"RESTORE", name, ttl, value]
        if replace:
            words.append(b"REPLACE")
        if absttl:
            words.append(b"ABSTTL")
        for word, given in ((b"IDLETIME", idletime), (b"FREQ", frequency)):
            if given is not None:
                words += (word, _whole(word, given))
        return self._call(words)

    def migrate(
        self,
        host: str,
        port: int,
        keys: Keys,
        destination_db: int,
        timeout: int,
        copy: bool = False,
        replace: bool = False,
        auth: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Moves keys to another server."""
        names = listed(keys)
        if not names:
            raise data_error("MIGRATE needs at least one key")
        words: list[Any] = [b"MIGRATE", host, port, b"", destination_db, timeout]
        words += [word for word, given in ((b"COPY", copy), (b"REPLACE", replace)) if given]
        if auth:
            words += (b"AUTH", auth)
        return self._call([*words, b"KEYS", *names])


def _whole(word: bytes, value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        raise data_error(f"{word.decode()} needs an int, not {value!r}") from None

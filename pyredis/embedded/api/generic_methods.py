"""Generic methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.api_types import Expiry, Key, Moment, Pattern, Scan, Text
from pyredis.embedded.api.argument_forms import milliseconds, seconds, unix_milliseconds, unix_seconds
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import ok, scan


class GenericMethods(Caller):
    def copy(self, source: Key, destination: Key, destination_db: int | None = None, replace: bool = False) -> bool:
        """Copies a key's value and expiry to another key."""
        words: list[Any] = [b"COPY", source, destination]
        if destination_db is not None:
            words += (b"DB", destination_db)
        if replace:
            words.append(b"REPLACE")
        return self._call(words, bool)

    def delete(self, *names: Key) -> int:
        """Removes keys and returns how many of them existed."""
        return self._call((b"DEL", *names))

    def dump(self, name: Key) -> bytes | None:
        """Sends DUMP, which this server does not have."""
        return self._call((b"DUMP", name), None, False)

    def exists(self, *names: Key) -> int:
        """Returns how many of the given keys exist."""
        return self._call((b"EXISTS", *names))

    def expire(
        self, name: Key, time: Expiry, nx: bool = False, xx: bool = False, gt: bool = False, lt: bool = False
    ) -> bool:
        """Makes a key expire after a number of seconds."""
        words: list[Any] = [b"EXPIRE", name, seconds(time)]
        if nx:
            words.append(b"NX")
        if xx:
            words.append(b"XX")
        if gt:
            words.append(b"GT")
        if lt:
            words.append(b"LT")
        return self._call(words, bool)

    def expireat(
        self, name: Key, when: Moment, nx: bool = False, xx: bool = False, gt: bool = False, lt: bool = False
    ) -> bool:
        """Makes a key expire at a Unix time in seconds."""
        words: list[Any] = [b"EXPIREAT", name, unix_seconds(when)]
        if nx:
            words.append(b"NX")
        if xx:
            words.append(b"XX")
        if gt:
            words.append(b"GT")
        if lt:
            words.append(b"LT")
        return self._call(words, bool)

    def expiretime(self, key: Key) -> int:
        """Returns the Unix time, in seconds, at which a key expires."""
        return self._call((b"EXPIRETIME", key))

    def keys(self, pattern: Pattern = "*", **kwargs: Any) -> list[Text]:
        """Returns all keys of the database that match a pattern."""
        return self._call((b"KEYS", pattern))

    def move(self, name: Key, db: int) -> bool:
        """Moves a key to another database unless it already exists there."""
        return self._call((b"MOVE", name, db), bool)

    def object(self, infotype: str, key: Key, **kwargs: Any) -> Any:
        """Groups the commands that inspect how a key's value is stored and used."""
        return self._call((b"OBJECT", infotype, key))

    def persist(self, name: Key) -> bool:
        """Removes a key's expiry."""
        return self._call((b"PERSIST", name), bool)

    def pexpire(
        self, name: Key, time: Expiry, nx: bool = False, xx: bool = False, gt: bool = False, lt: bool = False
    ) -> bool:
        """Makes a key expire after a number of milliseconds."""
        words: list[Any] = [b"PEXPIRE", name, milliseconds(time)]
        if nx:
            words.append(b"NX")
        if xx:
            words.append(b"XX")
        if gt:
            words.append(b"GT")
        if lt:
            words.append(b"LT")
        return self._call(words, bool)

    def pexpireat(
        self, name: Key, when: Moment, nx: bool = False, xx: bool = False, gt: bool = False, lt: bool = False
    ) -> bool:
        """Makes a key expire at a Unix time in milliseconds."""
        words: list[Any] = [b"PEXPIREAT", name, unix_milliseconds(when)]
        if nx:
            words.append(b"NX")
        if xx:
            words.append(b"XX")
        if gt:
            words.append(b"GT")
        if lt:
            words.append(b"LT")
        return self._call(words, bool)

    def pexpiretime(self, key: Key) -> int:
        """Returns the Unix time, in milliseconds, at which a key expires."""
        return self._call((b"PEXPIRETIME", key))

    def pttl(self, name: Key) -> int:
        """Returns how many milliseconds remain until a key expires."""
        return self._call((b"PTTL", name))

    def randomkey(self, **kwargs: Any) -> Text | None:
        """Returns a randomly chosen key of the database."""
        return self._call((b"RANDOMKEY",))

    def rename(self, src: Key, dst: Key) -> bool:
        """Renames a key, replacing any key that has the new name."""
        return self._call((b"RENAME", src, dst), ok)

    def renamenx(self, src: Key, dst: Key) -> bool:
        """Renames a key unless the new name is taken."""
        return self._call((b"RENAMENX", src, dst), bool)

    def scan(
        self,
        cursor: int = 0,
        match: Pattern | None = None,
        count: int | None = None,
        _type: str | None = None,
        **kwargs: Any,
    ) -> Scan:
        """Iterates over the keys of the database, a few per call."""
        words: list[Any] = [b"SCAN", cursor]
        if match is not None:
            words += (b"MATCH", match)
        if count is not None:
            words += (b"COUNT", count)
        if _type is not None:
            words += (b"TYPE", _type)
        return self._call(words, scan)

    def touch(self, *args: Key) -> int:
        """Updates the access times of keys and returns how many of them exist."""
        return self._call((b"TOUCH", *args))

    def ttl(self, name: Key) -> int:
        """Returns how many seconds remain until a key expires."""
        return self._call((b"TTL", name))

    def type(self, name: Key) -> Text:
        """Returns the type of the value stored at a key."""
        return self._call((b"TYPE", name))

    def unlink(self, *names: Key) -> int:
        """Removes keys and frees large values on another thread."""
        return self._call((b"UNLINK", *names))

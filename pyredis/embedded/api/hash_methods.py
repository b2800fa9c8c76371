"""Hash methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.api_types import Key, Text, Value, Values
from pyredis.embedded.api.argument_forms import listed
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import flat_pairs


class HashMethods(Caller):
    def hdel(self, name: Key, *keys: Value) -> int:
        """Removes fields from a hash, and the key when no field is left."""
        return self._call((b"HDEL", name, *keys))

    def hexists(self, name: Key, key: Value) -> bool:
        """Returns whether a hash has a given field."""
        return self._call((b"HEXISTS", name, key), bool)

    def hexpiretime(self, key: Key, *fields: Value) -> Any:
        """Returns the Unix times, in seconds, at which fields of a hash expire."""
        return self._call((b"HEXPIRETIME", key, b"FIELDS", len(fields), *fields))

    def hget(self, name: Key, key: Value) -> Text | None:
        """Returns the value stored in one field of a hash."""
        return self._call((b"HGET", name, key))

    def hgetall(self, name: Key) -> dict[Text, Text]:
        """Returns all fields of a hash with their values."""
        return self._call((b"HGETALL", name))

    def hincrby(self, name: Key, key: Value, amount: int = 1) -> int:
        """Adds an integer to the one in a field of a hash; a missing field counts as 0."""
        return self._call((b"HINCRBY", name, key, amount))

    def hincrbyfloat(self, name: Key, key: Value, amount: float = 1.0) -> float:
        """Adds a floating-point number to the number in a field of a hash; a missing field counts as 0."""
        return self._call((b"HINCRBYFLOAT", name, key, amount), float)

    def hkeys(self, name: Key) -> list[Text]:
        """Returns the names of all fields of a hash."""
        return self._call((b"HKEYS", name))

    def hlen(self, name: Key) -> int:
        """Returns how many fields a hash has."""
        return self._call((b"HLEN", name))

    def hmget(self, name: Key, keys: Values, *args: Value) -> list[Text | None]:
        """Returns the values of several fields of a hash."""
        return self._call((b"HMGET", name, *listed(keys, args)))

    def hpersist(self, name: Key, *fields: Value) -> Any:
        """Removes the expiry of fields of a hash."""
        return self._call((b"HPERSIST", name, b"FIELDS", len(fields), *fields))

    def hpexpiretime(self, key: Key, *fields: Value) -> Any:
        """Returns the Unix times, in milliseconds, at which fields of a hash expire."""
        return self._call((b"HPEXPIRETIME", key, b"FIELDS", len(fields), *fields))

    def hpttl(self, key: Key, *fields: Value) -> Any:
        """Returns how many milliseconds remain until fields of a hash expire."""
        return self._call((b"HPTTL", key, b"FIELDS", len(fields), *fields))

    def hrandfield(self, key: Key, count: int | None = None, withvalues: bool = False) -> Any:
        """Returns randomly chosen fields of a hash, with their values if requested."""
        words: list[Any] = [b"HRANDFIELD", key]
        if count is not None:
            words.append(count)
        if withvalues:
            words.append(b"WITHVALUES")
        return self._call(words, flat_pairs if withvalues else None)

    def hsetnx(self, name: Key, key: Value, value: Value) -> int:
        """Sets a field of a hash unless it already exists."""
        return self._call((b"HSETNX", name, key, value))

    def hstrlen(self, name: Key, key: Value) -> int:
        """Returns the length in bytes of a field's value."""
        return self._call((b"HSTRLEN", name, key))

    def httl(self, key: Key, *fields: Value) -> Any:
        """Returns how many seconds remain until fields of a hash expire."""
        return self._call((b"HTTL", key, b"FIELDS", len(fields), *fields))

    def hvals(self, name: Key) -> list[Text]:
        """Returns all values of a hash, without the field names."""
        return self._call((b"HVALS", name))

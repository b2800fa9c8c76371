"""Set methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pyredis.embedded.api.api_types import Key, Keys, Members, Pattern, Scan, Value, Values
from pyredis.embedded.api.argument_forms import listed
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import listed_or_same, scan


class SetMethods(Caller):
    def sadd(self, name: Key, *values: Value) -> int:
        """Adds members to a set, creating the set if needed."""
        return self._call((b"SADD", name, *values))

    def scard(self, name: Key) -> int:
        """Returns how many members a set has."""
        return self._call((b"SCARD", name))

    def sdiff(self, keys: Keys, *args: Key) -> Members:
        """Returns the members of the first set that are in none of the others."""
        return self._call((b"SDIFF", *listed(keys, args)))

    def sdiffcard(self, numkeys: int, keys: Collection[Key], limit: int = 0) -> int:
        """Sends SDIFFCARD, which this server does not have."""
        return self._call((b"SDIFFCARD", numkeys, *keys, b"LIMIT", limit))

    def sdiffstore(self, dest: Key, keys: Keys, *args: Key) -> int:
        """Stores the members of the first set that are in none of the others."""
        return self._call((b"SDIFFSTORE", dest, *listed(keys, args)))

    def sinter(self, keys: Keys, *args: Key) -> Members:
        """Returns the members that all the sets have in common."""
        return self._call((b"SINTER", *listed(keys, args)))

    def sintercard(self, numkeys: int, keys: Collection[Key], limit: int = 0) -> int:
        """Counts the members that all the sets have in common, up to a limit."""
        return self._call((b"SINTERCARD", numkeys, *keys, b"LIMIT", limit))

    def sinterstore(self, dest: Key, keys: Keys, *args: Key) -> int:
        """Stores the members that all the sets have in common."""
        return self._call((b"SINTERSTORE", dest, *listed(keys, args)))

    def sismember(self, name: Key, value: Value) -> int:
        """Returns whether a set has a member."""
        return self._call((b"SISMEMBER", name, value))

    def smembers(self, name: Key) -> Members:
        """Returns every member of a set."""
        return self._call((b"SMEMBERS", name))

    def smismember(self, name: Key, values: Values, *args: Value) -> list[int]:
        """Returns, for each of several members, whether a set has it."""
        return self._call((b"SMISMEMBER", name, *listed(values, args)))

    def smove(self, src: Key, dst: Key, value: Value) -> bool:
        """Moves a member of one set into another."""
        return self._call((b"SMOVE", src, dst, value), bool)

    def spop(self, name: Key, count: int | None = None) -> Any:
        """Removes randomly chosen members from a set and returns them."""
        words: list[Any] = [b"SPOP", name]
        if count is not None:
            words.append(count)
        return self._call(words, listed_or_same)

    def srandmember(self, name: Key, number: int | None = None) -> Any:
        """Returns randomly chosen members of a set."""
        words: list[Any] = [b"SRANDMEMBER", name]
        if number is not None:
            words.append(number)
        return self._call(words)

    def srem(self, name: Key, *values: Value) -> int:
        """Removes members from a set, and the key when no member is left."""
        return self._call((b"SREM", name, *values))

    def sscan(self, name: Key, cursor: int = 0, match: Pattern | None = None, count: int | None = None) -> Scan:
        """Iterates over the members of a set, a few per call."""
        words: list[Any] = [b"SSCAN", name, cursor]
        if match is not None:
            words += (b"MATCH", match)
        if count is not None:
            words += (b"COUNT", count)
        return self._call(words, scan)

    def sunion(self, keys: Keys, *args: Key) -> Members:
        """Returns the members that at least one of the sets has."""
        return self._call((b"SUNION", *listed(keys, args)))

    def sunioncard(self, numkeys: int, keys: Collection[Key], limit: int = 0, approx: bool = False) -> int:
        """Sends SUNIONCARD, which this server does not have."""
        words: list[Any] = [b"SUNIONCARD", numkeys, *keys]
        if approx:
            words.append(b"APPROX")
        words.append(b"LIMIT")
        words.append(limit)
        return self._call(words)

    def sunionstore(self, dest: Key, keys: Keys, *args: Key) -> int:
        """Stores the members that at least one of the sets has."""
        return self._call((b"SUNIONSTORE", dest, *listed(keys, args)))

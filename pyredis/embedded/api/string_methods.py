"""String methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyredis.embedded.api.api_types import Expiry, Key, Text, Value
from pyredis.embedded.api.argument_forms import flat, milliseconds, seconds
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import flat_dict, ok


class StringMethods(Caller):
    def append(self, key: Key, value: Value) -> int:
        """Appends bytes to a string, creating the string if needed."""
        return self._call((b"APPEND", key, value))

    def decrby(self, name: Key, amount: int = 1) -> int:
        """Subtracts a number from the integer stored at a key; a missing key counts as 0."""
        return self._call((b"DECRBY", name, amount))

    def decr(self, name: Key, amount: int = 1) -> int:
        """Subtracts a number from the integer stored at a key; a missing key counts as 0."""
        return self._call((b"DECRBY", name, amount))

    def delex(
        self,
        name: Key,
        ifeq: Key | None = None,
        ifne: Key | None = None,
        ifdeq: str | None = None,
        ifdne: str | None = None,
    ) -> int:
        """Sends DELEX, which this server does not have."""
        words: list[Any] = [b"DELEX", name]
        if ifeq is not None:
            words += (b"IFEQ", ifeq)
        if ifne is not None:
            words += (b"IFNE", ifne)
        if ifdeq is not None:
            words += (b"IFDEQ", ifdeq)
        if ifdne is not None:
            words += (b"IFDNE", ifdne)
        return self._call(words)

    def digest(self, name: Key) -> Text | None:
        """Sends DIGEST, which this server does not have."""
        return self._call((b"DIGEST", name))

    def get(self, name: Key) -> Text | None:
        """Returns the string stored at a key."""
        return self._call((b"GET", name))

    def getdel(self, name: Key) -> Text | None:
        """Returns the string stored at a key and removes the key."""
        return self._call((b"GETDEL", name))

    def getrange(self, key: Key, start: int, end: int) -> Text:
        """Returns the part of a string between two offsets."""
        return self._call((b"GETRANGE", key, start, end))

    def getset(self, name: Key, value: Value) -> Text | None:
        """Stores a string and returns the one it replaces."""
        return self._call((b"GETSET", name, value))

    def incrby(self, name: Key, amount: int = 1) -> int:
        """Adds a number to the integer stored at a key; a missing key counts as 0."""
        return self._call((b"INCRBY", name, amount))

    def incr(self, name: Key, amount: int = 1) -> int:
        """Adds a number to the integer stored at a key; a missing key counts as 0."""
        return self._call((b"INCRBY", name, amount))

    def incrbyfloat(self, name: Key, amount: float = 1.0) -> float:
        """Adds a floating-point number to the number stored at a key; a missing key counts as 0."""
        return self._call((b"INCRBYFLOAT", name, amount), float)

    def lcs(
        self,
        key1: Key,
        key2: Key,
        len: bool = False,
        idx: bool = False,
        minmatchlen: int = 0,
        withmatchlen: bool = False,
    ) -> Any:
        """Finds the longest common subsequence of two strings."""
        words: list[Any] = [b"LCS", key1, key2]
        if len:
            words.append(b"LEN")
        if idx:
            words.append(b"IDX")
        if minmatchlen:
            words += (b"MINMATCHLEN", minmatchlen)
        if withmatchlen:
            words.append(b"WITHMATCHLEN")
        return self._call(words, flat_dict)

    def mset(self, mapping: Mapping[Any, Value]) -> bool:
        """Stores strings at several keys in one step."""
        return self._call((b"MSET", *flat(mapping)), ok)

    def msetnx(self, mapping: Mapping[Any, Value]) -> bool:
        """Stores strings at several keys in one step, unless any of the keys exists."""
        return self._call((b"MSETNX", *flat(mapping)), bool)

    def psetex(self, name: Key, time_ms: Expiry, value: Value) -> bool:
        """Stores a string at a key that expires after a number of milliseconds."""
        return self._call((b"PSETEX", name, milliseconds(time_ms), value), bool)

    def setex(self, name: Key, time: Expiry, value: Value) -> bool:
        """Stores a string at a key that expires after a number of seconds."""
        return self._call((b"SETEX", name, seconds(time), value), bool)

    def setnx(self, name: Key, value: Value) -> bool:
        """Stores a string at a key unless the key exists."""
        return self._call((b"SETNX", name, value), bool)

    def setrange(self, name: Key, offset: int, value: Value) -> int:
        """Overwrites part of a string from an offset on, filling any gap with zero bytes."""
        return self._call((b"SETRANGE", name, offset, value))

    def strlen(self, name: Key) -> int:
        """Returns the length of a string in bytes."""
        return self._call((b"STRLEN", name))

    def substr(self, name: Key, start: int, end: int = -1) -> Text:
        """Returns the part of a string between two offsets; an old name of GETRANGE."""
        return self._call((b"SUBSTR", name, start, end))

    def getbit(self, name: Key, offset: int) -> int:
        """Returns one bit of a string."""
        return self._call((b"GETBIT", name, offset))

    def setbit(self, name: Key, offset: int, value: Value) -> int:
        """Sets or clears one bit of a string, creating or extending the string as needed."""
        return self._call((b"SETBIT", name, offset, 1 if value else 0))

    def bitop(self, operation: str, dest: Key, *keys: Key) -> int:
        """Combines strings bit by bit with a logical operator and stores the result."""
        return self._call((b"BITOP", operation, dest, *keys))

    def pfadd(self, name: Key, *values: Value) -> int:
        """Adds elements to a HyperLogLog, creating it if needed."""
        return self._call((b"PFADD", name, *values))

    def pfcount(self, *sources: Key) -> int:
        """Estimates how many distinct elements were added to one HyperLogLog, or to several together."""
        return self._call((b"PFCOUNT", *sources))

    def pfmerge(self, dest: Key, *sources: Key) -> bool:
        """Merges several HyperLogLogs into one."""
        return self._call((b"PFMERGE", dest, *sources), ok)

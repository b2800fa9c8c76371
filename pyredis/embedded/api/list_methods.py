"""List methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.api_types import Key, Text, Value
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import ok


class ListMethods(Caller):
    def lindex(self, name: Key, index: int) -> Text | None:
        """Returns the element of a list at an index."""
        return self._call((b"LINDEX", name, index))

    def linsert(self, name: Key, where: str, refvalue: Value, value: Value) -> int:
        """Inserts an element into a list, before or after another element."""
        return self._call((b"LINSERT", name, where, refvalue, value))

    def llen(self, name: Key) -> int:
        """Returns how many elements a list has."""
        return self._call((b"LLEN", name))

    def lmove(self, first_list: Key, second_list: Key, src: str = "LEFT", dest: str = "RIGHT") -> Text | None:
        """Moves an element from one end of a list to an end of another."""
        return self._call((b"LMOVE", first_list, second_list, src, dest))

    def lpop(self, name: Key, count: int | None = None) -> Any:
        """Pops elements from the front of a list, and removes the key when the list is empty."""
        words: list[Any] = [b"LPOP", name]
        if count is not None:
            words.append(count)
        return self._call(words)

    def lpos(
        self, name: Key, value: Value, rank: int | None = None, count: int | None = None, maxlen: int | None = None
    ) -> Any:
        """Returns the index or indexes at which an element occurs in a list."""
        words: list[Any] = [b"LPOS", name, value]
        if rank is not None:
            words += (b"RANK", rank)
        if count is not None:
            words += (b"COUNT", count)
        if maxlen is not None:
            words += (b"MAXLEN", maxlen)
        return self._call(words)

    def lpush(self, name: Key, *values: Value) -> int:
        """Inserts elements at the front of a list, creating the list if needed."""
        return self._call((b"LPUSH", name, *values))

    def lpushx(self, name: Key, *values: Value) -> int:
        """Inserts elements at the front of a list if the list exists."""
        return self._call((b"LPUSHX", name, *values))

    def lrange(self, name: Key, start: int, end: int) -> list[Text]:
        """Returns the elements of a list between two indexes."""
        return self._call((b"LRANGE", name, start, end))

    def lrem(self, name: Key, count: int, value: Value) -> int:
        """Removes occurrences of an element from a list, and the key when the list is empty."""
        return self._call((b"LREM", name, count, value))

    def lset(self, name: Key, index: int, value: Value) -> bool:
        """Replaces the element of a list at an index."""
        return self._call((b"LSET", name, index, value), ok)

    def ltrim(self, name: Key, start: int, end: int) -> bool:
        """Trims a list to the elements between two indexes."""
        return self._call((b"LTRIM", name, start, end), ok)

    def rpop(self, name: Key, count: int | None = None) -> Any:
        """Pops elements from the end of a list, and removes the key when the list is empty."""
        words: list[Any] = [b"RPOP", name]
        if count is not None:
            words.append(count)
        return self._call(words)

    def rpoplpush(self, src: Key, dst: Key) -> Text | None:
        """Moves the last element of a list to the front of another."""
        return self._call((b"RPOPLPUSH", src, dst))

    def rpush(self, name: Key, *values: Value) -> int:
        """Appends elements to a list, creating the list if needed."""
        return self._call((b"RPUSH", name, *values))

    def rpushx(self, name: Key, *values: Value) -> int:
        """Appends elements to a list if the list exists."""
        return self._call((b"RPUSHX", name, *values))

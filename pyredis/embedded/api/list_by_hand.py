"""The methods of lists that no row of `method_table` describes."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.api_types import Key, Keys, Number, Text
from pyredis.embedded.api.argument_forms import listed
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.conversions import pair_or_none


class ListByHand(Caller):
    def blpop(self, keys: Keys, timeout: Number | None = 0) -> tuple[Text, Text] | None:
        """Waits for an element of one of several lists, and returns its key and the first element."""
        return self._call((b"BLPOP", *listed(keys), timeout or 0), pair_or_none)

    def brpop(self, keys: Keys, timeout: Number | None = 0) -> tuple[Text, Text] | None:
        """Waits for an element of one of several lists, and returns its key and the last element."""
        return self._call((b"BRPOP", *listed(keys), timeout or 0), pair_or_none)

    def brpoplpush(self, src: Key, dst: Key, timeout: Number | None = 0) -> Text | None:
        """Waits for an element of a list, and moves the last one to the front of another list."""
        return self._call((b"BRPOPLPUSH", src, dst, timeout or 0))

    def blmove(
        self, first_list: Key, second_list: Key, timeout: Number, src: str = "LEFT", dest: str = "RIGHT"
    ) -> Text | None:
        """Waits for an element of a list, and moves it from one end to an end of another list."""
        return self._call((b"BLMOVE", first_list, second_list, src, dest, timeout))

    def lmpop(self, num_keys: int, *args: Key, direction: str, count: int | None = 1) -> Any:
        """Returns the key of the first list that is not empty, and elements from one of its ends."""
        more = () if count == 1 else (b"COUNT", count)
        return self._call((b"LMPOP", num_keys, *args, direction, *more))

    def blmpop(self, timeout: Number, numkeys: int, *args: Key, direction: str, count: int | None = 1) -> Any:
        """Waits for an element of one of several lists, and returns its key and elements from one of its ends."""
        return self._call((b"BLMPOP", timeout, numkeys, *args, direction, b"COUNT", count))

    def lmovem(
        self,
        first_list: Key,
        second_list: Key,
        src: str = "LEFT",
        dest: str = "RIGHT",
        count: int | None = None,
        mode: str | None = None,
        ordering: str | None = None,
    ) -> Any:
        """Sends LMOVEM, which this server does not have."""
        return self._call((b"LMOVEM", first_list, second_list, src, dest, *_moved(count, mode, ordering)))

    def blmovem(
        self,
        first_list: Key,
        second_list: Key,
        timeout: Number,
        src: str = "LEFT",
        dest: str = "RIGHT",
        count: int | None = None,
        mode: str | None = None,
        ordering: str | None = None,
    ) -> Any:
        """Sends BLMOVEM, which this server does not have."""
        return self._call((b"BLMOVEM", first_list, second_list, src, dest, timeout, *_moved(count, mode, ordering)))


def _moved(count: int | None, mode: str | None, ordering: str | None) -> tuple[Any, ...]:
    if count is None:
        if mode is not None or ordering is not None:
            raise data_error("mode and ordering can only be given with count")
        return ()
    if ordering is None:
        raise data_error("count needs ordering, OBO or BULK")
    return mode or "COUNT", count, ordering

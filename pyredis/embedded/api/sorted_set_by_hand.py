"""The methods of sorted sets that no row of `method_table` describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyredis.embedded.api.api_types import Cast, Key, Keys, Number, Ranked, Text, Value, Weights
from pyredis.embedded.api.argument_forms import aggregate_words, end_of, limit, listed, one_of, several
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.conversions import pair_or_none, popped_from, scored


class SortedSetByHand(Caller):
    def zadd(
        self,
        name: Key,
        mapping: Mapping[Any, Value],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        incr: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> int | float | None:
        """Adds members with their scores, and returns how many are new, or with ``incr`` the new score."""
        if not mapping:
            raise data_error("ZADD needs at least one member and its score")
        words: list[Any] = [b"ZADD", name]
        if nx or xx or ch or incr or gt or lt:
            words += _conditions(mapping, nx, xx, ch, incr, gt, lt)
        for member, score in mapping.items():
            words += (score, member)
        return self._call(words)

    def zrange(
        self,
        name: Key,
        start: Value,
        end: Value,
        desc: bool = False,
        withscores: bool = False,
        score_cast_func: Cast = float,
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> Ranked:
        """Returns members by rank, by score or in the order of their bytes."""
        if not (desc or byscore or bylex) and offset is None and num is None:
            words: list[Any] = [b"ZRANGE", name, start, end]
        else:
            words = [b"ZRANGE", name, start, end, *_range(desc, byscore, bylex, withscores, offset, num)]
        if not withscores:
            return self._call(words)
        words.append(b"WITHSCORES")
        return self._call(words, scored(score_cast_func))

    def zrangestore(
        self,
        dest: Key,
        name: Key,
        start: Value,
        end: Value,
        byscore: bool = False,
        bylex: bool = False,
        desc: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> int:
        """Stores members by rank, by score or in the order of their bytes in another sorted set."""
        words = _range(desc, byscore, bylex, False, offset, num)
        return self._call((b"ZRANGESTORE", dest, name, start, end, *words))

    def zinter(self, keys: Weights, aggregate: str | None = None, withscores: bool = False) -> Ranked:
        """Returns the members that all sorted sets have."""
        return self._combined(b"ZINTER", keys, aggregate, withscores, float)

    def zunion(
        self,
        keys: Weights,
        aggregate: str | None = None,
        withscores: bool = False,
        score_cast_func: Cast = float,
    ) -> Ranked:
        """Returns the members of all sorted sets."""
        return self._combined(b"ZUNION", keys, aggregate, withscores, score_cast_func)

    def _combined(self, command: bytes, keys: Weights, aggregate: str | None, withscores: bool, cast: Cast) -> Any:
        words = [command, *aggregate_words(keys, aggregate)]
        if not withscores:
            return self._call(words)
        words.append(b"WITHSCORES")
        return self._call(words, scored(cast))

    def zinterstore(self, dest: Key, keys: Weights, aggregate: str | None = None) -> int:
        """Stores the members that all sorted sets have in another one."""
        return self._call([b"ZINTERSTORE", dest, *aggregate_words(keys, aggregate)])

    def zunionstore(self, dest: Key, keys: Weights, aggregate: str | None = None) -> int:
        """Stores the members of all sorted sets in another one."""
        return self._call([b"ZUNIONSTORE", dest, *aggregate_words(keys, aggregate)])

    def zmscore(self, key: Key, members: list[Any]) -> list[float | None]:
        """Returns the scores of several members."""
        if not members:
            raise data_error("ZMSCORE needs at least one member")
        return self._call((b"ZMSCORE", key, *several(members)))

    def bzpopmax(self, keys: Keys, timeout: Value | None = 0) -> tuple[Text, Text, float] | None:
        """Waits for a member of one of several sorted sets, and returns its key and the one with the highest score."""
        return self._call((b"BZPOPMAX", *listed(keys), 0 if timeout is None else timeout), pair_or_none)

    def bzpopmin(self, keys: Keys, timeout: Value | None = 0) -> tuple[Text, Text, float] | None:
        """Waits for a member of one of several sorted sets, and returns its key and the one with the lowest score."""
        return self._call((b"BZPOPMIN", *listed(keys), 0 if timeout is None else timeout), pair_or_none)

    def zmpop(
        self,
        num_keys: int,
        keys: Iterable[Key],
        min: bool | None = False,
        max: bool | None = False,
        count: int | None = 1,
    ) -> Any:
        """Removes members from the first sorted set that is not empty, and returns its key and them."""
        more = () if count == 1 else (b"COUNT", count)
        return self._call((b"ZMPOP", num_keys, *several(keys), end_of(min, max), *more), popped_from)

    def bzmpop(
        self,
        timeout: Number,
        numkeys: int,
        keys: Iterable[Key],
        min: bool | None = False,
        max: bool | None = False,
        count: int | None = 1,
    ) -> Any:
        """Waits for a member of one of several sorted sets, and removes members as `zmpop` does."""
        words = (b"BZMPOP", timeout, numkeys, *keys, end_of(min, max), b"COUNT", count)
        return self._call(words, popped_from)


def _conditions(
    mapping: Mapping[Any, Value], nx: bool, xx: bool, ch: bool, incr: bool, gt: bool, lt: bool
) -> list[bytes]:
    """Returns the words of ZADD's options."""
    if incr and len(mapping) != 1:
        raise data_error("incr needs exactly one member")
    one_of("nx and xx", nx or None, xx or None)
    one_of("nx, gt and lt", nx or None, gt or None, lt or None)
    options = ((b"NX", nx), (b"XX", xx), (b"CH", ch), (b"INCR", incr), (b"GT", gt), (b"LT", lt))
    return [word for word, given in options if given]


def _range(desc: bool, byscore: bool, bylex: bool, withscores: bool, offset: int | None, num: int | None) -> list[Any]:
    """Returns the words of ZRANGE's options, except WITHSCORES."""
    one_of("byscore and bylex", byscore or None, bylex or None)
    one_of("bylex and withscores", bylex or None, withscores or None)
    options = ((b"BYSCORE", byscore), (b"BYLEX", bylex), (b"REV", desc))
    words: list[Any] = [word for word, given in options if given]
    if offset is not None or num is not None:
        words += limit("offset", offset, "num", num)
    return words

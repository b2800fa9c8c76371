"""Sorted set methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pyredis.embedded.api.api_types import Bound, Cast, Key, Pairs, Pattern, Ranked, Text, Value
from pyredis.embedded.api.argument_forms import limit
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import flat_scores, popped, ranked, scan_scores, scored


class SortedSetMethods(Caller):
    def zcard(self, name: Key) -> int:
        """Returns how many members a sorted set has."""
        return self._call((b"ZCARD", name))

    def zcount(self, name: Key, min: Bound, max: Bound) -> int:
        """Counts the members of a sorted set whose scores are within a range."""
        return self._call((b"ZCOUNT", name, min, max))

    def zdiff(self, keys: Collection[Key], withscores: bool = False) -> Any:
        """Returns the members of the first set that are in none of the others."""
        words: list[Any] = [b"ZDIFF", len(keys), *keys]
        if withscores:
            words.append(b"WITHSCORES")
        return self._call(words, flat_scores if withscores else None)

    def zdiffstore(self, dest: Key, keys: Collection[Key]) -> int:
        """Stores the members of the first set that are in none of the others."""
        return self._call((b"ZDIFFSTORE", dest, len(keys), *keys))

    def zincrby(self, name: Key, amount: float, value: Value) -> float | None:
        """Adds a number to a member's score; a missing member is added with that number as its score."""
        return self._call((b"ZINCRBY", name, amount, value))

    def zintercard(self, numkeys: int, keys: Collection[Key], limit: int = 0) -> int:
        """Counts the members that all the sets have in common, up to a limit."""
        return self._call((b"ZINTERCARD", numkeys, *keys, b"LIMIT", limit))

    def zlexcount(self, name: Key, min: Value, max: Value) -> int:
        """Counts the members within a lexicographic range of a sorted set whose scores are all equal."""
        return self._call((b"ZLEXCOUNT", name, min, max))

    def zpopmax(self, name: Key, count: int | None = None) -> Pairs:
        """Pops the members with the highest scores from a sorted set."""
        words: list[Any] = [b"ZPOPMAX", name]
        if count is not None:
            words.append(count)
        return self._call(words, popped)

    def zpopmin(self, name: Key, count: int | None = None) -> Pairs:
        """Pops the members with the lowest scores from a sorted set."""
        words: list[Any] = [b"ZPOPMIN", name]
        if count is not None:
            words.append(count)
        return self._call(words, popped)

    def zrandmember(self, key: Key, count: int | None = None, withscores: bool = False) -> Any:
        """Returns randomly chosen members of a sorted set, with their scores if requested."""
        words: list[Any] = [b"ZRANDMEMBER", key]
        if count is not None:
            words.append(count)
        if withscores:
            words.append(b"WITHSCORES")
        return self._call(words, flat_scores if withscores else None)

    def zrangebylex(
        self, name: Key, min: Value, max: Value, start: int | None = None, num: int | None = None
    ) -> list[Text]:
        """Returns the members within a lexicographic range of a sorted set whose scores are all equal."""
        words: list[Any] = [b"ZRANGEBYLEX", name, min, max]
        if start is not None or num is not None:
            words += limit("start", start, "num", num)
        return self._call(words)

    def zrangebyscore(
        self,
        name: Key,
        min: Bound,
        max: Bound,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
        score_cast_func: Cast = float,
    ) -> Ranked:
        """Returns the members of a sorted set whose scores are within a range."""
        words: list[Any] = [b"ZRANGEBYSCORE", name, min, max]
        if start is not None or num is not None:
            words += limit("start", start, "num", num)
        if withscores:
            words.append(b"WITHSCORES")
        return self._call(words, scored(score_cast_func) if withscores else None)

    def zrank(self, name: Key, value: Value, withscore: bool = False, score_cast_func: Cast = float) -> Any:
        """Returns the rank of a member, counted from the lowest score."""
        words: list[Any] = [b"ZRANK", name, value]
        if withscore:
            words.append(b"WITHSCORE")
        return self._call(words, ranked(score_cast_func) if withscore else None)

    def zrem(self, name: Key, *values: Value) -> int:
        """Removes members from a sorted set, and the key when no member is left."""
        return self._call((b"ZREM", name, *values))

    def zremrangebylex(self, name: Key, min: Value, max: Value) -> int:
        """Removes the members within a lexicographic range of a sorted set whose scores are all equal."""
        return self._call((b"ZREMRANGEBYLEX", name, min, max))

    def zremrangebyrank(self, name: Key, min: int, max: int) -> int:
        """Removes the members of a sorted set within a range of ranks."""
        return self._call((b"ZREMRANGEBYRANK", name, min, max))

    def zremrangebyscore(self, name: Key, min: Bound, max: Bound) -> int:
        """Removes the members of a sorted set whose scores are within a range."""
        return self._call((b"ZREMRANGEBYSCORE", name, min, max))

    def zrevrange(
        self, name: Key, start: int, end: int, withscores: bool = False, score_cast_func: Cast = float
    ) -> Ranked:
        """Returns the members within a range of ranks, counted from the highest score."""
        words: list[Any] = [b"ZREVRANGE", name, start, end]
        if withscores:
            words.append(b"WITHSCORES")
        return self._call(words, scored(score_cast_func) if withscores else None)

    def zrevrangebylex(
        self, name: Key, max: Value, min: Value, start: int | None = None, num: int | None = None
    ) -> list[Text]:
        """Returns the members within a lexicographic range, in reverse order, of a set with equal scores."""
        words: list[Any] = [b"ZREVRANGEBYLEX", name, max, min]
        if start is not None or num is not None:
            words += limit("start", start, "num", num)
        return self._call(words)

    def zrevrangebyscore(
        self,
        name: Key,
        max: Bound,
        min: Bound,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
        score_cast_func: Cast = float,
    ) -> Ranked:
        """Returns the members whose scores are within a range, in order of descending score."""
        words: list[Any] = [b"ZREVRANGEBYSCORE", name, max, min]
        if start is not None or num is not None:
            words += limit("start", start, "num", num)
        if withscores:
            words.append(b"WITHSCORES")
        return self._call(words, scored(score_cast_func) if withscores else None)

    def zrevrank(self, name: Key, value: Value, withscore: bool = False, score_cast_func: Cast = float) -> Any:
        """Returns the rank of a member, counted from the highest score."""
        words: list[Any] = [b"ZREVRANK", name, value]
        if withscore:
            words.append(b"WITHSCORE")
        return self._call(words, ranked(score_cast_func) if withscore else None)

    def zscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Pattern | None = None,
        count: int | None = None,
        score_cast_func: Cast = float,
    ) -> tuple[int, Pairs]:
        """Iterates over the members of a sorted set, a few per call."""
        words: list[Any] = [b"ZSCAN", name, cursor]
        if match is not None:
            words += (b"MATCH", match)
        if count is not None:
            words += (b"COUNT", count)
        return self._call(words, scan_scores(score_cast_func))

    def zscore(self, name: Key, value: Value) -> float | None:
        """Returns the score of one member."""
        return self._call((b"ZSCORE", name, value))

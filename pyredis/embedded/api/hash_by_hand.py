"""The methods of hashes that no row of `method_table` describes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from pyredis.embedded.api.api_types import Expiry, Key, Moment, Pattern, Text, Value
from pyredis.embedded.api.argument_forms import (
    condition,
    expiry,
    flat,
    milliseconds,
    seconds,
    unix_milliseconds,
    unix_seconds,
)
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.conversions import scan, scan_fields


def _pairs(what: str, key: Any, value: Any, mapping: Any, items: Any) -> list[Any]:
    """Returns fields and values in turn, from all the ways in which they can be given."""
    if key is None and not mapping and not items:
        raise data_error(f"{what} needs at least one field and its value")
    pairs = list(items) if items else []
    if key is not None:
        pairs += (key, value)
    return pairs + flat(mapping) if mapping else pairs


class HashByHand(Caller):
    def hset(
        self,
        name: Key,
        key: Value | None = None,
        value: Value | None = None,
        mapping: Mapping[Any, Value] | None = None,
        items: list[Any] | None = None,
    ) -> int:
        """Sets fields, and returns how many of them are new."""
        if key is not None and mapping is None and items is None:
            return self._call((b"HSET", name, key, value))
        if mapping and key is None and not items:
            words: list[Any] = [b"HSET", name]
            words += chain.from_iterable(mapping.items())
            return self._call(words)
        return self._call((b"HSET", name, *_pairs("hset", key, value, mapping, items)))

    def hmset(self, name: Key, mapping: Mapping[Any, Value]) -> bool:
        """Sets fields."""
        if not mapping:
            raise data_error("hmset needs at least one field and its value")
        return self._call((b"HMSET", name, *flat(mapping)), bool)

    def hsetex(
        self,
        name: Key,
        key: Value | None = None,
        value: Value | None = None,
        mapping: Mapping[Any, Value] | None = None,
        items: list[Any] | None = None,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        exat: Moment | None = None,
        pxat: Moment | None = None,
        data_persist_option: Any = None,
        keepttl: bool = False,
    ) -> int:
        """Sets fields with an expiry, all or none of them."""
        if items and len(items) % 2:
            raise data_error("items needs a value for each field")
        pairs = _pairs("hsetex", key, value, mapping, items)
        words: list[Any] = [b"HSETEX", name, *expiry(ex, px, exat, pxat, keepttl)]
        if data_persist_option:
            words.append(data_persist_option.value)
        return self._call([*words, b"FIELDS", len(pairs) // 2, *pairs])

    def hgetdel(self, name: Key, *keys: Value) -> list[Text | None]:
        """Returns fields and removes them."""
        if not keys:
            raise data_error("hgetdel needs at least one field")
        return self._call((b"HGETDEL", name, b"FIELDS", len(keys), *keys))

    def hgetex(
        self,
        name: Key,
        *keys: Value,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        exat: Moment | None = None,
        pxat: Moment | None = None,
        persist: bool = False,
    ) -> list[Text | None]:
        """Returns fields, and sets or removes their expiry."""
        if not keys:
            raise data_error("hgetex needs at least one field")
        words = [b"HGETEX", name, *expiry(ex, px, exat, pxat, persist, b"PERSIST")]
        return self._call([*words, b"FIELDS", len(keys), *keys])

    def hexpire(
        self,
        name: Key,
        seconds: Expiry,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Any:
        """Lets fields expire after some seconds."""
        return self._call(_expire(b"HEXPIRE", name, _seconds(seconds), condition(nx, xx, gt, lt), fields))

    def hpexpire(
        self,
        name: Key,
        milliseconds: Expiry,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Any:
        """Lets fields expire after some milliseconds."""
        return self._call(_expire(b"HPEXPIRE", name, _milliseconds(milliseconds), condition(nx, xx, gt, lt), fields))

    def hexpireat(
        self,
        name: Key,
        unix_time_seconds: Moment,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Any:
        """Lets fields expire at a Unix time in seconds."""
        at = unix_seconds(unix_time_seconds)
        return self._call(_expire(b"HEXPIREAT", name, at, condition(nx, xx, gt, lt), fields))

    def hpexpireat(
        self,
        name: Key,
        unix_time_milliseconds: Moment,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Any:
        """Lets fields expire at a Unix time in milliseconds."""
        at = unix_milliseconds(unix_time_milliseconds)
        return self._call(_expire(b"HPEXPIREAT", name, at, condition(nx, xx, gt, lt), fields))

    def hscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Pattern | None = None,
        count: int | None = None,
        no_values: bool | None = None,
    ) -> tuple[int, Any]:
        """Returns the next cursor and some fields: a dict, or a list with ``no_values``."""
        words: list[Any] = [b"HSCAN", name, cursor]
        if match is not None:
            words += (b"MATCH", match)
        if count is not None:
            words += (b"COUNT", count)
        if no_values is not None:
            words.append(b"NOVALUES")
        return self._call(words, scan if no_values else scan_fields)


# The parameters of the methods have the names of these functions.
_seconds = seconds
_milliseconds = milliseconds


def _expire(command: bytes, name: Key, time: Any, words: tuple[bytes, ...], fields: tuple[Value, ...]) -> list[Any]:
    return [command, name, time, *words, b"FIELDS", len(fields), *fields]

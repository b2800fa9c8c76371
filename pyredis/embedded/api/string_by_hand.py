"""The methods of strings that no row of `method_table` describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyredis.embedded.api.api_types import Expiry, Key, Keys, Moment, Text, Value
from pyredis.embedded.api.argument_forms import chosen, expiry, flat, listed, one_of
from pyredis.embedded.api.bit_fields import BitFieldOperation
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.conversions import algorithm_result, ok_or_none


def _empty(reply: Any) -> list[Any]:
    return []


class StringByHand(Caller):
    def set(
        self,
        name: Key,
        value: Value,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        nx: bool = False,
        xx: bool = False,
        keepttl: bool = False,
        get: bool = False,
        exat: Moment | None = None,
        pxat: Moment | None = None,
        ifeq: Key | None = None,
        ifne: Key | None = None,
        ifdeq: str | None = None,
        ifdne: str | None = None,
    ) -> Any:
        """Sets a string; None if a condition does not hold, and the old value with ``get``."""
        words: list[Any] = [b"SET", name, value]
        if nx or xx or ifeq is not None or ifne is not None or ifdeq is not None or ifdne is not None:
            words += _set_condition(nx, xx, ifeq, ifne, ifdeq, ifdne)
        if get:
            words.append(b"GET")
        if ex is not None or px is not None or keepttl or exat is not None or pxat is not None:
            words += expiry(ex, px, exat, pxat, keepttl)
        return self._call(words, None if get else ok_or_none)

    def getex(
        self,
        name: Key,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        exat: Moment | None = None,
        pxat: Moment | None = None,
        persist: bool = False,
    ) -> Text | None:
        """Returns a string, and sets or removes the key's expiry."""
        return self._call((b"GETEX", name, *expiry(ex, px, exat, pxat, persist, b"PERSIST")))

    def mget(self, keys: Keys, *args: Key) -> list[Text | None]:
        """Returns the strings of several keys; without a key, an empty list."""
        words = [b"MGET", *listed(keys, args)]
        # The server refuses MGET without a key; the result must come from a call all the same, as in any method.
        return self._call(words) if len(words) > 1 else self._call((b"ECHO", b""), _empty)

    def msetex(
        self,
        mapping: Mapping[Any, Value],
        data_persist_option: Any = None,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        exat: Moment | None = None,
        pxat: Moment | None = None,
        keepttl: bool = False,
    ) -> int:
        """Sends MSETEX, which this server does not have."""
        words = [b"MSETEX", len(mapping), *flat(mapping)]
        if data_persist_option:
            words.append(data_persist_option.value)
        words += expiry(ex, px, exat, pxat, keepttl)
        return self._call(words)

    def increx(
        self,
        name: Key,
        *,
        byfloat: float | None = None,
        byint: int | None = None,
        lbound: float | None = None,
        ubound: float | None = None,
        saturate: bool = False,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        exat: Moment | None = None,
        pxat: Moment | None = None,
        persist: bool = False,
        enx: bool = False,
    ) -> Any:
        """Sends INCREX, which this server does not have."""
        one_of("byfloat and byint", byfloat, byint)
        if enx and ex is None and px is None and exat is None and pxat is None:
            raise data_error("enx needs ex, px, exat or pxat")
        words: list[Any] = [b"INCREX", name]
        for word, given in ((b"BYFLOAT", byfloat), (b"BYINT", byint), (b"LBOUND", lbound), (b"UBOUND", ubound)):
            if given is not None:
                words += (word, given)
        if saturate:
            words.append(b"SATURATE")
        words += expiry(ex, px, exat, pxat, persist, b"PERSIST")
        if enx:
            words.append(b"ENX")
        return self._call(words)

    def bitcount(self, key: Key, start: int | None = None, end: int | None = None, mode: str | None = None) -> int:
        """Counts the bits that are set, in a range of bytes or bits if one is given."""
        words: list[Any] = [b"BITCOUNT", key]
        if start is not None or end is not None:
            if start is None or end is None:
                raise data_error("start and end can only be given together")
            words += (start, end)
        if mode is not None:
            words.append(mode)
        return self._call(words)

    def bitpos(
        self, key: Key, bit: int, start: int | None = None, end: int | None = None, mode: str | None = None
    ) -> int:
        """Returns the place of the first bit that is set, or clear."""
        words: list[Any] = [b"BITPOS", key, chosen("bit", bit, (0, 1))]
        if start is not None:
            words.append(start)
            if end is not None:
                words.append(end)
        elif end is not None:
            raise data_error("end can only be given with start")
        if mode is not None:
            words.append(mode)
        return self._call(words)

    def bitfield(self, key: Key, default_overflow: str | None = None) -> BitFieldOperation:
        """Returns an object that collects operations on integers inside a string, and sends them."""
        return BitFieldOperation(self, key, default_overflow)

    def bitfield_ro(
        self, key: Key, encoding: str, offset: int | str, items: list[tuple[str, int | str]] | None = None
    ) -> list[int]:
        """Reads integers inside a string."""
        words: list[Any] = [b"BITFIELD_RO", key, b"GET", encoding, offset]
        for each_encoding, each_offset in items or ():
            words += (b"GET", each_encoding, each_offset)
        return self._call(words)

    def stralgo(
        self,
        algo: str,
        value1: Key,
        value2: Key,
        specific_argument: str = "strings",
        len: bool = False,
        idx: bool = False,
        minmatchlen: int | None = None,
        withmatchlen: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Sends STRALGO, which this server does not have; `lcs` is its successor."""
        chosen("algo", algo, ("LCS",))
        chosen("specific_argument", specific_argument, ("keys", "strings"))
        one_of("len and idx", len or None, idx or None)
        words: list[Any] = [b"STRALGO", algo, specific_argument.upper(), value1, value2]
        words += [word for word, given in ((b"LEN", len), (b"IDX", idx)) if given]
        if minmatchlen is not None:
            words += (b"MINMATCHLEN", minmatchlen)
        if withmatchlen:
            words.append(b"WITHMATCHLEN")
        return self._call(words, algorithm_result)


def _set_condition(nx: bool, xx: bool, ifeq: Any, ifne: Any, ifdeq: Any, ifdne: Any) -> tuple[Any, ...]:
    """Returns the words of the one condition of SET."""
    one_of("nx, xx, ifeq, ifne, ifdeq and ifdne", nx or None, xx or None, ifeq, ifne, ifdeq, ifdne)
    if nx or xx:
        return (b"NX" if nx else b"XX",)
    options = ((b"IFEQ", ifeq), (b"IFNE", ifne), (b"IFDEQ", ifdeq), (b"IFDNE", ifdne))
    return next((word, given) for word, given in options if given is not None)

"""From the arguments of the methods to the words of a command.

Every function raises DataError for what cannot be a command, as redis-py does, unless it says otherwise.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from pyredis.embedded.api.client_errors import data_error

STRINGS = (bytes, str, bytearray, memoryview)
UNITS = ("m", "km", "mi", "ft")


class Encoder:
    """Turns arguments into bytes and bytes into str, by the encoding of the database."""

    __slots__ = ("decode_responses", "encoding", "encoding_errors")

    def __init__(
        self, encoding: str = "utf-8", encoding_errors: str = "strict", decode_responses: bool = False
    ) -> None:
        self.encoding = encoding
        self.encoding_errors = encoding_errors
        self.decode_responses = decode_responses

    def encode(self, value: Any) -> Any:
        """Returns bytes; raises DataError for what cannot be a word of a command."""
        if isinstance(value, bytes | bytearray | memoryview):
            return value
        if isinstance(value, str):
            return value.encode(self.encoding, self.encoding_errors)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return repr(value).encode()
        raise data_error(f"an argument of a command is bytes, str, int or float, not {type(value).__name__}")

    def decode(self, value: Any, force: bool = False) -> Any:
        """Returns bytes as str, if the database decodes or ``force`` is true; anything else unchanged."""
        if not (self.decode_responses or force):
            return value
        if isinstance(value, memoryview):
            value = value.tobytes()
        return value.decode(self.encoding, self.encoding_errors) if isinstance(value, bytes) else value


def listed(first: Any, more: Iterable[Any] | None = None) -> list[Any]:
    """Returns one list of both arguments; ``first`` may be one value or an iterable of values."""
    values = [first] if isinstance(first, STRINGS) or not hasattr(first, "__iter__") else list(first)
    if more:
        values.extend(more)
    return values


def several(values: Iterable[Any]) -> Iterable[Any]:
    """Returns the values unchanged. Raises TypeError for one string, whose characters would be the values."""
    if isinstance(values, STRINGS):
        raise TypeError(f"a list is needed, not one {type(values).__name__}")
    return values


def flat(mapping: Mapping[Any, Any]) -> list[Any]:
    """Returns keys and values in turn."""
    return list(chain.from_iterable(mapping.items()))


def seconds(time: Any) -> Any:
    return int(time.total_seconds()) if isinstance(time, timedelta) else time


def milliseconds(time: Any) -> Any:
    return int(time.total_seconds() * 1000) if isinstance(time, timedelta) else time


def unix_seconds(moment: Any) -> Any:
    return int(moment.timestamp()) if isinstance(moment, datetime) else moment


def unix_milliseconds(moment: Any) -> Any:
    return int(moment.timestamp() * 1000) if isinstance(moment, datetime) else moment


def one_of(names: str, *given: Any) -> None:
    """Checks that at most one of the options is given: neither None nor False."""
    found = False
    for each in given:
        if each is not None and each is not False:
            if found:
                raise data_error(f"only one of {names} can be given")
            found = True


def expiry(ex: Any, px: Any, exat: Any, pxat: Any, other: Any = False, word: bytes = b"KEEPTTL") -> tuple[Any, ...]:
    """Returns the words of an expiry; ``other`` is a flag that excludes it, with its ``word``."""
    if ex is not None:
        found = b"EX", int(ex) if isinstance(ex, str) and ex.isdigit() else _duration("ex", seconds(ex))
        others = px is not None or exat is not None or pxat is not None or other
    elif px is not None:
        found = b"PX", _duration("px", milliseconds(px))
        others = exat is not None or pxat is not None or other
    elif exat is not None:
        found = b"EXAT", unix_seconds(exat)
        others = pxat is not None or other
    elif pxat is not None:
        found = b"PXAT", unix_milliseconds(pxat)
        others = other
    else:
        return (word,) if other else ()
    if others:
        raise data_error(f"only one of ex, px, exat, pxat and {word.decode().lower()} can be given")
    return found


def _duration(name: str, value: Any) -> int:
    if not isinstance(value, int):
        raise data_error(f"{name} is an int or a timedelta, not {type(value).__name__}")
    return value


def limit(first_name: str, first: Any, count_name: str, count: Any) -> tuple[Any, ...]:
    """Returns the words of LIMIT."""
    if first is None or count is None:
        raise data_error(f"{first_name} and {count_name} can only be given together")
    return b"LIMIT", first, count


def condition(nx: Any, xx: Any, gt: Any, lt: Any) -> tuple[bytes, ...]:
    """Returns the word of the one condition that is true; raises ValueError for more than one."""
    if not (nx or xx or gt or lt):
        return ()
    words = tuple(word for word, given in ((b"NX", nx), (b"XX", xx), (b"GT", gt), (b"LT", lt)) if given)
    if len(words) > 1:
        raise ValueError("only one of nx, xx, gt, lt can be true")
    return words


def whole(name: str, value: Any, least: int) -> str:
    """Returns the digits of an int that is not less than ``least``."""
    if not isinstance(value, int) or value < least:
        raise data_error(f"{name} is an int, at least {least}, not {value!r}")
    return str(value)


def chosen(name: str, value: Any, choices: Iterable[Any]) -> Any:
    """Returns ``value``, which must be one of the choices."""
    if value not in choices:
        raise data_error(f"{name} is one of {', '.join(map(str, choices))}, not {value!r}")
    return value


def end_of(min: Any, max: Any) -> bytes:
    """Returns the word for the end of a sorted set from which members are taken."""
    if bool(min) == bool(max):
        raise data_error("either min or max must be true, not both")
    return b"MIN" if min else b"MAX"


def aggregate_words(keys: Any, aggregate: Any) -> list[Any]:
    """Returns the words for the keys of a union or an intersection, with their weights if ``keys`` is a dict."""
    words = [len(keys), *keys]
    if isinstance(keys, dict) and keys:
        words += (b"WEIGHTS", *keys.values())
    if aggregate:
        words += (b"AGGREGATE", chosen("aggregate", aggregate.upper(), ("SUM", "MIN", "MAX", "COUNT")))
    return words

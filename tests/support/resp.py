"""A strict reader of RESP2 and RESP3 replies that keeps the bytes as received.

Every comparison depends on it, so it accepts nothing malformed: a bare CR or LF, a length with a plus sign or a leading
zero, or a boolean that is neither ``t`` nor ``f`` raises `MalformedReply`. It reads one frame at a time from any source
that has ``readline() -> bytes`` (up to and including CRLF) and ``readexactly(n) -> bytes``.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any, Protocol

SIMPLE, ERROR, INTEGER, BULK, ARRAY = "+", "-", ":", "$", "*"
NULL, DOUBLE, BOOLEAN, BLOB_ERROR, VERBATIM = "_", ",", "#", "!", "="
BIG_NUMBER, MAP, SET, ATTRIBUTE, PUSH = "(", "%", "~", "|", ">"

INTEGER_TEXT = re.compile(rb"-?(0|[1-9][0-9]*)")
DOUBLE_TEXT = re.compile(rb"-?(inf|[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?)|nan")


class MalformedReply(Exception):
    """The server sent something that is not RESP."""


class ErrorText(str):
    """An error reply's text; it never equals a status or bulk string of the same text."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ErrorText) and str.__eq__(self, other)

    __hash__ = str.__hash__


class Source(Protocol):
    def readline(self) -> bytes: ...
    def readexactly(self, count: int) -> bytes: ...


@dataclass
class Reply:
    """One frame. ``value`` is bytes for scalars, None for nulls, a flat list of Reply for aggregates."""

    kind: str
    value: Any
    raw: bytes
    attributes: list["Reply"] = field(default_factory=list)

    @property
    def is_aggregate(self) -> bool:
        return isinstance(self.value, list)

    @property
    def is_error(self) -> bool:
        return self.kind in (ERROR, BLOB_ERROR)

    @property
    def decoded(self) -> Any:
        """Plain Python: str for statuses, bytes for bulks, ErrorText for errors, dict for maps, list for the rest."""
        if self.value is None:
            return None
        if self.kind == MAP:
            return dict(self.pairs())
        if self.is_aggregate:
            return [item.decoded for item in self.value]
        return SCALARS[self.kind](self.value)

    def pairs(self) -> list[tuple[Any, Any]]:
        """The elements as pairs; keys that Python cannot hash become their raw bytes."""
        keys = [item.raw if item.is_aggregate else item.decoded for item in self.value[::2]]
        return list(zip(keys, (item.decoded for item in self.value[1::2]), strict=True))


SCALARS = {
    SIMPLE: lambda text: text.decode("utf-8", "surrogateescape"),
    ERROR: lambda text: ErrorText(text.decode("utf-8", "surrogateescape")),
    BLOB_ERROR: lambda text: ErrorText(text.decode("utf-8", "surrogateescape")),
    INTEGER: int,
    BIG_NUMBER: int,
    DOUBLE: float,
    BOOLEAN: lambda text: text == b"t",
    BULK: bytes,
    VERBATIM: lambda text: text[4:],
}


def read_reply(source: Source) -> Reply:
    """Read exactly one frame, with the attributes that precede it."""
    line = source.readline()
    kind, rest = chr(line[0]), _line_body(line)
    if kind in (SIMPLE, ERROR):
        return Reply(kind, rest, line)
    if kind in LINE_CHECKS:
        return Reply(kind, LINE_CHECKS[kind](rest), line)
    if kind in (BULK, VERBATIM, BLOB_ERROR):
        return _read_blob(source, kind, rest, line)
    if kind in (ARRAY, MAP, SET, PUSH):
        return _read_aggregate(source, kind, rest, line)
    if kind == ATTRIBUTE:
        return _read_attributed(source, rest, line)
    raise MalformedReply(f"unknown reply type in {line[:80]!r}")


def _line_body(line: bytes) -> bytes:
    body = line[1:-2]
    if not line.endswith(b"\r\n") or b"\r" in body or b"\n" in body:
        raise MalformedReply(f"a line must end in CRLF and hold neither: {line[:80]!r}")
    return body


def _integer(text: bytes) -> bytes:
    if not INTEGER_TEXT.fullmatch(text) or text == b"-0":
        raise MalformedReply(f"not an integer: {text[:80]!r}")
    return text


def _double(text: bytes) -> bytes:
    if not DOUBLE_TEXT.fullmatch(text) or (text != b"nan" and math.isnan(float(text))):
        raise MalformedReply(f"not a double: {text[:80]!r}")
    return text


def _boolean(text: bytes) -> bytes:
    if text not in (b"t", b"f"):
        raise MalformedReply(f"not a boolean: {text[:80]!r}")
    return text


def _null(text: bytes) -> None:
    if text:
        raise MalformedReply(f"a null carries nothing: {text[:80]!r}")


LINE_CHECKS = {INTEGER: _integer, BIG_NUMBER: _integer, DOUBLE: _double, BOOLEAN: _boolean, NULL: _null}


def _length(text: bytes, nullable: bool) -> int:
    length = int(_integer(text))
    if length < (-1 if nullable else 0):
        raise MalformedReply(f"not a length: {text[:80]!r}")
    return length


def _read_blob(source: Source, kind: str, rest: bytes, line: bytes) -> Reply:
    length = _length(rest, nullable=kind == BULK)
    if length < 0:
        return Reply(kind, None, line)
    body = source.readexactly(length + 2)
    if body[-2:] != b"\r\n":
        raise MalformedReply(f"a blob of {length} bytes does not end in CRLF: {body[-20:]!r}")
    if kind == VERBATIM and body[3:4] != b":":
        raise MalformedReply(f"a verbatim string needs a three letter format: {body[:20]!r}")
    return Reply(kind, body[:-2], line + body)


def _read_aggregate(source: Source, kind: str, rest: bytes, line: bytes) -> Reply:
    length = _length(rest, nullable=kind == ARRAY)
    if length < 0:
        return Reply(kind, None, line)
    items = [read_reply(source) for _ in range(length * 2 if kind == MAP else length)]
    return Reply(kind, items, line + b"".join(item.raw for item in items))


def _read_attributed(source: Source, rest: bytes, line: bytes) -> Reply:
    attributes = [read_reply(source) for _ in range(2 * _length(rest, nullable=False))]
    reply = read_reply(source)
    reply.raw = line + b"".join(item.raw for item in attributes) + reply.raw
    reply.attributes = attributes + reply.attributes
    return reply

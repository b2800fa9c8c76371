"""The part of HTTP/1.1 that scrapers and probes use: requests without a body, answered one after the other."""

import re
from typing import NamedTuple

# Bytes of a request, from its method to the empty line.
MOST_HEAD = 8192
END = b"\r\n\r\n"

_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) ([!-~]{1,4096}) HTTP/(\d)\.(\d)")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


class HttpError(Exception):
    """A request that gets an error and the end of its connection. ``status`` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Request(NamedTuple):
    """A request. ``path`` is without the query; ``lasting`` is whether the connection stays open after it."""

    method: str
    path: str
    lasting: bool


class Answer(NamedTuple):
    """A response. HEAD gets it without the body."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    more: tuple[str, ...] = ()


def take_request(buffer: bytearray) -> Request | None:
    """Removes a request from the buffer; None if it is incomplete. Raises HttpError, as early as it can."""
    # A client may send an empty line after the request before this one.
    while buffer.startswith(b"\r\n"):
        del buffer[:2]
    end = buffer.find(END, 0, MOST_HEAD)
    if end < 0:
        if len(buffer) >= MOST_HEAD:
            raise HttpError(431, "the request is too long")
        line, complete, _ = bytes(buffer).partition(b"\r\n")
        if complete:
            parse_line(line)
        return None
    head = bytes(buffer[:end])
    del buffer[: end + len(END)]
    return parse_request(head)


def parse_line(line: bytes) -> tuple[str, str, bool]:
    """Returns method, path and whether the version is 1.1. Raises HttpError."""
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise HttpError(400, "this port speaks HTTP")
    method, target, major, minor = found.groups()
    if major != b"1":
        raise HttpError(505, "this port speaks version 1.1 of HTTP")
    path = re.sub(rb"^http://[^/?]*", b"", target).partition(b"?")[0]
    return method.decode(), path.decode() or "/", minor != b"0"


def parse_request(head: bytes) -> Request:
    """Returns the request with this head, which is without the empty line. Raises HttpError."""
    first, *lines = head.split(b"\r\n")
    method, path, modern = parse_line(first)
    headers: dict[bytes, bytes] = {}
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise HttpError(400, "a header is not valid")
        name = found[1].lower()
        headers[name] = headers[name] + b"," + found[2] if name in headers else found[2]
    if b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0":
        raise HttpError(413, "this port accepts no body")
    if modern and b"host" not in headers:
        raise HttpError(400, "a request needs the header Host")
    options = {option.strip().lower() for option in headers.get(b"connection", b"").split(b",")}
    lasting = b"close" not in options if modern else b"keep-alive" in options
    return Request(method, path, lasting)


def response(answer: Answer, lasting: bool, with_body: bool = True) -> bytes:
    """Returns the bytes of a response."""
    head = [
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"Connection: {'keep-alive' if lasting else 'close'}",
        *answer.more,
    ]
    return "\r\n".join([*head, "", ""]).encode() + (answer.body if with_body else b"")

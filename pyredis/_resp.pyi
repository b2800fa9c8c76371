"""The wire as Python sees it: for tools and tests. Native code uses ``_resp.pxd``."""

from typing import Any

class ProtocolError(Exception):
    """A request that breaks the protocol; its text is what follows ``-ERR Protocol error: ``."""

class RequestParser:
    """The parser with a buffer of its own. Lengths are bytes."""

    def __init__(self, max_bulk: int = ..., authenticated: bool = True) -> None: ...
    def feed(self, data: bytes) -> list[list[bytes]]:
        """The requests that became whole. Raises ProtocolError, after which the parser is of no more use."""

def encode_reply(value: Any, protocol: int = 2) -> bytes:
    """The bytes of one reply, for a value of the vocabulary of ``pyredis.replies``; protocol 2 or 3."""

def benchmark_parser(data: bytes, rounds: int) -> int:
    """Parses ``data``, whole requests, ``rounds`` times over; returns the number of requests parsed."""

"""The protocol for Python code: tools and tests. Native code uses ``_resp.pxd``."""

from typing import Any

class ProtocolError(ValueError):
    """A request that violates the protocol; its text is the one after ``-ERR Protocol error: ``."""

class RequestParser:
    """The parser with a buffer of its own. Lengths are in bytes."""

    def __init__(self, max_bulk: int = ..., authenticated: bool = True) -> None: ...
    def feed(self, data: bytes) -> list[list[bytes]]:
        """Returns the requests that are now complete. Raises ProtocolError; the parser must not be used after that."""

def encode_reply(value: Any, protocol: int = 2) -> bytes:
    """Returns the bytes of one reply, for any value of ``pyredis.replies``; protocol 2 or 3."""

def benchmark_parser(data: bytes, rounds: int) -> int:
    """Parses ``data``, complete requests, ``rounds`` times; returns the number of requests parsed."""

"""A client that shows the raw bytes: it sends exactly what it is given and reads one frame at a time.

There is no pooling, retrying or reconnecting: a closed connection is a result, reported as `ConnectionClosed`.
"""

import contextlib
import math
import select
import socket
import time
from collections.abc import Iterable
from typing import Any

from support.resp import PUSH, Reply, read_reply

# Seconds. Only a faulty server takes this long: even a busy machine is not so slow.
TIMEOUT = 90.0

Argument = bytes | str | int | float


class ConnectionClosed(ConnectionError):
    """The server closed the connection; ``received`` holds the bytes that had arrived but were not read."""

    def __init__(self, received: bytes) -> None:
        super().__init__(f"the server closed the connection; unread: {received[:200]!r}")
        self.received = received


def encode_argument(argument: Argument) -> bytes:
    if isinstance(argument, bytes):
        return argument
    if isinstance(argument, float):
        return repr(argument).encode()
    return str(argument).encode("utf-8", "surrogateescape")


def encode_command(*arguments: Argument) -> bytes:
    """The command as a multibulk request."""
    encoded = [encode_argument(argument) for argument in arguments]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%b\r\n" % (len(item), item) for item in encoded)


class RawClient:
    """One connection. ``address`` is a (host, port) pair or the path of a unix socket."""

    def __init__(self, address: tuple[str, int] | str, timeout: float = TIMEOUT) -> None:
        self.socket = self._connect(address, timeout)
        self._buffer = bytearray()
        self._position = 0

    @staticmethod
    def _connect(address: tuple[str, int] | str, timeout: float) -> socket.socket:
        if isinstance(address, tuple):
            connection = socket.create_connection(address, timeout)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        connection.connect(address)
        return connection

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def reset_connection(self) -> None:
        """Close with an RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    # Sending.

    def send_bytes(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_slowly(self, chunks: Iterable[bytes]) -> None:
        """Send each chunk in a segment of its own (TCP_NODELAY); the server may still read several at once."""
        for chunk in chunks:
            self.socket.sendall(chunk)

    def send(self, *arguments: Argument) -> None:
        self.socket.sendall(encode_command(*arguments))

    # Reading: the source that `read_reply` needs, over a buffer consumed by position.

    def _fill(self) -> None:
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            data = b""
        if not data:
            raise ConnectionClosed(bytes(self._buffer[self._position :]))
        if self._position:
            del self._buffer[: self._position]
            self._position = 0
        self._buffer += data

    def _take(self, count: int) -> bytes:
        end = self._position + count
        data = bytes(self._buffer[self._position : end])
        self._position = end
        return data

    def readline(self) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\n", self._position + searched)) < 0:
            searched = len(self._buffer) - self._position
            self._fill()
        return self._take(end + 1 - self._position)

    def readexactly(self, count: int) -> bytes:
        while len(self._buffer) - self._position < count:
            self._fill()
        return self._take(count)

    def read(self, skip_push: bool = False) -> Reply:
        """Read the next frame; with `skip_push`, the next one that is not a push."""
        reply = read_reply(self)
        while skip_push and reply.kind == PUSH:
            reply = read_reply(self)
        return reply

    def read_to_end(self) -> bytes:
        """Read everything until the server closes the connection."""
        while True:
            try:
                self._fill()
            except ConnectionClosed as closed:
                self._position = len(self._buffer)
                return closed.received

    def is_silent(self, seconds: float) -> bool:
        """Return true if nothing is buffered and nothing arrives for `seconds` (end of file counts as arrival)."""
        if self._position < len(self._buffer):
            return False
        return not select.select([self.socket], [], [], seconds)[0]

    # Both.

    def call(self, *arguments: Argument) -> Reply:
        """Send one command, read one frame."""
        self.send(*arguments)
        return self.read()

    def do(self, *arguments: Argument) -> Any:
        """`call`, decoded."""
        return self.call(*arguments).decoded

    def must(self, *arguments: Argument) -> Any:
        """`do` for a step that has to succeed: an error reply raises AssertionError."""
        reply = self.call(*arguments)
        assert not reply.is_error, f"{arguments}: {reply.decoded}"
        return reply.decoded

    def pipeline(self, commands: Iterable[Iterable[Argument]]) -> list[Reply]:
        """Send all commands in one write, then read as many frames. The data must fit in both socket buffers."""
        encoded = [encode_command(*command) for command in commands]
        self.socket.sendall(b"".join(encoded))
        return [self.read() for _ in encoded]

    def hello(self, protocol: int) -> None:
        if protocol != 2:
            self.must("HELLO", protocol)


def wait_until(condition: Any, what: str, timeout: float = TIMEOUT, interval: float = 0.01) -> Any:
    """Poll `condition` until it returns a true value, and return that; raise AssertionError after `timeout`.

    Polls are counted, not seconds: if the machine stalls, the server stalls too.
    """
    for _ in range(math.ceil(timeout / interval)):
        if value := condition():
            return value
        time.sleep(interval)
    raise AssertionError(f"timed out after {timeout} s waiting for {what}")


def now_ms() -> int:
    """The clock in whole milliseconds, as servers read it, so a time a server reports is between two readings."""
    return time.time_ns() // 1_000_000


def can_connect(address: tuple[str, int] | str) -> bool:
    with contextlib.suppress(OSError), RawClient(address, timeout=1):
        return True
    return False

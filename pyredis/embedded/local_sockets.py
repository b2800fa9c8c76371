"""A client in process in the place of a socket: what redis-py's parsers read, and its connections write.

A request is a list or tuple of its words, and is executed when it is written. Replies are bytes, which redis-py parses
as if they came from a server: so results, errors and messages are the same in every version of it.
"""

from __future__ import annotations

import asyncio
import errno
from _thread import allocate_lock
from asyncio import IncompleteReadError
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from pyredis.embedded.handle import cancel_again, wake
from pyredis.shell.local_client import ClientClosed
from pyredis.shell.local_stream import LocalStream
from pyredis.wire.reply_objects import ReplyParser


class RawRequests:
    """Takes apart requests that were packed into bytes, by a ``command_packer`` for example."""

    def __init__(self) -> None:
        self._parser = ReplyParser()

    def feed(self, data: bytes) -> list[list[bytes]]:
        if data[:1] != b"*" and not self._parser.under_way:
            return [line.split() for line in data.splitlines() if line.strip()]
        # A request is an array of bulk strings, in form the same as a reply.
        return self._parser.feed(data)


class Sending:
    """The half that executes requests."""

    def __init__(self, stream: LocalStream) -> None:
        self.stream = stream
        self._raw: RawRequests | None = None

    def send(self, request: Sequence[Any] | bytes) -> None:
        """Executes a request. Raises ConnectionResetError if the client has been closed."""
        if isinstance(request, (tuple, list)):
            self._request(request)
            return
        self._raw = self._raw or RawRequests()
        for words in self._raw.feed(bytes(request)):
            self._request(words)

    def _request(self, words: Sequence[Any]) -> None:
        try:
            self.stream.request(words)
        except ClientClosed as error:
            raise ConnectionResetError(errno.ECONNRESET, str(error)) from None
        except RuntimeError as error:
            if self.stream.closed:
                raise ConnectionResetError(errno.ECONNRESET, str(error)) from None
            raise


class LocalSocket(Sending):
    """What a connection without an event loop has as its socket."""

    def __init__(self, stream: LocalStream, timeout: float | None) -> None:
        super().__init__(stream)
        self._timeout = self._usual_timeout = timeout

    def sendall(self, request: Sequence[Any] | bytes) -> None:
        self.send(request)

    def recv(self, size: int = -1) -> bytes:
        """Returns everything that has arrived, or waits for something. Returns no bytes when the client is closed."""
        self._wait_as_socket()
        return self.stream.take()

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        self._wait_as_socket()
        return self.stream.take_into(buffer)

    def _wait_as_socket(self) -> None:
        if self.stream.readable or self._wait(self._timeout, self._timeout == self._usual_timeout):
            return
        if self._timeout == 0:
            raise BlockingIOError(errno.EWOULDBLOCK, "nothing has arrived")
        raise TimeoutError("timed out")

    def wait(self, timeout: float | None) -> bool:
        """Waits for something to read, for so many seconds. Returns whether there is something, or the end."""
        return self._wait(timeout, last=False)

    def _wait(self, timeout: float | None, last: bool) -> bool:
        """As `wait`. If it is the ``last`` time, since redis-py then disconnects, a command that waits is abandoned."""
        if self.stream.readable:
            return True
        if timeout is not None and timeout <= 0:
            return False
        try:
            ticket = self.stream.await_message()
        except ClientClosed:
            return True
        if ticket is None:
            return True
        arrived = allocate_lock()
        arrived.acquire()
        if not ticket.call_when_done(arrived.release):
            return True
        try:
            if arrived.acquire(timeout=-1 if timeout is None else timeout):
                return True
        except BaseException:
            self.stream.give_up(ticket)
            raise
        return not (self.stream.give_up(ticket) if last else self.stream.abandon(ticket, arrived.release))

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        return self._timeout

    def shutdown(self, how: int) -> None:
        self.stream.close()

    def close(self) -> None:
        self.stream.close()

    def getsockname(self) -> str:
        return ""

    def getpeername(self) -> str:
        return ""


class LocalReader:
    """What a connection of redis.asyncio has as its stream reader."""

    def __init__(self, stream: LocalStream) -> None:
        self.stream = stream
        self._buffer = bytearray()

    @property
    def readable(self) -> bool:
        return bool(self._buffer) or self.stream.readable

    def at_eof(self) -> bool:
        return not self._buffer and self.stream.at_end

    async def read(self, size: int = -1) -> bytes:
        """Returns everything that has arrived, or waits for something. Returns no bytes when the client is closed."""
        if not self._buffer:
            if not self.stream.readable:
                await self._arrival()
            return self.stream.take()
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    async def readline(self) -> bytes:
        """Returns a line, or what there is of it when the client is closed."""
        end = self._buffer.find(b"\n")
        while end < 0:
            if not await self._more():
                return self._cut(len(self._buffer))
            end = self._buffer.find(b"\n")
        return self._cut(end + 1)

    async def readexactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not await self._more():
                raise IncompleteReadError(self._cut(len(self._buffer)), size)
        return self._cut(size)

    async def _more(self) -> bool:
        if not self.stream.readable:
            await self._arrival()
        data = self.stream.take()
        self._buffer += data
        return bool(data)

    def _cut(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    async def _arrival(self) -> None:
        """Returns when something has arrived, or the client is closed.

        If the task is cancelled, a command that waits for keys is abandoned. If its reply has arrived before that, the
        task reads it, and is cancelled at its next wait: so nothing that has been taken from a key is lost.
        """
        try:
            ticket = self.stream.await_message()
        except ClientClosed:
            return
        if ticket is None:
            return
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not ticket.call_when_done(partial(wake, loop, future)):
            return
        try:
            await future
        except asyncio.CancelledError:
            if self.stream.give_up(ticket):
                raise
            loop.call_soon(cancel_again, asyncio.current_task())


class LocalWriter(Sending):
    """What a connection of redis.asyncio has as its stream writer."""

    def write(self, request: Sequence[Any] | bytes) -> None:
        self.send(request)

    def writelines(self, requests: Iterable[Sequence[Any] | bytes]) -> None:
        for request in requests:
            self.send(request)

    async def drain(self) -> None:
        """Returns at once: what was written has been executed."""

    def close(self) -> None:
        self.stream.close()

    def is_closing(self) -> bool:
        return self.stream.closed

    async def wait_closed(self) -> None:
        """Returns at once."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

"""The HTTP port, on the server's own loop: ``/metrics``, ``/healthz`` and ``/readyz``.

It runs on the loop because the numbers may only be read there, and because a thread that formats them would hold the
interpreter for up to five milliseconds at a time, in which no client is served. The numbers are read and written in
slices of half a millisecond. Requests that arrive while a page is written get that page.

Whoever connects is bounded: a request has 8 KiB and ten seconds, a connection without a request a few minutes, and
a response ten seconds to be read. There are at most sixteen connections. For one more, another is closed: one that is
idle, else one that does not send or read, else the new one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from pyredis.host.listeners import ListenError, Listeners
from pyredis.telemetry.exposition import CONTENT_TYPE, Exposition, in_slices
from pyredis.telemetry.families import Families
from pyredis.telemetry.http_requests import Answer, HttpError, Request, response, take_request
from pyredis.telemetry.readings import steps

if TYPE_CHECKING:
    from pyredis.telemetry.watched import Watched

MOST_CONNECTIONS = 16
BACKLOG = 16
# Seconds: for a request to arrive, for a response to be read, and without any request. Prometheus keeps its connections
# for longer than the longest usual interval between two scrapes.
REQUEST_SECONDS = 10.0
RESPONSE_SECONDS = 10.0
IDLE_SECONDS = 300.0

INDEX = b"/metrics  the server's numbers, for Prometheus\n/healthz  200 while the server's loop runs\n"
INDEX += b"/readyz   200 while the server serves reads and writes\n"


class HttpPort:
    """The listeners and connections of one server. Raises MissingExtra."""

    def __init__(self, server: Watched, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.loop = loop
        # In the order in which they were opened or last got a response.
        self.connections: dict[HttpConnection, None] = {}
        self._exposition = Exposition()
        self._listeners = Listeners(loop, self._connection, BACKLOG, server.log.warning)
        self._page: asyncio.Task[bytes] | None = None

    async def listen(self) -> None:
        """Returns when connections are accepted. Raises ListenError."""
        config = self.server.config
        self._listeners.open_tcp(config["metrics-bind"], config["metrics-port"])
        if not self._listeners:
            raise ListenError(0, "none of the addresses of metrics-bind exists")
        await self._listeners.serving()

    def close(self) -> None:
        self._listeners.close()
        for connection in list(self.connections):
            connection.abort()

    def _connection(self) -> HttpConnection:
        return HttpConnection(self)

    def opened(self, connection: HttpConnection) -> None:
        self.connections[connection] = None
        if len(self.connections) > MOST_CONNECTIONS:
            min(self.connections, key=lambda each: each.activity).abort()

    def used(self, connection: HttpConnection) -> None:
        """Moves a connection to the end."""
        if connection in self.connections:
            del self.connections[connection]
            self.connections[connection] = None

    def closed(self, connection: HttpConnection) -> None:
        self.connections.pop(connection, None)

    # ---- answers ----

    async def answer(self, request: Request) -> Answer:
        if request.method not in ("GET", "HEAD"):
            return Answer(405, b"only GET and HEAD\n", more=("Allow: GET, HEAD",))
        if request.path == "/metrics":
            return Answer(200, await self.page(), CONTENT_TYPE)
        if request.path == "/healthz":
            return Answer(200, b"ok\n")
        if request.path == "/readyz":
            reason = self.server.unreadiness
            return Answer(503, f"{reason}\n".encode()) if reason else Answer(200, b"ok\n")
        return Answer(200, INDEX) if request.path == "/" else Answer(404, b"try /metrics\n")

    async def page(self) -> bytes:
        if self._page is None:
            self._page = self.loop.create_task(self._write_page())
        # A client that is gone must not cancel the page of the others.
        return await asyncio.shield(self._page)

    async def _write_page(self) -> bytes:
        try:
            families, texts = Families(), list[bytes]()
            await in_slices(steps(self.server, families))
            await in_slices(self._exposition.steps(families.values(), texts))
            return b"".join(texts)
        finally:
            self._page = None


class HttpConnection(asyncio.Protocol):
    """One connection: a request, its response, the next request."""

    def __init__(self, port: HttpPort) -> None:
        self.port = port
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answering: asyncio.Task[None] | None = None
        # Whether a part of the next request has arrived; its time runs from the first byte.
        self._begun = True
        self._working = False
        self._drained = asyncio.Event()
        self._drained.set()

    @property
    def activity(self) -> int:
        """0 without a request, 1 while one is awaited or a response is sent, 2 while the server works on one."""
        return 2 if self._working else int(self._begun or self._answering is not None)

    # ---- called by the loop ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have no base class.
        self._transport = cast("asyncio.Transport", transport)
        # Then the loop reports whatever the client has not accepted at once.
        self._transport.set_write_buffer_limits(high=0)
        self.port.opened(self)
        self._await(REQUEST_SECONDS)

    def data_received(self, data: bytes) -> None:
        if not self._begun and self._answering is None:
            self._begun = True
            self._await(REQUEST_SECONDS)
        self._buffer += data
        self._next()

    def pause_writing(self) -> None:
        self._drained.clear()

    def resume_writing(self) -> None:
        self._drained.set()

    def eof_received(self) -> bool:
        """Keeps the connection until a request that is complete is answered."""
        return self._answering is not None

    def connection_lost(self, error: Exception | None) -> None:
        self._cancel_timer()
        self._transport = None
        if self._answering is not None:
            self._answering.cancel()
        self.port.closed(self)

    # ---- requests ----

    def _next(self) -> None:
        """Answers the next request, if it is complete; nothing more is read meanwhile."""
        if self._answering is not None or self._transport is None or self._transport.is_closing():
            return
        try:
            request = take_request(self._buffer)
        except HttpError as error:
            self._refuse(error)
            return
        if request is not None:
            self._cancel_timer()
            self._working = True
            self._transport.pause_reading()
            self._answering = self.port.loop.create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            answer = await self.port.answer(request)
        except Exception as error:  # noqa: BLE001 - logged; the server serves its other clients
            self.port.server.report_exception(f"Error while answering {request.path} on the metrics port", error)
            answer = Answer(500, b"the log says why\n")
        self._working = False
        self.port.used(self)
        if self._transport is None:
            return
        self._await(RESPONSE_SECONDS)
        lasting = request.lasting and answer.status != 500
        self._transport.write(response(answer, lasting, request.method != "HEAD"))
        await self._drained.wait()
        self._answering = None
        if not lasting or self._transport is None or self._transport.is_closing():
            self._close()
            return
        self._begun = bool(self._buffer)
        self._await(REQUEST_SECONDS if self._begun else IDLE_SECONDS)
        self._transport.resume_reading()
        self._next()

    def _refuse(self, error: HttpError) -> None:
        assert self._transport is not None
        self._transport.write(response(Answer(error.status, f"{error}\n".encode()), lasting=False))
        self._close()

    # ---- time ----

    def _await(self, seconds: float) -> None:
        """Closes the connection unless something happens within so many seconds."""
        self._cancel_timer()
        self._timer = self.port.loop.call_later(seconds, self._expired)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expired(self) -> None:
        if self._transport is None:
            return
        if self._answering is None and self._buffer and not self._transport.is_closing():
            self._refuse(HttpError(408, "the request did not arrive in time"))
        else:
            self.abort()

    def _close(self) -> None:
        """Closes the connection when what was written has been sent, or after a while."""
        if self._transport is not None:
            self._transport.close()
            self._await(RESPONSE_SECONDS)

    def abort(self) -> None:
        self.port.closed(self)
        if self._transport is not None:
            self._transport.abort()

"""What a server does for those who watch it: the HTTP port, the export by OpenTelemetry, each only if it is turned on.

Their modules and libraries are imported only then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from pyredis.host.listeners import ListenError
from pyredis.telemetry.extras import MissingExtra

if TYPE_CHECKING:
    from pyredis.telemetry.http_port import HttpPort
    from pyredis.telemetry.opentelemetry_export import OpenTelemetryExport
    from pyredis.telemetry.watched import Watched


class TelemetryError(Exception):
    """The server cannot be watched as its configuration says; the text says why."""


class Telemetry:
    """The watching of one server."""

    def __init__(self, server: Watched) -> None:
        self._server = server
        self._port: HttpPort | None = None
        self._export: OpenTelemetryExport | None = None
        self._finish: Callable[[], None] | None = None

    async def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listens and exports as far as that is turned on. Raises TelemetryError."""
        config = self._server.config
        try:
            if config["metrics-port"]:
                await self._listen(loop)
            if config["otel-metrics"]:
                from pyredis.telemetry.opentelemetry_export import OpenTelemetryExport

                self._export = OpenTelemetryExport(self._server, loop)
        except MissingExtra as error:
            raise TelemetryError(str(error)) from error
        except ListenError as error:
            raise TelemetryError(f"Failed listening on metrics-port {config['metrics-port']}, aborting.") from error

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        from pyredis.telemetry.http_port import HttpPort

        self._port = HttpPort(self._server, loop)
        await self._port.listen()

    def close(self) -> None:
        """Closes the port, and begins the last export."""
        if self._port is not None:
            self._port.close()
            self._port = None
        if self._export is not None:
            self._finish = self._export.close()
            self._export = None

    async def finished(self) -> None:
        """Returns when the last export has ended, or has taken too long."""
        if self._finish is not None:
            finish, self._finish = self._finish, None
            await asyncio.to_thread(finish)

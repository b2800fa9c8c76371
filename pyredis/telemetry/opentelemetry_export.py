"""Exports the metrics by OpenTelemetry's SDK, under the same names, with the labels as attributes.

The SDK is configured by its own environment variables (``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_RESOURCE_ATTRIBUTES``,
``OTEL_METRIC_EXPORT_INTERVAL``, …). It collects in a thread of its own. The first instrument that it asks has the
numbers read in the thread of the server's loop; all others report the same moment. OpenTelemetry has no instrument for
histograms that are counted elsewhere, so those are left out. The percentiles are gauges.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from functools import partial
from typing import TYPE_CHECKING, Any

from pyredis._version import VERSION
from pyredis.ground.server_log import Log
from pyredis.telemetry.extras import needed
from pyredis.telemetry.families import COUNTER, COUNTERS, GAUGES, HISTOGRAM, OTHERS, Family, described
from pyredis.telemetry.readings import read

if TYPE_CHECKING:
    from pyredis.telemetry.watched import Watched

DIRECTIVE = "otel-metrics"
EXTRA = "otel"
# Seconds: for the loop to read the numbers, and for the last export when the server ends.
READ_SECONDS = 5.0
FINISH_SECONDS = 3.0


class OpenTelemetryExport:
    """Exports until it is closed. Raises MissingExtra. ``reader`` is the SDK's, by default a periodic one for OTLP."""

    def __init__(self, server: Watched, loop: asyncio.AbstractEventLoop, reader: Any = None) -> None:
        self._server = server
        self._loop = loop
        self._families: dict[str, Family] = {}
        self._running = True
        if type(server.log) is Log:
            # In a program, its own settings of logging say what becomes of the SDK's messages.
            pass_messages_to(server.log)
        sdk = needed("opentelemetry.sdk.metrics", EXTRA, DIRECTIVE)
        self._observation = needed("opentelemetry.metrics", EXTRA, DIRECTIVE).Observation
        reader = reader or otlp_reader()
        self._provider = sdk.MeterProvider([reader], resource=resource(server), shutdown_on_exit=False)
        self._instrument(self._provider.get_meter("pyredis", VERSION))

    def _instrument(self, meter: Any) -> None:
        first = True
        for family in known_families(self._server):
            make = meter.create_observable_counter if family.kind == COUNTER else meter.create_observable_gauge
            observe = partial(self._observe_first if first else self._observe, family.name)
            make(family.name, callbacks=[observe], description=family.about)
            first = False

    # ---- in the SDK's thread ----

    def _observe_first(self, name: str, options: Any) -> Iterator[Any]:
        self._refresh()
        return self._observe(name, options)

    def _observe(self, name: str, options: Any) -> Iterator[Any]:
        family = self._families.get(name)
        for sample in family.samples if family is not None else []:
            if not sample.suffix:
                yield self._observation(sample.value, dict(sample.labels))

    def _refresh(self) -> None:
        """Has the numbers read. If the loop does not get to it, there are none this time."""
        if not self._running:
            return
        done: Future[None] = Future()
        self._families = {}
        try:
            self._loop.call_soon_threadsafe(self._read, done)
            done.result(READ_SECONDS)
        except (RuntimeError, TooLate):
            # The loop is closed, or a command takes long.
            return

    # ---- in the loop's thread ----

    def _read(self, done: Future[None] | None = None) -> None:
        if self._running:
            self._families = {family.name: family for family in read(self._server)}
        if done is not None:
            done.set_result(None)

    def close(self) -> Callable[[], None]:
        """Reads the last numbers. The function returned waits for their export, in any other thread than the loop's."""
        self._read()
        self._running = False
        thread = threading.Thread(target=self._provider.shutdown, args=(FINISH_SECONDS * 1000,), daemon=True)
        thread.start()
        return partial(thread.join, FINISH_SECONDS)


def known_families(server: Watched) -> list[Family]:
    """Returns all families that the server may ever have, without samples."""
    single = {name: described(name, field) for field, name in (COUNTERS | GAUGES).items()}
    others = {name: described(name) for name in OTHERS}
    found = {family.name.removeprefix("redis_"): family for family in read(server)}
    every = others | found | single
    return [family for family in every.values() if family.kind != HISTOGRAM]


class MessageHandler(logging.Handler):
    """Writes the SDK's messages to the server's log, a line each."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.warning("OpenTelemetry: " + " ".join(record.getMessage().split()))


def pass_messages_to(log: Log) -> None:
    logger = logging.getLogger("opentelemetry")
    logger.handlers, logger.propagate = [MessageHandler(log)], False


def otlp_reader() -> Any:
    """Returns a reader that exports by OTLP, over gRPC if OTEL_EXPORTER_OTLP_PROTOCOL says so, otherwise over HTTP."""
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL") or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    module = "opentelemetry.exporter.otlp.proto." + ("grpc" if protocol == "grpc" else "http")
    exporter = needed(f"{module}.metric_exporter", EXTRA, DIRECTIVE).OTLPMetricExporter()
    return needed("opentelemetry.sdk.metrics.export", EXTRA, DIRECTIVE).PeriodicExportingMetricReader(exporter)


def resource(server: Watched) -> Any:
    """Returns OpenTelemetry's description of the service. What the environment says has precedence."""
    library = needed("opentelemetry.sdk.resources", EXTRA, DIRECTIVE)
    ours = {"service.name": "pyredis-server", "service.version": VERSION, "service.instance.id": server.run_id}
    named = library.OTELResourceDetector().detect()
    return library.Resource.create({**ours, **named.attributes})

"""Prometheus's text format, written by prometheus-client in pieces, so that clients are served in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Any

from pyredis.telemetry.extras import needed
from pyredis.telemetry.families import COUNTER, Family

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Samples that are formatted in a step, and how long steps may follow each other without a pause, in seconds.
PIECE = 50
SLICE = 0.0005


class Exposition:
    """Writes pages. Raises MissingExtra if prometheus-client is not installed."""

    def __init__(self) -> None:
        self._library: Any = needed("prometheus_client", "metrics", "metrics-port")

    def steps(self, families: Iterable[Family], texts: list[bytes]) -> Iterator[None]:
        """Appends the text of all families; between the steps other callbacks of the loop may run."""
        for family in families:
            for start in range(0, len(family.samples), PIECE):
                text = self._library.generate_latest(OneMetric(self._metric(family, start)))
                # HELP and TYPE belong before the first piece of a family only.
                texts.append(text if start == 0 else text.split(b"\n", 2)[2])
                yield

    def _metric(self, family: Family, start: int) -> Any:
        """Returns a piece of a family as the library's object."""
        name, kind = family.name, family.kind
        if kind == COUNTER:
            # The library appends _total to the name of a counter. Those of the exporter that lack it become untyped.
            name, kind = (name.removesuffix("_total"), kind) if name.endswith("_total") else (name, "unknown")
        metric = self._library.Metric(name, family.about, kind)
        for sample in family.samples[start : start + PIECE]:
            metric.add_sample(family.name + sample.suffix, dict(sample.labels), sample.value)
        return metric


async def in_slices(steps: Iterable[None]) -> None:
    """Takes the steps, and lets the loop run other callbacks whenever a slice of time is used up."""
    began = time.monotonic()
    for _ in steps:
        if time.monotonic() - began > SLICE:
            await asyncio.sleep(0)
            began = time.monotonic()


class OneMetric:
    """A registry of one metric, as far as the library's writer uses registries."""

    def __init__(self, metric: Any) -> None:
        self._metric = metric

    def collect(self) -> Iterator[Any]:
        yield self._metric

"""Reads the numbers of a running server, in the thread of its loop. No command runs, so reading changes no number.

INFO's sections are asked for their fields, as the command does. What the exporter reads by CONFIG GET, SLOWLOG, LATENCY
LATEST and LATENCY HISTOGRAM is read where these commands read it.

Reading is a generator, which yields where it may be interrupted: a server that has used all commands has 3,000 numbers.
The counts of all commands are of one moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from pyredis.commands.server.info import ON_REQUEST
from pyredis.commands.server.info_sections import SECTIONS
from pyredis.commands.server.latency import Histogram, cumulative, percentile
from pyredis.telemetry.families import Families, Family

if TYPE_CHECKING:
    from pyredis._core import Core
    from pyredis.telemetry.watched import Watched

# Databases that are reported even if they are empty, so that a graph falls to 0 instead of ending.
DATABASES_SHOWN = 16
# Labels of the family that describes the server: fields of INFO.
DESCRIPTION = (
    *("role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port", "run_id"),
    *("process_id", "master_replid"),
)
LIMITED_CLASSES = {"normal": "normal", "replica": "slave", "pubsub": "pubsub"}


CommandRow = tuple[str, int, float, int, int, Histogram]


class Reader(NamedTuple):
    """What the sections of INFO need of a client."""

    host: Watched
    core: Core


def read(server: Watched) -> list[Family]:
    """Returns all metrics of a server that has been started."""
    families = Families()
    for _ in steps(server, families):
        pass
    return list(families.values())


def steps(server: Watched, families: Families) -> Iterator[None]:
    """Adds all metrics; between the steps other callbacks of the loop may run."""
    families.add("up", 1)
    description: dict[str, str] = {}
    for fields in info_sections(server):
        families.add_info({name: info_value(str(value)) for name, value in fields.items()})
        description |= {name: str(fields[name]) for name in DESCRIPTION if name in fields}
        yield
    families.add("instance_info", 1, tuple(description.items()))
    families.add("start_time_seconds", server.started)
    add_databases(families, server)
    add_directives(families, server)
    add_slow_log(families, server)
    add_latency(families, server)
    shares = server.config["latency-tracking-info-percentiles"] if server.config["latency-tracking"] else ()
    for row in server.core.command_stats():
        yield
        add_command(families, row, shares)


def info_sections(server: Watched) -> Iterator[dict[str, Any]]:
    """Yields the fields of INFO's sections, without those about single commands."""
    reader = Reader(server, server.core)
    for name, section in SECTIONS.items():
        if name not in ON_REQUEST:
            yield section(reader)


def add_databases(families: Families, server: Watched) -> None:
    """Adds the empty databases, which INFO leaves out."""
    filled = {row[0] for row in server.core.sizes()}
    for number in range(min(server.config["databases"], DATABASES_SHOWN)):
        if number not in filled:
            for name in ("db_keys", "db_keys_expiring"):
                families.add(name, 0, (("db", f"db{number}"),))


def add_directives(families: Families, server: Watched) -> None:
    for name in ("io-threads", "maxclients", "maxmemory", "repl-backlog-size"):
        families.add(f"config_{name.replace('-', '_')}", server.config[name])
    for kind, limit in server.config["client-output-buffer-limit"].items():
        label = ("class", LIMITED_CLASSES[kind])
        for hardness, size in (("hard", limit.hard), ("soft", limit.soft)):
            families.add("config_client_output_buffer_limit_bytes", size, (label, ("limit", hardness)))
        labels = (label, ("limit", "soft"))
        families.add("config_client_output_buffer_limit_overcome_seconds", limit.seconds, labels)


def add_slow_log(families: Families, server: Watched) -> None:
    entries = server.slowlog.entries
    families.add("slowlog_length", len(entries))
    families.add("slowlog_last_id", entries[0].id if entries else 0)
    families.add("last_slow_execution_duration_seconds", entries[0].duration / 1e6 if entries else 0)


def add_latency(families: Families, server: Watched) -> None:
    for name, events in server.latency.events.items():
        second, milliseconds = events.samples[-1]
        families.add("latency_spike_last", second, (("event_name", name),))
        families.add("latency_spike_duration_seconds", milliseconds / 1000, (("event_name", name),))


def add_command(families: Families, row: CommandRow, shares: Iterable[float]) -> None:
    """Adds what `Core.command_stats` returns of a command, and percentiles of its durations."""
    command, calls, usec, rejected, failed, histogram = row
    label = ("cmd", command)
    families.add("commands_total", calls, (label,))
    families.add("commands_duration_seconds_total", usec / 1e6, (label,))
    families.add("commands_rejected_calls_total", rejected, (label,))
    families.add("commands_failed_calls_total", failed, (label,))
    if not histogram:
        return
    add_histogram(families, label, cumulative(histogram), usec)
    for share in shares:
        # As in the exporter, ``quantile`` counts up to 100.
        quantile = ("quantile", f"{share:g}")
        families.add("latency_percentiles_usec", round(percentile(histogram, share), 3), (label, quantile))
    if shares:
        families.add("latency_percentiles_usec", usec, (label,), "_sum")
        families.add("latency_percentiles_usec", calls, (label,), "_count")


def add_histogram(families: Families, label: tuple[str, str], buckets: dict[int, int], usec: float) -> None:
    """Adds how many calls took up to so many microseconds. The sum is that of all calls, as in the exporter."""
    total = max(buckets.values())
    for edge, calls in [*((str(edge), calls) for edge, calls in buckets.items()), ("+Inf", total)]:
        families.add("commands_latencies_usec", calls, (label, ("le", edge)), "_bucket")
    families.add("commands_latencies_usec", total, (label,), "_count")
    families.add("commands_latencies_usec", usec, (label,), "_sum")


# ---- the text of INFO ----


def parse_info(text: str) -> dict[str, Any]:
    """Returns INFO's fields; numbers are int or float, and ``a=1,b=2`` is a dict."""
    pairs = (line.split(":", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: info_value(value) for name, value in pairs}


def info_value(value: str) -> Any:
    items = value.split(",")
    if all("=" in item for item in items):
        return {name: number(text) for name, text in (item.split("=", 1) for item in items)}
    return number(value)


def number(text: str) -> int | float | str:
    """Returns a number if the text is one; identifiers such as ``00e12`` and versions are none."""
    whole, _, fraction = text.removeprefix("-").partition(".")
    if not (whole.isdecimal() and (fraction.isdecimal() or text.find(".") < 0)):
        return text
    return float(text) if fraction else int(text)

"""Latency: slow events by kind, how long each command takes, and LATENCY.

An event is recorded if it lasted ``latency-monitor-threshold`` milliseconds or more. Each command is an event too,
``command`` or ``fast-command``. The core counts the times of all commands, by powers of two.
"""

import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from pyredis.call.handlers import CommandError
from pyredis.commands.help import help_lines
from pyredis.commands.parse import shown
from pyredis.config.syntax import to_bytes, to_text
from pyredis.replies import Verbatim

SAMPLES = 160
# The reported histogram begins at this power of two, in nanoseconds.
FIRST_POWER = 10


class Events:
    """The latest samples of one kind of event: Unix second and milliseconds, only the longest of each second."""

    def __init__(self) -> None:
        self.samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES)
        self.longest = 0

    def add(self, second: int, milliseconds: int) -> None:
        self.longest = max(self.longest, milliseconds)
        if self.samples and self.samples[-1][0] == second:
            milliseconds = max(milliseconds, self.samples.pop()[1])
        self.samples.append((second, milliseconds))


class Latency:
    """The events by name. ``threshold`` is in milliseconds; 0 records nothing."""

    def __init__(self, threshold: int) -> None:
        self.events: dict[str, Events] = {}
        self.threshold = threshold

    def set_threshold(self, milliseconds: int) -> None:
        self.threshold = milliseconds

    def add(self, name: str, milliseconds: int) -> None:
        """Records an event if it lasted long enough."""
        if self.threshold and milliseconds >= self.threshold:
            self.events.setdefault(name, Events()).add(int(time.time()), milliseconds)

    def reset(self, names: Iterable[str] | None = None) -> int:
        """Removes the events of these names, None for all; returns how many of the names had any."""
        chosen = set(self.events) if names is None else set(names)
        return sum(self.events.pop(name, None) is not None for name in chosen)


def latency_history(client, args):
    events = client.host.latency.events.get(to_text(args[2]))
    return [list(sample) for sample in events.samples] if events else []


def latency_latest(client, args):
    latest = client.host.latency.events.items()
    return [[to_bytes(name), *events.samples[-1], events.longest] for name, events in latest]


def latency_reset(client, args):
    return client.host.latency.reset(map(to_text, args[2:]) if len(args) > 2 else None)


def latency_graph(client, args):
    events = client.host.latency.events.get(to_text(args[2]))
    if events is None:
        raise CommandError(f"ERR No samples available for event '{shown(args[2])}'")
    from pyredis.commands.server.latency_graph import draw

    return Verbatim(draw(args[2], events.samples, events.longest, int(time.time())))


def latency_doctor(client, args):
    from pyredis.commands.server.latency_doctor import report

    return Verbatim(report(client).encode())


def latency_histogram(client, args):
    wanted = None if len(args) == 2 else {name for argument in args[2:] for name in _family_names(client, argument)}
    return {
        name.encode(): {b"calls": sum(calls for _, _, calls in histogram), b"histogram_usec": cumulative(histogram)}
        for name, _, _, _, _, histogram in client.core.command_stats()
        if histogram and (wanted is None or name in wanted)
    }


def _family_names(client: Any, argument: bytes) -> list[str]:
    """Returns the command's name and those of its subcommands; empty if there is no such command."""
    from pyredis.commands.table.command_table import find

    spec = find(argument) or client.core.added_specs.get(argument.decode("latin-1").lower())
    return [spec.name, *(sub.name for sub in spec.subcommands.values())] if spec else []


Histogram = list[tuple[int, int, int]]


def cumulative(histogram: Histogram) -> dict[int, int]:
    """Maps microseconds to the number of calls that took less, at powers of two, without steps that add no calls.

    Redis's own histogram keeps two significant digits and reports an edge of 2**k ns as 2**k + 2**(k - 7) - 1.
    """
    counts: dict[int, int] = {}
    total = 0
    for begin, _, calls in histogram:
        total += calls
        edge = max(begin.bit_length(), FIRST_POWER)
        counts[((1 << edge) + (1 << (edge - 7)) - 1) // 1000] = total
    return counts


def percentile(histogram: Histogram, share: float) -> float:
    """Returns the microseconds within which ``share`` percent of the calls ended.

    The calls of a row are taken to be spread evenly over it.
    """
    wanted = max(sum(calls for _, _, calls in histogram) * share / 100, 1)
    for begin, end, calls in histogram:
        if wanted <= calls:
            return (begin + (end - begin) * wanted / calls) / 1000
        wanted -= calls
    return 0.0


HANDLERS = {
    "latency_doctor": latency_doctor,
    "latency_graph": latency_graph,
    "latency_help": lambda client, args: help_lines("latency", args[0]),
    "latency_histogram": latency_histogram,
    "latency_history": latency_history,
    "latency_latest": latency_latest,
    "latency_reset": latency_reset,
}

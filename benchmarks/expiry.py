"""Mass expiry: a million keys expire in the same second, and no client accesses them; one client pings meanwhile.

The keys are gone when no database has any and ``used_memory`` is back at its earlier value, apart from what
connections and emptied tables keep. The time is measured from the second in which the keys expire; the pings begin
shortly before. The longest ping of the same server while it is idle is measured just before: a longest pause can be
distinguished from the machine's own pauses only if it is longer. On a virtual machine the time for which its processors
were taken away meanwhile is reported, too.
"""

import argparse
import math
import time

from benchmarks.loader import BATCH, key, load, value
from benchmarks.pause import Watch, idle_pause, pauses, ping_while
from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import NO_PERSISTENCE, Target, both, stolen_seconds

KEYS = 1_000_000
LEAD_SECONDS = 0.2
EVERYSEC = ("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")
CASES = {"no persistence": NO_PERSISTENCE, "appendfsync everysec": EVERYSEC}
# Bounds for our server, whatever the other does: milliseconds, seconds.
BOUNDS = {"longest pause": 5.0, "until all are gone": 10.0}


def mortal_strings(count: int, moment: int):
    for number in range(count):
        yield b"*5\r\n$3\r\nSET\r\n$16\r\n%b\r\n$16\r\n%b\r\n$4\r\nEXAT\r\n$10\r\n%d\r\n" % (
            key(number),
            value(number),
            moment,
        )


def fill(target: Target, keys: int) -> int:
    """Loads the keys well before they expire; returns the second in which they do, since 1970."""
    lead = 5 + keys / 50_000
    while True:
        target.empty()
        moment = math.ceil(time.time() + lead)
        load(target.address, mortal_strings(keys, moment), BATCH)
        if time.time() < moment - 2 * LEAD_SECONDS:
            return moment
        lead *= 2


def measure(target: Target, keys: int, floor: int) -> dict[str, float]:
    idle = idle_pause(target)
    moment = fill(target, keys)
    stolen = stolen_seconds()
    time.sleep(max(moment - LEAD_SECONDS - time.time(), 0))
    taken = pauses(ping_while(Watch(target, floor).going, target.address))
    seconds = time.time() - moment
    return {
        "longest pause": taken["longest"],
        "99.9th percentile": taken["99.9th percentile"],
        "longest pause of the idle server": idle,
        "until all are gone": seconds,
        "stolen from the virtual machine": (stolen_seconds() - stolen) * 1000,
    }


def rows_of(case: str, options: argparse.Namespace) -> list[Row]:
    keys = options.keys or (50_000 if options.quick else KEYS)
    with both(options, CASES[case]) as targets:
        floors = {target.name: target.used_memory() for target in targets}
        gathered = median_pairs(
            options.rounds or (1 if options.quick else 3),
            targets,
            lambda target: measure(target, keys, floors[target.name]),
        )
        return [
            Row(
                f"{keys:,} keys expire, {case}, {metric}",
                "s" if metric == "until all are gone" else "ms",
                *(
                    Figure(target.name, values[metric], target.command_line, "python -m benchmarks expiry")
                    for target, values in zip(targets, gathered, strict=True)
                ),
                bound=BOUNDS.get(metric),
            )
            for metric in gathered[0]
        ]


def run(options: argparse.Namespace) -> list[Row]:
    return [row for case in CASES if case.startswith(options.only or "") for row in rows_of(case, options)]

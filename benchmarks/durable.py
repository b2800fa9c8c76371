"""``appendfsync always``: 50 clients write while 50 others read other keys, on the disk as it is and on a slow one.

Two redis-benchmark processes run side by side until they are stopped. The figures come from the server's own count of
calls (INFO commandstats), so the two need not end together. For the slow disk, a preloaded library makes fdatasync take
5 ms longer, in both servers.
"""

import argparse
import shlex
import subprocess
import time
from collections.abc import Mapping

from benchmarks.loader import load, strings
from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import Target, both, pinned, slow_disk

ALWAYS = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")
SLOW_MILLISECONDS = 5
KEYS = 100_000
ENDLESS = 1_000_000_000
GOALS = {
    "as it is": {"SET": 1.0, "GET": 1.0},
    "fdatasync 5 ms slower": {"SET": 1.0, "GET": 5.0},
}
REQUESTS = {"SET": ("SET", "written:__rand_int__", "v" * 16), "GET": ("GET", "key:__rand_int__")}


def client_command(target: Target, name: str) -> list[str]:
    host, port = target.address
    options = f"-h {host} -p {port} -c 50 -n {ENDLESS} -r {KEYS} -q".split()
    return [*pinned(1), "redis-benchmark", *options, *REQUESTS[name]]


def calls(target: Target) -> dict[str, int]:
    """Returns how often each command has been called."""
    stats = target.info("commandstats")
    counted = {name: stats.get(f"cmdstat_{name.lower()}", "calls=0") for name in REQUESTS}
    return {name: int(text.split("calls=")[1].split(",")[0]) for name, text in counted.items()}


def measure(target: Target, seconds: float) -> dict[str, float]:
    """Returns requests per second of the writers and of the readers, after one second of warm-up."""
    clients = [
        subprocess.Popen(client_command(target, name), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in REQUESTS
    ]
    try:
        time.sleep(1)
        begin, before = time.monotonic(), calls(target)
        time.sleep(seconds)
        after, elapsed = calls(target), time.monotonic() - begin
        if any(client.poll() is not None for client in clients):
            raise RuntimeError(f"redis-benchmark ended early against {target.name}")
    finally:
        for client in clients:
            client.kill()
            client.wait()
    return {name: (after[name] - before[name]) / elapsed for name in REQUESTS}


def rows_of(case: str, options: argparse.Namespace, environment: Mapping[str, str]) -> list[Row]:
    rounds, seconds = options.rounds or (1 if options.quick else 5), 1 if options.quick else 5
    with both(options, ALWAYS, environment=environment) as targets:
        for target in targets:
            load(target.address, strings(KEYS))
        gathered = median_pairs(rounds, targets, lambda target: measure(target, seconds))
        preloaded = " ".join(f"{name}={value}" for name, value in environment.items() if name != "LD_PRELOAD")
        prefix = f"{preloaded} LD_PRELOAD=slow_fdatasync.so " if environment else ""
        return [
            Row(
                f"{name}, {case}",
                "requests/s",
                *(
                    Figure(
                        target.name,
                        values[name],
                        prefix + target.command_line,
                        " & ".join(shlex.join(client_command(target, each)) for each in REQUESTS),
                    )
                    for target, values in zip(targets, gathered, strict=True)
                ),
                less_is_better=False,
                goal=GOALS[case][name],
            )
            for name in REQUESTS
        ]


def run(options: argparse.Namespace) -> list[Row]:
    rows = []
    for case in GOALS:
        if not case.startswith(options.only or ""):
            continue
        environment = {} if case == "as it is" else slow_disk(options.work, SLOW_MILLISECONDS)
        rows += rows_of(case, options, environment)
    return rows

"""Large values end to end: the cost of a byte, and how a reply of 200 MB affects other clients.

redis-benchmark writes and reads one key, as it does by default. During the reply of 200 MB the longest ping of another
client is measured, and the peak of resident memory above its value before.
"""

import argparse
import shlex
import subprocess
from dataclasses import dataclass

from benchmarks.pause import ping_while
from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import NO_PERSISTENCE, Target, both, pinned, run_client

KB, MB = 1 << 10, 1 << 20
CPU, PING, MEMORY = "µs CPU/request", "ms, longest ping of another client", "MB resident beyond the value"
# Relative to the other's CPU time.
GOALS = {"set": 1.00, "get": 0.70}
# Buffers may be resident in addition, but no second copy.
BOUNDS = {PING: 20, MEMORY: 20}


@dataclass(frozen=True)
class Large:
    """A command of redis-benchmark with values of one size; with ``others``, another client pings meanwhile."""

    command: str
    size: int
    clients: int
    requests: int
    others: bool = False

    @property
    def name(self) -> str:
        size = f"{self.size // MB} MB" if self.size >= MB else f"{self.size // KB} KB"
        return f"{self.command.upper()} {size}"

    def client_command(self, target: Target, command: str, clients: int, requests: int) -> list[str]:
        host, port = target.address
        options = f"-h {host} -p {port} -c {clients} -n {requests} -d {self.size} --csv -t {command}"
        return ["redis-benchmark", *options.split()]


CASES = [
    Large("set", 64 * KB, 50, 40_000),
    Large("get", 64 * KB, 50, 40_000),
    Large("set", MB, 50, 4_000),
    Large("get", MB, 50, 4_000),
    Large("set", 16 * MB, 4, 100),
    Large("get", 200 * MB, 1, 8, others=True),
]


def measure(target: Target, case: Large, requests: int) -> dict[str, float]:
    run_client(case.client_command(target, "set", 1, 1))
    command = case.client_command(target, case.command, case.clients, requests)
    before = target.cpu_seconds()
    run_client(command)
    after = target.cpu_seconds()
    figures = {} if before is None or after is None else {CPU: (after - before) / requests * 1e6}
    return figures | (noticed_by_others(target, command) if case.others else {})


def noticed_by_others(target: Target, command: list[str]) -> dict[str, float]:
    before = target.rss()
    target.forget_peak()
    with subprocess.Popen([*pinned(1), *command], stdout=subprocess.DEVNULL) as client:
        taken = ping_while(lambda: client.poll() is None, target.address)
    if client.returncode:
        raise RuntimeError(shlex.join(command))
    figures = {PING: taken[-1]}
    peak = target.peak_rss()
    return figures if peak is None else figures | {MEMORY: (peak - before) / MB}


def rows_of(case: Large, targets: list[Target], options: argparse.Namespace) -> list[Row]:
    requests = max(case.requests // (20 if options.quick else 1), 1)
    rounds = options.rounds or (2 if options.quick else 5)
    gathered = median_pairs(rounds, targets, lambda target: measure(target, case, requests))
    return [
        Row(
            case.name,
            metric,
            *(
                Figure(
                    target.name,
                    values[metric],
                    target.command_line,
                    shlex.join([*pinned(1), *case.client_command(target, case.command, case.clients, requests)]),
                )
                for target, values in zip(targets, gathered, strict=True)
            ),
            goal=GOALS[case.command] if metric == CPU else None,
            bound=BOUNDS.get(metric),
        )
        for metric in gathered[0]
        if metric in gathered[1]
    ]


def run(options: argparse.Namespace) -> list[Row]:
    wanted = [case for case in CASES if case.name.startswith(options.only or "")]
    if not wanted:
        return []
    with both(options, NO_PERSISTENCE) as targets:
        return [row for case in wanted for row in rows_of(case, targets, options)]

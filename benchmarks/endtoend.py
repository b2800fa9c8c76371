"""End to end: redis-benchmark against both servers in turn, in interleaved pairs.

The figure that counts is the server's CPU time per request: on two cores the client saturates first, and requests per
second then say more about the client than about the server. Both are reported.
"""

import argparse
import csv
import io
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks import large_values
from benchmarks.loader import command, key, load, strings
from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import NO_PERSISTENCE, Target, both, other_name, other_target, our_target, pinned, run_client

CLIENTS = 50
KEYSPACE = 1_000_000
VALUE = "v" * 16
KEY = "key:__rand_int__"
EVERYSEC = ("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")


def counters(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"SET", b"counter:%012d" % number, b"%d" % number)


def fields(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"HSET", b"myhash", b"field:%012d" % number, VALUE.encode())


@dataclass(frozen=True)
class Workload:
    """One command as redis-benchmark accepts it, and the requests that fill the server beforehand."""

    name: str
    request: tuple[str, ...]
    preload: Callable[[int], Iterator[bytes]]
    weight: int = 1  # how many simple requests take as long as one of these, to keep runs equally long


WORKLOADS = [
    Workload("SET", ("SET", KEY, VALUE), strings),
    Workload("GET", ("GET", KEY), strings),
    Workload("INCR", ("INCR", "counter:__rand_int__"), counters),
    Workload("HSET", ("HSET", "myhash", "field:__rand_int__", VALUE), fields),
    Workload("HGET", ("HGET", "myhash", "field:__rand_int__"), fields),
    Workload("MSET", ("MSET", *(KEY, VALUE) * 10), strings, weight=5),
]
PIPELINES = {1: (200_000, 1.00), 16: (2_000_000, 0.65)}
"""Pipeline depth: how many requests a run has, and the goal for CPU per request relative to the other server."""


def client_command(target: Target, workload: Workload, pipeline: int, requests: int, keys: int) -> list[str]:
    host, port = target.address
    options = f"-h {host} -p {port} -c {CLIENTS} -P {pipeline} -n {requests} -r {keys} --csv".split()
    return ["redis-benchmark", *options, *workload.request]


def measure(target: Target, workload: Workload, pipeline: int, requests: int, keys: int) -> dict[str, float]:
    """Runs once; returns requests per second by the client, CPU microseconds per request by the system."""
    before = target.cpu_seconds()
    output = run_client(client_command(target, workload, pipeline, requests, keys))
    after = target.cpu_seconds()
    measured = {"requests/s": float(list(csv.reader(io.StringIO(output)))[-1][1])}
    if before is not None and after is not None:
        measured["µs CPU/request"] = (after - before) / requests * 1e6
    return measured


def rows_of(
    case: str,
    targets: list[Target],
    workload: Workload,
    pipeline: int,
    options: argparse.Namespace,
    goal: float | None,
) -> list[Row]:
    """Measures two targets, ours first, and returns their rows."""
    requests, _ = PIPELINES[pipeline]
    requests = requests // (20 if options.quick else 1) // workload.weight
    rounds, keys = options.rounds or (2 if options.quick else 5), keyspace(options)
    gathered = median_pairs(rounds, targets, lambda target: measure(target, workload, pipeline, requests, keys))
    rows = []
    for metric in gathered[0]:
        if metric not in gathered[1]:
            continue  # a remote server's CPU time is unknown
        less = metric != "requests/s"
        figures = [
            Figure(
                target.name,
                values[metric],
                target.command_line,
                shlex.join([*pinned(1), *client_command(target, workload, pipeline, requests, keys)]),
            )
            for target, values in zip(targets, gathered, strict=True)
        ]
        rows.append(Row(case, metric, *figures, less_is_better=less, goal=goal if less else None))
    return rows


def keyspace(options: argparse.Namespace) -> int:
    return options.keys or (100_000 if options.quick else KEYSPACE)


def run(options: argparse.Namespace) -> list[Row]:
    rows = []
    with both(options, NO_PERSISTENCE) as targets:
        for workload in WORKLOADS:
            cases = {f"{workload.name} P{pipeline}": pipeline for pipeline in PIPELINES}
            wanted = {
                case: pipeline for case, pipeline in cases.items() if not options.only or case.startswith(options.only)
            }
            if wanted:
                fill(targets, workload, options)
            for case, pipeline in wanted.items():
                goal = None if (workload.name, pipeline) in (("HGET", 1), ("MSET", 1)) else PIPELINES[pipeline][1]
                rows += rows_of(case, targets, workload, pipeline, options, goal)
    return rows + large_values.run(options)


def fill(targets: list[Target], workload: Workload, options: argparse.Namespace) -> None:
    for target in targets:
        target.empty()
        load(target.address, workload.preload(keyspace(options)))


def run_everysec(options: argparse.Namespace) -> list[Row]:
    """Compares ours with the file to the other with the file (goal 0.60) and without it (goal 1.00)."""
    workload, rows = WORKLOADS[0], []
    with ExitStack() as stack:
        ours = stack.enter_context(our_target(options, EVERYSEC))
        for arguments, goal, mode in ((EVERYSEC, 0.60, "too"), (NO_PERSISTENCE, 1.00, "without persistence")):
            with other_target(options, arguments) as other:
                fill([ours, other], workload, options)
                case = f"SET P16 everysec, {other_name(options)} {mode}"
                rows += rows_of(case, [ours, other], workload, 16, options, goal)
    return rows


assert key(0).decode() == KEY.replace("__rand_int__", "0" * 12), "the loader must fill the keys that are requested"

"""TLS: redis-benchmark over it against both servers in turn, and new connections that send one request each.

Both servers have the same certificate, with a key on the curve P-256, and both use the system's OpenSSL, so the
cryptography costs both the same.
"""

import argparse
import csv
import io
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.endtoend import CLIENTS, WORKLOADS, fill, keyspace
from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import NO_PERSISTENCE, Target, other_name, other_target, our_target, pinned, run_client
from support.servers import free_port
from support.tls import Certificates

# Name, place among the workloads, pipeline depth, requests in a run, further options, goals for CPU and for rate.
CASES = [
    ("SET P16 over TLS", 0, 16, 1_000_000, (), 0.80, None),
    ("GET P16 over TLS", 1, 16, 1_000_000, (), 0.80, None),
    ("SET P1 over TLS", 0, 1, 200_000, (), 1.00, None),
    ("GET P1 over TLS", 1, 1, 200_000, (), 1.00, None),
    ("TLS handshake and one GET", 1, 1, 4_000, ("-k", "0"), None, 1.00),
]


@contextmanager
def both_over_tls(options: argparse.Namespace) -> Iterator[list[tuple[Target, list[str]]]]:
    """Starts both servers; with each come the client's options that connect to its port for TLS."""
    certificates = Certificates(Path(options.work) / "certificates")
    with ExitStack() as stack:
        pairs = []
        for start in (our_target, other_target):
            port = free_port()
            arguments = (*NO_PERSISTENCE, "--tls-port", str(port), *certificates.directives())
            target = stack.enter_context(start(options, arguments))
            pairs.append((target, ["-p", str(port), "--tls", "--cacert", certificates.path("ca.crt")]))
        yield pairs


def run(options: argparse.Namespace) -> list[Row]:
    if options.other_address:
        raise SystemExit(f"{other_name(options)} must be started here: the other server needs the same certificate")
    rows: list[Row] = []
    with both_over_tls(options) as pairs:
        targets = [target for target, _ in pairs]
        over_tls = {target.name: connecting for target, connecting in pairs}
        fill(targets, WORKLOADS[1], options)
        for case in CASES:
            if not options.only or case[0].startswith(options.only):
                rows += rows_of(case, targets, over_tls, options)
    return rows


def rows_of(case, targets: list[Target], over_tls: dict[str, list[str]], options: argparse.Namespace) -> list[Row]:
    name, place, pipeline, requests, further, cpu_goal, rate_goal = case
    requests //= 20 if options.quick else 1
    size = f"-c {CLIENTS} -P {pipeline} -n {requests} -r {keyspace(options)} --csv".split()
    commands = {
        target.name: ["redis-benchmark", *over_tls[target.name], *size, *further, *WORKLOADS[place].request]
        for target in targets
    }
    rounds = options.rounds or (2 if options.quick else 5)
    gathered = median_pairs(rounds, targets, lambda target: measure(target, commands[target.name], requests))
    rows = []
    for metric, goal in (("requests/s", rate_goal), ("µs CPU/request", cpu_goal)):
        figures = [
            Figure(target.name, values[metric], target.command_line, shlex.join([*pinned(1), *commands[target.name]]))
            for target, values in zip(targets, gathered, strict=True)
            if metric in values
        ]
        if len(figures) == len(targets):
            rows.append(Row(name, metric, *figures, less_is_better=metric != "requests/s", goal=goal))
    return rows


def measure(target: Target, command: list[str], requests: int) -> dict[str, float]:
    before = target.cpu_seconds()
    output = run_client(command)
    after = target.cpu_seconds()
    measured = {"requests/s": float(list(csv.reader(io.StringIO(output)))[-1][1])}
    if before is not None and after is not None:
        measured["µs CPU/request"] = (after - before) / requests * 1e6
    return measured

"""The longest pause: one client pings without end while others insert millions of keys, pipelined.

The loader is a process of its own. The pinging client runs at real-time priority where that is permitted, so that what
it sees is the server's doing and not the scheduler's; the tables grow several times on the way, which is the point.
"""

import argparse
import contextlib
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import ROOT
from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import NO_PERSISTENCE, Target, both, cores, pinned

KEYS = 10_000_000
SPACING_SECONDS = 0.0005
PING = b"*1\r\n$4\r\nPING\r\n"


@contextlib.contextmanager
def urgent():
    """This thread on the client's core, ahead of whatever else runs there, for the length of the block."""
    usable, scheduler = cores(), getattr(os, "sched_setscheduler", None)
    with contextlib.suppress(PermissionError):
        if len(usable) > 1:
            os.sched_setaffinity(0, usable[1:2])
        if scheduler:
            scheduler(0, os.SCHED_FIFO, os.sched_param(10))
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):
            if scheduler:
                scheduler(0, os.SCHED_OTHER, os.sched_param(0))
        if len(usable) > 1:
            os.sched_setaffinity(0, usable)


def ping_while(going: Callable[[], bool], address: tuple[str, int]) -> list[float]:
    """The times, in milliseconds, that pings took while it was going on; sorted."""
    taken = []
    with socket.create_connection(address) as connection, urgent():
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while going():
            begin = time.perf_counter()
            connection.sendall(PING)
            if connection.recv(64) != b"+PONG\r\n":
                raise RuntimeError("PING was not answered with PONG")
            taken.append((time.perf_counter() - begin) * 1000)
            time.sleep(SPACING_SECONDS)
    return sorted(taken)


def pauses(taken: list[float]) -> dict[str, float]:
    return {"longest": taken[-1], "99.9th percentile": taken[int(len(taken) * 0.999)]}


def loader_command(target: Target, keys: int) -> list[str]:
    host, port = target.address
    return [*pinned(1), sys.executable, "-m", "benchmarks.loader", f"{host}:{port}", "--keys", str(keys)]


def measure(target: Target, keys: int) -> dict[str, float]:
    target.empty()
    loader = subprocess.Popen(loader_command(target, keys), cwd=ROOT)
    try:
        taken = ping_while(lambda: loader.poll() is None, target.address)
    finally:
        loader.kill()
        status = loader.wait()
    if status:
        raise RuntimeError(f"the loader failed against {target.name}")
    return pauses(taken)


def run(options: argparse.Namespace) -> list[Row]:
    keys = options.keys or (300_000 if options.quick else KEYS)
    with both(options, NO_PERSISTENCE) as targets:
        gathered = median_pairs(options.rounds or (1 if options.quick else 3), targets, lambda t: measure(t, keys))
        return [
            Row(
                f"PING while {keys:,} keys are inserted, {metric}",
                "ms",
                *(
                    Figure(
                        target.name,
                        values[metric],
                        target.command_line,
                        shlex.join(loader_command(target, keys)).replace(sys.executable, "python"),
                    )
                    for target, values in zip(targets, gathered, strict=True)
                ),
                goal=1.0 if metric == "longest" else None,
            )
            for metric in gathered[0]
        ]

"""The longest pause: one client pings continuously while others insert millions of keys, pipelined, or millions of
members of one set, which is then deleted.

The loader is a process of its own. The pinging client runs at real-time priority if that is permitted, so that it
measures the server and not the scheduler. The tables grow several times during the run, whose effect is to be measured.
The machine's own pauses are measured too: the longest ping of the same server while it is idle, just before, and the
time for which a virtual machine's processors were taken away meanwhile.
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
from dataclasses import dataclass

from benchmarks import ROOT
from benchmarks.loader import command
from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import NO_PERSISTENCE, Target, both, cores, pinned, stolen_seconds

KEYS = 10_000_000
SPACING_SECONDS = 0.0005
LOOK_SECONDS = 0.05
IDLE_SECONDS = 4.0
# Memory that connections and emptied tables keep, in bytes.
SLACK = 1 << 20
PING = b"*1\r\n$4\r\nPING\r\n"


@dataclass(frozen=True)
class Case:
    """What the loader inserts, and its names in rows; ``deleted`` if it is one key that is then deleted."""

    what: str
    grows: str
    deleted: str = ""


CASES = [
    Case("strings", "{keys:,} keys are inserted"),
    Case("set", "a set grows to {keys:,} members", "a set of {keys:,} members is deleted"),
]


@contextlib.contextmanager
def urgent():
    """Runs this thread on the client's core, before all others there, for the length of the block."""
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
    """Pings while ``going()`` is true; returns the times in milliseconds, sorted."""
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


def idle_pause(target: Target) -> float:
    end = time.time() + IDLE_SECONDS
    return ping_while(lambda: time.time() < end, target.address)[-1]


def pauses(taken: list[float]) -> dict[str, float]:
    return {"longest": taken[-1], "99.9th percentile": taken[int(len(taken) * 0.999)]}


class Watch:
    """Whether there are still keys, or more than ``floor`` bytes of memory; checked every LOOK_SECONDS."""

    def __init__(self, target: Target, floor: int) -> None:
        self.target = target
        self.floor = floor
        self.next_look = time.time() + LOOK_SECONDS

    def going(self) -> bool:
        if time.time() < self.next_look:
            return True
        self.next_look = time.time() + LOOK_SECONDS
        return "db0" in self.target.info("keyspace") or self.target.used_memory() > self.floor + SLACK


def loader_command(target: Target, keys: int, what: str) -> list[str]:
    host, port = target.address
    arguments = [f"{host}:{port}", "--keys", str(keys), "--what", what]
    return [*pinned(1), sys.executable, "-m", "benchmarks.loader", *arguments]


def growing(target: Target, keys: int, what: str) -> dict[str, float]:
    loader = subprocess.Popen(loader_command(target, keys, what), cwd=ROOT)
    try:
        taken = ping_while(lambda: loader.poll() is None, target.address)
    finally:
        loader.kill()
        status = loader.wait()
    if status:
        raise RuntimeError(f"the loader failed against {target.name}")
    return pauses(taken)


def shrinking(target: Target, floor: int) -> dict[str, float]:
    """Pings while the one key is deleted, until its memory is freed. The first ping follows the DEL."""
    with target.client() as client:
        client.send_bytes(command(b"DEL", b"key"))
        return pauses(ping_while(Watch(target, floor).going, target.address))


def measure(target: Target, keys: int, case: Case, floor: int) -> dict[str, float]:
    target.empty()
    taken = {f"{case.grows}, idle just before: longest": idle_pause(target)}
    stolen = stolen_seconds()
    taken |= {f"{case.grows}, {metric}": ms for metric, ms in growing(target, keys, case.what).items()}
    taken[f"{case.grows}, stolen from the virtual machine"] = (stolen_seconds() - stolen) * 1000
    if case.deleted:
        taken |= {f"{case.deleted}, {metric}": ms for metric, ms in shrinking(target, floor).items()}
    return taken


def rows_of(case: Case, options: argparse.Namespace) -> list[Row]:
    keys = options.keys or (300_000 if options.quick else KEYS)
    with both(options, NO_PERSISTENCE) as targets:
        floors = {target.name: target.used_memory() for target in targets}
        gathered = median_pairs(
            options.rounds or (1 if options.quick else 3),
            targets,
            lambda target: measure(target, keys, case, floors[target.name]),
        )
        return [
            Row(
                f"PING while {metric.format(keys=keys)}",
                "ms",
                *(
                    Figure(
                        target.name,
                        values[metric],
                        target.command_line,
                        shlex.join(loader_command(target, keys, case.what)).replace(sys.executable, "python"),
                    )
                    for target, values in zip(targets, gathered, strict=True)
                ),
                goal=1.0 if metric.endswith(", longest") else None,
            )
            for metric in gathered[0]
        ]


def run(options: argparse.Namespace) -> list[Row]:
    return [row for case in CASES if case.what.startswith(options.only or "") for row in rows_of(case, options)]

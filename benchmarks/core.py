"""The core in process: parse, dispatch, change the keyspace and write the reply, with neither socket nor loop.

The native side is one function of the extension, ``pyredis._core.benchmark_core(setup, data)``, which makes a server's
core without persistence, executes the requests in `setup`, then those in `data`, drops the replies, and returns how
many requests `data` held and how many nanoseconds they alone took.
"""

import argparse
import random

from benchmarks.endtoend import KEYSPACE, WORKLOADS, Workload
from benchmarks.loader import command
from benchmarks.report import Figure, Row

REQUESTS = 400_000


def requests(workload: Workload, count: int, keys: int, seed: int = 1) -> bytes:
    """Requests with keys drawn as redis-benchmark draws them."""
    draw = random.Random(seed)

    def drawn(argument: str) -> bytes:
        return argument.replace("__rand_int__", f"{draw.randrange(keys):012d}").encode()

    return b"".join(command(*(drawn(argument) for argument in workload.request)) for _ in range(count))


def run(options: argparse.Namespace) -> list[Row]:
    from pyredis._core import benchmark_core

    keys = options.keys or (50_000 if options.quick else KEYSPACE)
    count = REQUESTS // (20 if options.quick else 1)
    rows = []
    for workload in WORKLOADS:
        if not workload.name.startswith(options.only or ""):
            continue
        setup, data = b"".join(workload.preload(keys)), requests(workload, count // workload.weight, keys)
        rounds = []
        for _ in range(options.rounds or 3):
            executed, nanoseconds = benchmark_core(setup, data)
            rounds.append(nanoseconds / executed)
        told = f"{count // workload.weight} requests like {' '.join(workload.request[:3])}, {keys} keys"
        rows.append(Row(f"{workload.name} in process", "ns per request", Figure("pyredis", rounds, "", told)))
    return rows

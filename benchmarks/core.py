"""The core in process: parse, dispatch, change the keyspace and write the reply, without a socket or a loop.

The native side is one function of the extension, ``pyredis._core.benchmark_core(setup, data)``. It makes a server's
core without persistence, executes the requests in `setup`, then those in `data`, drops the replies, and returns the
number of requests in `data` and the nanoseconds that these took.

The second part calls commands from Python with ``Core.call``, which encodes arguments and makes objects of replies. The
time of the Python loop and of making the tuple of arguments is included.
"""

import argparse
import random
import time
from collections.abc import Callable
from typing import Any

from benchmarks.endtoend import KEYSPACE, WORKLOADS, Workload
from benchmarks.loader import command
from benchmarks.report import Figure, Row

REQUESTS = 400_000
CALLS = 200_000
VALUE = b"v" * 16
ITEMS = [b"item:%d" % number for number in range(10)]
# So few keys that they stay in the cache; the rows above show the cost when they do not.
CALLED_KEYS = 1000
# Name, request made from a key, and the most nanoseconds that one call may take.
CALLED: list[tuple[str, Callable[[bytes], tuple[Any, ...]], float | None]] = [
    ("GET 16 B", lambda key: (b"GET", key), 350),
    ("SET 16 B", lambda key: (b"SET", key, VALUE), None),
    ("INCRBY", lambda key: ("INCRBY", "counter", 5), None),
    ("LRANGE of 10", lambda key: ("LRANGE", "list", 0, -1), None),
    ("HGETALL of 5", lambda key: ("HGETALL", "hash"), None),
]


def requests(workload: Workload, count: int, keys: int, seed: int = 1) -> bytes:
    """Makes requests with random keys of the form that redis-benchmark uses."""
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
        measured = f"{count // workload.weight} requests like {' '.join(workload.request[:3])}, {keys} keys"
        rows.append(Row(f"{workload.name} in process", "ns per request", Figure("pyredis", rounds, "", measured)))
    return rows + call_rows(options)


# From Python.


class NoHost:
    """A host that is never called."""


def filled_core() -> Any:
    from pyredis._core import DIRECTIVES, Core
    from pyredis.commands.table.registry import BOUND, COMMANDS
    from pyredis.config import Config

    core, config = Core(NoHost(), COMMANDS, BOUND), Config()
    for name in DIRECTIVES:
        core.configure(name, config[name])
    client = core.client()
    for number in range(CALLED_KEYS):
        core.call(client, ("SET", b"key:%012d" % number, VALUE))
    core.call(client, ("RPUSH", "list", *ITEMS))
    core.call(client, ("HSET", "hash", *ITEMS))
    return core


def time_calls(core: Any, requests: list[tuple[Any, ...]], rounds: int) -> float:
    """Returns the CPU nanoseconds of one call, including a tuple made for it."""
    call, client = core.call, core.client()
    began = time.thread_time_ns()
    for _ in range(rounds):
        for request in requests:
            call(client, (*request,))
    return (time.thread_time_ns() - began) / (rounds * len(requests))


def call_rows(options: argparse.Namespace) -> list[Row]:
    chosen = [(name, make, bound) for name, make, bound in CALLED if name.startswith(options.only or "")]
    count = CALLS // (20 if options.quick else 1)
    core = filled_core() if chosen else None
    rows = []
    for name, make, bound in chosen:
        draw = random.Random(1)
        requests = [make(b"key:%012d" % draw.randrange(CALLED_KEYS)) for _ in range(CALLED_KEYS)]
        rounds = [time_calls(core, requests, count // CALLED_KEYS) for _ in range(options.rounds or 3)]
        measured = f"{count} calls like {requests[0]!r:.60}, {CALLED_KEYS} keys"
        rows.append(Row(f"{name} from Python", "ns per call", Figure("pyredis", rounds, "", measured), bound=bound))
    return rows

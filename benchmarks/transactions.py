"""Transactions, end to end in comparison with another server.

A transaction is sent at once, as client libraries send it. With P1 a client waits for the reply of EXEC before it
sends the next one.
"""

import argparse
import random

from benchmarks import crowd
from benchmarks.endtoend import VALUE, keyspace
from benchmarks.loader import command, key, load, strings
from benchmarks.report import Row
from benchmarks.servers import NO_PERSISTENCE, both

SETS = 10
NAME = f"MULTI, SET × {SETS}, EXEC P1"
TRANSACTIONS = 50_000
REPLY = b"+OK\r\n" + b"+QUEUED\r\n" * SETS + b"*%d\r\n" % SETS + b"+OK\r\n" * SETS
GOAL = 0.75


def transactions(count: int, keys: int) -> list[bytes]:
    """Returns transactions that set keys drawn at random, the same at every call."""
    draw = random.Random(count)
    sets = (command(b"SET", key(draw.randrange(keys)), VALUE.encode()) for _ in range(count * SETS))
    return [b"".join([command(b"MULTI"), *(next(sets) for _ in range(SETS)), command(b"EXEC")]) for _ in range(count)]


def run(options: argparse.Namespace) -> list[Row]:
    if not NAME.startswith(options.only or ""):
        return []
    count = TRANSACTIONS // (20 if options.quick else 1)
    batches = transactions(count, keyspace(options))
    with both(options, NO_PERSISTENCE) as targets:
        for target in targets:
            load(target.address, strings(keyspace(options)))
        return [
            crowd.row(
                NAME,
                "µs CPU/transaction",
                f"each sends a transaction of {SETS + 2} requests at once",
                GOAL,
                targets,
                options,
                lambda target: crowd.measure(target, batches, REPLY, count),
            )
        ]

"""Eviction: a cache of half its working set. How fast it is, how often a read finds its key, how much memory it takes.

Each server's limit is half of what it uses for the entire working set, so that all hold the same share of the keys,
however many bytes a key takes. A reader asks for keys by Zipf's law and sets those that it misses, as a program with a
cache does. All servers get the same sequence. Requests per second are those of one processor: the requests divided by
the CPU time of the server, because a client in Python is slower than the servers.

The churn sets random keys to values whose sizes change from phase to phase, and reports the largest resident size in
any phase, less that of the empty server, as a percentage of the limit.
"""

import argparse
import random
from collections.abc import Iterator
from itertools import accumulate

from benchmarks.loader import Connection, command, key, load
from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import NO_PERSISTENCE, Target, both, on_the_clients_core

KEYS = 200_000
REQUESTS = 2_000_000
VALUE = b"v" * 100
BATCH = 200
# Zipf's exponent, as of YCSB.
SKEW = 0.99
LIMIT = 64 << 20
# Bytes of a value, by the phase of the churn.
SIZES = ((16, 64), (200, 600), (30, 90), (1000, 3000), (100, 150), (16, 4000))
POLICIES = {"LRU": "allkeys-lru", "LFU": "allkeys-lfu"}


def zipf_sequence(keys: int, count: int) -> list[int]:
    dice = random.Random(1)
    numbers = list(range(keys))
    dice.shuffle(numbers)
    weights = list(accumulate(1 / rank**SKEW for rank in range(1, keys + 1)))
    return dice.choices(numbers, cum_weights=weights, k=count)


def configure(target: Target, **directives: object) -> None:
    with target.client() as client:
        for name, value in directives.items():
            client.must("CONFIG", "SET", name.replace("_", "-"), str(value))


def working_set(keys: int) -> Iterator[bytes]:
    for number in range(keys):
        yield command(b"SET", key(number), VALUE)


def half_of_the_working_set(target: Target, keys: int) -> int:
    """Returns half of the memory that the keys take, in addition to what the empty server uses."""
    configure(target, maxmemory=0)
    target.empty()
    empty = target.used_memory()
    load(target.address, working_set(keys), BATCH)
    return empty + (target.used_memory() - empty) // 2


class Reader:
    """Reads keys in batches, and sets those that are missing."""

    def __init__(self, target: Target) -> None:
        self.connection = Connection(target.address)
        self.hits = 0
        self.requests = 0

    def read(self, numbers: list[int]) -> None:
        connection = self.connection
        connection.socket.sendall(b"".join(b"*2\r\n$3\r\nGET\r\n$16\r\n%b\r\n" % key(number) for number in numbers))
        replies = self.replies(len(numbers))
        missing = [number for number, reply in zip(numbers, replies, strict=True) if reply is None]
        self.hits += len(numbers) - len(missing)
        self.requests += len(numbers) + len(missing)
        if missing:
            connection.send([command(b"SET", key(number), VALUE) for number in dict.fromkeys(missing)])
            connection.settle()

    def replies(self, count: int) -> list[bytes | None]:
        found: list[bytes | None] = []
        while len(found) < count:
            self.connection.reader.feed(self.connection.socket.recv(1 << 16))
            while (reply := self.connection.reader.gets()) is not False:
                if isinstance(reply, Exception):
                    raise reply
                found.append(reply)
        return found


def measure_reads(target: Target, policy: str, sequence: list[int], keys: int) -> dict[str, float]:
    limit = half_of_the_working_set(target, keys)
    target.empty()
    configure(target, maxmemory_policy=policy, maxmemory=limit)
    reader = Reader(target)
    warm = len(sequence) // 4
    for start in range(0, warm, BATCH):
        reader.read(sequence[start : start + BATCH])
    reader.hits = reader.requests = 0
    began = target.cpu_seconds() or 0.0
    for start in range(warm, len(sequence), BATCH):
        reader.read(sequence[start : start + BATCH])
    seconds = (target.cpu_seconds() or 0.0) - began
    return {
        "reads that find their key": 100 * reader.hits / (len(sequence) - warm),
        "reads and sets of what is missing": reader.requests / seconds / 1000 if seconds else 0.0,
    }


def measure_sets(target: Target, keys: int, count: int) -> dict[str, float]:
    """Sets keys at random, so that about every second one is new and another must be evicted."""
    limit = half_of_the_working_set(target, keys)
    configure(target, maxmemory_policy="allkeys-lru", maxmemory=limit)
    dice = random.Random(2)
    requests = [command(b"SET", key(dice.randrange(keys)), VALUE) for _ in range(count)]
    load(target.address, requests[: count // 10], BATCH)
    began = target.cpu_seconds() or 0.0
    load(target.address, requests, BATCH)
    seconds = (target.cpu_seconds() or 0.0) - began
    return {"SET": count / seconds / 1000 if seconds else 0.0}


def churn(count: int, sizes: tuple[int, int], dice: random.Random) -> Iterator[bytes]:
    for _ in range(count):
        yield command(b"SET", key(dice.randrange(10_000_000)), b"v" * dice.randint(*sizes))


def measure_churn(target: Target, limit: int) -> dict[str, float]:
    configure(target, maxmemory=0)
    target.empty()
    empty = target.rss()
    configure(target, maxmemory_policy="allkeys-lru", maxmemory=limit)
    dice = random.Random(3)
    shares = []
    for sizes in SIZES:
        load(target.address, churn(3 * limit // sum(sizes), sizes, dice), BATCH)
        shares.append(100 * (target.rss() - empty) / limit)
    return {"largest resident size in a churn of sizes": max(shares)}


UNITS = {
    "reads that find their key": "%",
    "largest resident size in a churn of sizes": "% of the limit",
}


def rows_of(title: str, options: argparse.Namespace, measure, **facts: float) -> list[Row]:
    with both(options, NO_PERSISTENCE) as targets, on_the_clients_core():
        gathered = median_pairs(options.rounds or (1 if options.quick else 3), targets, measure)
        return [
            Row(
                f"{title}{metric}",
                UNITS.get(metric, "1,000 requests/s"),
                *(
                    Figure(target.name, values[metric], target.command_line, "python -m benchmarks eviction")
                    for target, values in zip(targets, gathered, strict=True)
                ),
                less_is_better=metric.startswith("largest"),
                goal=1.5 if metric not in UNITS else None,
                bound=105 if metric.startswith("largest") else None,
            )
            for metric in gathered[0]
        ]


def run(options: argparse.Namespace) -> list[Row]:
    keys = options.keys or (20_000 if options.quick else KEYS)
    requests = keys * (REQUESTS // KEYS)
    only = options.only or ""
    rows: list[Row] = []
    if "SET".startswith(only):
        rows += rows_of("", options, lambda target: measure_sets(target, keys, requests // 2))
    for name, policy in POLICIES.items():
        if name.startswith(only):
            sequence = zipf_sequence(keys, requests)
            rows += rows_of(f"{name}, ", options, lambda target: measure_reads(target, policy, sequence, keys))  # noqa: B023
    if "churn".startswith(only):
        rows += rows_of("", options, lambda target: measure_churn(target, LIMIT // 8 if options.quick else LIMIT))
    return rows

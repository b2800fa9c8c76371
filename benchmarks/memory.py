"""Bytes per key, by the server's own count (used_memory) and by the system's (RSS), of data sets loaded over a socket.

Each case gets servers of its own, so that no case is measured in the holes that another left. Growth is taken over an
empty server that has served one connection.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.loader import command, key, load, strings, value
from benchmarks.report import Figure, Row
from benchmarks.servers import NO_PERSISTENCE, Target, both

KEYS = 1_000_000


def with_expiry(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"SET", key(number), value(number), b"EX", b"1000000")


def small_hashes(count: int) -> Iterator[bytes]:
    for number in range(count):
        pairs = [part for field in range(5) for part in (b"field%d" % field, b"%d" % (number + field))]
        yield command(b"HSET", key(number), *pairs)


def large_hash(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"HSET", b"hash", key(number), value(number))


@dataclass(frozen=True)
class Case:
    name: str
    requests: Callable[[int], Iterator[bytes]]
    bound: float | None = None


CASES = [
    Case("string, 16 B key and value", strings, bound=65),
    Case("the same with a TTL", with_expiry),
    Case("hash of 5 small fields", small_hashes),
    Case("field of one large hash, 16 B each", large_hash),
]


def growth(target: Target, case: Case, keys: int) -> dict[str, float]:
    used, resident = target.used_memory(), target.rss()
    load(target.address, case.requests(keys))
    return {"used_memory": (target.used_memory() - used) / keys, "RSS": (target.rss() - resident) / keys}


def run(options: argparse.Namespace) -> list[Row]:
    keys = options.keys or (100_000 if options.quick else KEYS)
    rows = []
    for case in CASES:
        if not case.name.startswith(options.only or ""):
            continue
        with both(options, NO_PERSISTENCE) as targets:
            grown = [growth(target, case, keys) for target in targets]
            told = f"benchmarks.loader: {keys} × {next(case.requests(1))!r}"
            rows += [
                Row(
                    f"{case.name}, {metric}",
                    "bytes per key",
                    *(
                        Figure(target.name, [values[metric]], target.command_line, told)
                        for target, values in zip(targets, grown, strict=True)
                    ),
                    bound=case.bound,
                )
                for metric in grown[0]
            ]
    return rows

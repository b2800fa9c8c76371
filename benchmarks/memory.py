"""Bytes per key, by the server's own count (used_memory) and by the system's (RSS), of data sets loaded over a socket.

Each case has servers of its own, so that no case uses free memory left by another. Growth is measured from an empty
server that has served one connection.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.loader import command, key, load, strings, value
from benchmarks.report import Figure, Row
from benchmarks.servers import NO_PERSISTENCE, Target, both

KEYS = 1_000_000
# The memory of Valkey 9.1.2 for the same data, in bytes of used_memory per key.
VALKEY_SMALL_SET, VALKEY_SMALL_SORTED_SET = 129, 161


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


def parts(number: int) -> list[bytes]:
    return [b"part%d:%d" % (part, number % 1000) for part in range(5)]


def small_sets(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"SADD", key(number), *parts(number))


def small_sorted_sets(count: int) -> Iterator[bytes]:
    for number in range(count):
        scored = [item for score, part in enumerate(parts(number)) for item in (b"%d" % (score + number), part)]
        yield command(b"ZADD", key(number), *scored)


def small_lists(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"RPUSH", key(number), *parts(number))


def large_set(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"SADD", b"set", value(number))


def large_sorted_set(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"ZADD", b"zset", b"%d" % (number * 7919 % 1_000_003), value(number))


def large_list(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"RPUSH", b"list", value(number))


def large_stream(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"XADD", b"stream", b"*", b"field", value(number))


@dataclass(frozen=True)
class Case:
    """A data set. ``bound`` limits the bytes per key (or part); ``goal`` limits them relative to the other server."""

    name: str
    requests: Callable[[int], Iterator[bytes]]
    bound: float | None = None
    goal: float | None = None
    bounded: tuple[str, ...] = ("used_memory",)


CASES = [
    Case("string, 16 B key and value", strings, bound=65, bounded=("used_memory", "RSS")),
    Case("the same with a TTL", with_expiry),
    Case("hash of 5 small fields", small_hashes, bound=157),
    Case("set of 5 small members", small_sets, bound=VALKEY_SMALL_SET),
    Case("sorted set of 5 small members", small_sorted_sets, bound=VALKEY_SMALL_SORTED_SET),
    Case("list of 5 small items", small_lists),
    Case("field of one large hash, 16 B each", large_hash, bound=65),
    Case("member of one large set, 16 B", large_set, bound=46),
    Case("member of one large sorted set, 16 B", large_sorted_set, bound=60),
    Case("item of one large list, 16 B", large_list, bound=22),
    Case("entry of one large stream, a field of 16 B", large_stream, goal=1.0),
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
            described = f"benchmarks.loader: {keys} × {next(case.requests(1))!r}"
            rows += [
                Row(
                    f"{case.name}, {metric}",
                    "bytes per key",
                    *(
                        Figure(target.name, [values[metric]], target.command_line, described)
                        for target, values in zip(targets, grown, strict=True)
                    ),
                    bound=case.bound if metric in case.bounded else None,
                    goal=case.goal if metric in case.bounded else None,
                )
                for metric in grown[0]
            ]
    return rows

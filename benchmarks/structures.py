"""Lists, sets, sorted sets, streams, bitmaps, HyperLogLog and geo, end to end in comparison with another server.

Small commands run at P1 and P16 on collections of a million members (or a million small values). Commands that read or
combine entire collections have goals of their own. The figure is the server's CPU time per request, as in ``endtoend``.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from statistics import median

from benchmarks.endtoend import PIPELINES, Workload, keyspace, rows_of
from benchmarks.loader import command, key, load, value
from benchmarks.report import Figure, Row
from benchmarks.servers import NO_PERSISTENCE, Target, both

MEMBERS_AT_ONCE = 64
SMALL, LARGE = 1_000, 100_000
VALUE = "v" * 16
MEMBER = "element:__rand_int__"


def member(number: int) -> bytes:
    """Returns a member as redis-benchmark makes it from ``element:__rand_int__``."""
    return b"element:%012d" % number


def score(number: int) -> bytes:
    """Returns scores in no order, each once."""
    return b"%d" % (number * 7919 % 1_000_003)


def many(*head: bytes, parts: Iterator[tuple[bytes, ...]]) -> Iterator[bytes]:
    """Makes commands of ``head`` and the parts, several parts at once."""
    while some := list(islice(parts, MEMBERS_AT_ONCE)):
        yield command(*head, *chain.from_iterable(some))


def nothing(count: int) -> Iterator[bytes]:
    return iter(())


def list_items(count: int) -> Iterator[bytes]:
    return many(b"RPUSH", b"list", parts=((VALUE.encode(),) for _ in range(count)))


def members(count: int) -> Iterator[bytes]:
    return many(b"SADD", b"set", parts=((member(number),) for number in range(count)))


def scored(count: int) -> Iterator[bytes]:
    return many(b"ZADD", b"zset", parts=((score(number), member(number)) for number in range(count)))


def entries(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield command(b"XADD", b"stream", b"*", b"field", VALUE.encode())


def bits(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield command(b"SETBIT", b"bits:%012d" % number, b"100", b"1")


def places(count: int) -> Iterator[bytes]:
    parts = ((b"13.%06d" % (number % 10**6), b"38.%06d" % (number % 10**6), member(number)) for number in range(count))
    return many(b"GEOADD", b"places", parts=parts)


def small_values(count: int) -> Iterator[bytes]:
    """Makes a list, a set, a sorted set and a hash of a thousand parts each, whatever ``count`` is."""
    numbers = range(SMALL)
    yield from list_items(SMALL)
    yield from many(b"SADD", b"set", parts=((member(number),) for number in numbers))
    yield from many(b"ZADD", b"zset", parts=((score(number), member(number)) for number in numbers))
    yield from many(b"HSET", b"hash", parts=((key(number), value(number)) for number in numbers))


def large_pair(count: int) -> Iterator[bytes]:
    """Makes two sets and two sorted sets of a hundred thousand members; each pair shares half of them."""
    for name, first in ((b"a", 0), (b"b", LARGE // 2)):
        numbers = range(first, first + LARGE)
        yield from many(b"SADD", b"set:" + name, parts=((member(number),) for number in numbers))
        yield from many(b"ZADD", b"zset:" + name, parts=((score(number), member(number)) for number in numbers))


@dataclass(frozen=True)
class Case:
    """A workload, the pipeline depths it runs at and the goal for each. With ``drains``, a run removes members, which
    are loaded first."""

    workload: Workload
    goals: dict[int, float]
    drains: bool = False


def small(name: str, request: str, preload: Callable[[int], Iterator[bytes]], weight: int = 1, drains: bool = False):
    return Case(Workload(name, tuple(request.split()), preload, weight), {16: 1.0, 1: 1.0}, drains)


def whole(name: str, request: str, weight: int = 100) -> Case:
    return Case(Workload(name, tuple(request.split()), small_values, weight), {16: 0.8, 1: 0.8})


def combining(name: str, request: str) -> Case:
    return Case(Workload(name, tuple(request.split()), large_pair, weight=5000), {1: 1.0})


CASES = [
    small("LPUSH", f"LPUSH list {VALUE}", nothing),
    small("RPOP", "RPOP list", list_items, weight=2, drains=True),
    small("LRANGE_100", "LRANGE list 0 99", list_items, weight=20),
    small("SADD", f"SADD set {MEMBER}", members),
    small("SISMEMBER", f"SISMEMBER set {MEMBER}", members),
    small("SPOP", "SPOP set", members, weight=4, drains=True),
    small("ZADD", f"ZADD zset __rand_int__ {MEMBER}", scored),
    small("ZSCORE", f"ZSCORE zset {MEMBER}", scored),
    small("ZRANGE(10)", "ZRANGE zset 500000 500009", scored, weight=4),
    small("ZPOPMIN", "ZPOPMIN zset", scored, weight=4, drains=True),
    small("XADD", f"XADD stream * field {VALUE}", nothing),
    small("XRANGE(10)", "XRANGE stream - + COUNT 10", entries, weight=8),
    small("SETBIT", "SETBIT bits:__rand_int__ 77 1", bits),
    small("PFADD", f"PFADD visitors {MEMBER}", nothing),
    small("GEOADD", f"GEOADD places 13.__rand_int__ 38.__rand_int__ {MEMBER}", places),
    whole("LRANGE_600", "LRANGE list 0 599"),
    whole("SMEMBERS of 1,000", "SMEMBERS set"),
    whole("ZRANGE of 1,000", "ZRANGE zset 0 -1"),
    whole("HGETALL of 1,000", "HGETALL hash", weight=200),
    combining("ZUNIONSTORE of 100,000", "ZUNIONSTORE sum 2 zset:a zset:b"),
    combining("SINTER of 100,000", "SINTER set:a set:b"),
]
SMALL_CASES = {case.workload.name for case in CASES if case.goals == {16: 1.0, 1: 1.0}}
MEDIAN_GOAL = 0.85


def parts_needed(case: Case, pipeline: int, options: argparse.Namespace) -> int:
    """Returns how many members to load: those that keys are drawn from, or all that the rounds will remove."""
    if not case.drains:
        return keyspace(options)
    requests = PIPELINES[pipeline][0] // (20 if options.quick else 1) // case.workload.weight
    return requests * (options.rounds or (2 if options.quick else 5)) + 1


def measured(case: Case, pipeline: int, targets: list[Target], options: argparse.Namespace) -> list[Row]:
    for target in targets:
        target.empty()
        load(target.address, case.workload.preload(parts_needed(case, pipeline, options)))
    name = f"{case.workload.name} P{pipeline}"
    return rows_of(name, targets, case.workload, pipeline, options, case.goals[pipeline])


def median_row(rows: list[Row]) -> list[Row]:
    """Returns the median of the small commands' ratios of CPU time at P16; no row unless all of them have run."""
    chosen = [row for row in rows if row.less_is_better and row.case in {f"{name} P16" for name in SMALL_CASES}]
    if len(chosen) < len(SMALL_CASES):
        return []
    ratios = [row.ratio for row in chosen if row.ratio is not None]
    note = "the median of the ratios of " + ", ".join(row.case for row in chosen)
    ours, other = Figure(chosen[0].ours.name, [median(ratios)]), Figure(chosen[0].other.name, [1.0])
    return [Row("median of the small commands at P16", "× CPU/request", ours, other, goal=MEDIAN_GOAL, notes=note)]


def run(options: argparse.Namespace) -> list[Row]:
    rows: list[Row] = []
    with both(options, NO_PERSISTENCE) as targets:
        for case in CASES:
            for pipeline in case.goals:
                if f"{case.workload.name} P{pipeline}".startswith(options.only or ""):
                    rows += measured(case, pipeline, targets, options)
    return rows + median_row(rows)

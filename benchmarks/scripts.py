"""Scripts, end to end in comparison with another server.

redis-benchmark sends the scripts that can run again and again on the same keys. A lock can be released only once, so
the clients of ``crowd`` send the script that redis-py's ``Lock`` releases it with.
"""

import argparse
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from redis.lock import Lock

from benchmarks import crowd
from benchmarks.endtoend import KEY, Workload, keyspace, rows_of
from benchmarks.loader import command, load, strings, value
from benchmarks.report import Row
from benchmarks.servers import NO_PERSISTENCE, Target, both

PARTS = 1_000
RELEASE = Lock.LUA_RELEASE_SCRIPT
RELEASES, PIPELINE = 100_000, 16
TOKEN = b"t" * 16


@dataclass(frozen=True)
class Script:
    """A script with its keys, the requests that fill the server beforehand, and the goal for CPU time per request."""

    name: str
    text: str
    keys: tuple[str, ...]
    preload: Callable[[int], Iterator[bytes]]
    pipeline: int
    goal: float
    weight: int  # as for a Workload

    @property
    def case(self) -> str:
        return f"{self.name} P{self.pipeline}"

    @property
    def workload(self) -> Workload:
        request = ("EVALSHA", digest(self.text), str(len(self.keys)), *self.keys)
        return Workload(self.name, request, self.preload, self.weight)


def digest(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


def nothing(count: int) -> Iterator[bytes]:
    return iter(())


def items(count: int) -> Iterator[bytes]:
    yield command(b"RPUSH", b"list", *map(value, range(PARTS)))


INCREMENTS = f"for i = 1, {PARTS} do redis.call('incr', KEYS[1]) end"
ENCODING = "return cjson.encode(redis.call('lrange', KEYS[1], 0, -1))"
SCRIPTS = [
    Script("EVALSHA of return 1", "return 1", (), nothing, 16, 0.8, 2),
    Script("EVALSHA of a GET", "return redis.call('get', KEYS[1])", (KEY,), strings, 16, 0.8, 2),
    Script("EVALSHA of 1,000 INCRs", INCREMENTS, ("counter",), nothing, 1, 0.7, 100),
    Script("EVALSHA of LRANGE of 1,000 and cjson.encode", ENCODING, ("list",), items, 1, 1.0, 100),
]
RELEASING = f"EVALSHA of Lock's release P{PIPELINE}"


def measured(script: Script, targets: list[Target], options: argparse.Namespace) -> list[Row]:
    for target in targets:
        target.empty()
        load(target.address, script.preload(keyspace(options)))
        load(target.address, [command(b"SCRIPT", b"LOAD", script.text.encode())])
    return rows_of(script.case, targets, script.workload, script.pipeline, options, script.goal)


def lock(number: int) -> bytes:
    return b"lock:%011d" % number


def releases(count: int) -> list[bytes]:
    """Returns batches of requests, which release the locks from 0 to ``count``, each once."""
    head = (b"EVALSHA", digest(RELEASE).encode(), b"1")
    requests = [command(*head, lock(number), TOKEN) for number in range(count)]
    return [b"".join(requests[at : at + PIPELINE]) for at in range(0, count, PIPELINE)]


def release_all(target: Target, count: int) -> dict[str, float]:
    """Takes all locks, then measures their release."""
    load(target.address, [command(b"SCRIPT", b"LOAD", RELEASE.encode())])
    load(target.address, (command(b"SET", lock(number), TOKEN, b"PX", b"600000") for number in range(count)))
    return crowd.measure(target, releases(count), b":1\r\n" * PIPELINE, count)


def releasing_row(targets: list[Target], options: argparse.Namespace) -> Row:
    count = RELEASES // (20 if options.quick else 1) // PIPELINE * PIPELINE
    description = f"each releases {PIPELINE} locks in a pipeline"
    return crowd.row(
        RELEASING, "µs CPU/request", description, 0.8, targets, options, lambda target: release_all(target, count)
    )


def run(options: argparse.Namespace) -> list[Row]:
    rows: list[Row] = []
    with both(options, NO_PERSISTENCE) as targets:
        for script in SCRIPTS:
            if script.case.startswith(options.only or ""):
                rows += measured(script, targets, options)
        if RELEASING.startswith(options.only or ""):
            rows.append(releasing_row(targets, options))
    return rows

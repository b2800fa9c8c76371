"""A database in the process: microseconds of a call, compared with other libraries that need no server.

Every call is made from Python with a str key out of a thousand, so the keys stay in the cache; values have 16 bytes.
The loop that makes the calls is part of the time, as is the result. Wall-clock time; a round takes some hundredths of
a second.

The rows of whole collections are compared with a comprehension that makes the same result from bytes objects that
exist already: it is what the result costs in Python alone. `embedded_process` has what concerns the process: imports,
opening, and a busy thread beside a server.
"""

import argparse
import asyncio
import random
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmarks import embedded_process
from benchmarks.embedded_process import installed
from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import NO_PERSISTENCE, on_the_clients_core, other_name, other_target

ROUNDS = 21
# Seconds that one round of calls takes about, and of a quick run.
SECONDS, QUICK_SECONDS = 0.04, 0.002
NAMES = [f"key:{number:012d}" for number in range(1000)]
VALUE = b"v" * 16
FIELDS = {b"field:%010d" % number: VALUE for number in range(20)}
MEMBERS = {b"member:%09d" % number: float(number) for number in range(100)}
# Goals, in microseconds, and of ratios.
GET, SET, KEPT_SET, KEPT_PIPELINE, AWAIT_GET, PIPELINE = 0.35, 0.45, 1.5, 0.6, 0.45, 0.15
COLLECTION, POOL = 1.2, 0.5

# Makes calls, and returns how many. A Work for coroutines returns a coroutine instead.
Work = Callable[[], int]


@dataclass
class Case:
    """One row: what is called on each library's database, ours first, and the goals of ours.

    ``other`` is the library that the ratio is of; the rest have columns without one.
    """

    name: str
    works: dict[str, Work]
    bound: float | None = None
    other: str | None = None
    goal: float | None = None
    called: str = ""
    commands: dict[str, str] = field(default_factory=dict)


def drawn_names() -> list[str]:
    names = NAMES.copy()
    random.Random(1).shuffle(names)
    return names


# Works.


def gets(database: Any, names: list[str]) -> Work:
    get = database.get

    def work() -> int:
        for name in names:
            get(name)
        return len(names)

    return work


def sets(database: Any, names: list[str]) -> Work:
    set_value = database.set

    def work() -> int:
        for name in names:
            set_value(name, VALUE)
        return len(names)

    return work


def piped(database: Any, names: list[str], transaction: bool, *value: bytes) -> Work:
    """A pipeline of gets, or of sets if there is a value."""

    def work() -> int:
        pipe = database.pipeline(transaction=transaction)
        method = pipe.set if value else pipe.get
        for name in names:
            method(name, *value)
        if len(pipe.execute()) != len(names):
            raise RuntimeError("replies are missing")
        return len(names)

    return work


def awaited(runner: asyncio.Runner, method: Callable[..., Any], names: list[str], *value: bytes) -> Work:
    async def calls() -> int:
        for name in names:
            await method(name, *value)
        return len(names)

    return lambda: runner.run(calls())


def many(function: Callable[[], Any], expected: Any) -> Work:
    """Calls of a function without arguments, which returns a collection."""
    if function() != expected:
        raise RuntimeError(f"{function()!r:.200} returned, {expected!r:.200} expected")

    def work() -> int:
        for _ in range(100):
            function()
        return 100

    return work


# Cases.


def memory_cases(stack: ExitStack, options: argparse.Namespace) -> Iterator[Case]:
    import pyredis

    names = drawn_names()
    databases: dict[str, Any] = {"pyredis": stack.enter_context(pyredis.open())}
    if installed("fakeredis"):
        import fakeredis

        databases["fakeredis"] = stack.enter_context(fakeredis.FakeRedis())
    for database in databases.values():
        fill(database)
    yield Case("get, in memory", {name: gets(each, names) for name, each in databases.items()}, GET)
    yield Case("set, in memory", {name: sets(each, names) for name, each in databases.items()}, SET)
    yield Case(
        "pipeline of 1,000 gets",
        {name: piped(each, names, False) for name, each in databases.items()},
        PIPELINE,
        called="pipeline(transaction=False)",
    )
    yield Case(
        "transaction of 1,000 gets",
        {name: piped(each, names, True) for name, each in databases.items()},
        called="pipeline()",
    )
    yield from collection_cases(databases)


def fill(database: Any) -> None:
    for name in NAMES:
        database.set(name, VALUE)
    database.hset("hash", mapping=FIELDS)
    database.zadd("zset", MEMBERS)


def collection_cases(databases: dict[str, Any]) -> Iterator[Case]:
    names, fields, members, values = NAMES[:100], [*FIELDS.items()], [*MEMBERS.items()], [VALUE] * 100
    made: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
        "hgetall of 20 fields; other: the dict alone": (
            lambda database: database.hgetall("hash"),
            lambda: {name: value for name, value in fields},  # noqa: C416 - what is measured
        ),
        "zrange of 100 with scores; other: the list alone": (
            lambda database: database.zrange("zset", 0, -1, withscores=True),
            lambda: [(member, score) for member, score in members],
        ),
        "mget of 100; other: the list alone": (
            lambda database: database.mget(names),
            lambda: [value for value in values],  # noqa: C416
        ),
    }
    for name, (call, comprehension) in made.items():
        works = {
            library: many(lambda call=call, each=each: call(each), comprehension())
            for library, each in databases.items()
        }
        works["Python alone"] = many(comprehension, comprehension())
        yield Case(name, works, other="Python alone", goal=COLLECTION)


def kept_cases(stack: ExitStack, options: argparse.Namespace) -> Iterator[Case]:
    import pyredis

    database = stack.enter_context(pyredis.open(options.work / "kept", appendfsync="everysec"))
    names = drawn_names()
    fill(database)
    yield Case("get, kept", {"pyredis": gets(database, names)}, called="appendfsync everysec")
    yield Case("set, kept", {"pyredis": sets(database, names)}, KEPT_SET, called="appendfsync everysec")
    yield Case(
        "pipeline of 1,000 sets, kept",
        {"pyredis": piped(database, names, False, VALUE)},
        KEPT_PIPELINE,
        called="appendfsync everysec, pipeline(transaction=False)",
    )


def awaited_cases(stack: ExitStack, options: argparse.Namespace) -> Iterator[Case]:
    import pyredis

    runner, names = stack.enter_context(asyncio.Runner()), drawn_names()
    databases: dict[str, Any] = {"pyredis": pyredis.aopen()}
    if installed("fakeredis"):
        import fakeredis

        databases["fakeredis"] = fakeredis.FakeAsyncRedis()
    if installed("burner_redis"):
        from burner_redis import BurnerRedis

        databases["burner-redis"] = BurnerRedis()
    stack.callback(lambda: [runner.run(each.aclose()) for each in databases.values()])
    for database in databases.values():
        awaited(runner, database.set, names, VALUE)()
    yield Case("await get", {name: awaited(runner, each.get, names) for name, each in databases.items()}, AWAIT_GET)
    yield Case("await set", {name: awaited(runner, each.set, names, VALUE) for name, each in databases.items()})


def pool_cases(stack: ExitStack, options: argparse.Namespace) -> Iterator[Case]:
    """GET of redis-py: over the pool in the process, and over TCP to the other server, which has a core of its own."""
    import redis

    import pyredis

    if not hasattr(pyredis, "connection_pool"):
        print("no row of redis-py over a pool: pyredis has no connection_pool")
        return
    if not options.other_address and not shutil.which(shlex.split(options.other_command)[0]):
        print(f"no row of redis-py over a pool: {options.other_command} is not installed")
        return
    target = stack.enter_context(other_target(options, NO_PERSISTENCE))
    stack.enter_context(on_the_clients_core())
    host, port = target.address
    over_tcp = "over TCP"
    clients = {
        "pyredis": stack.enter_context(redis.Redis(connection_pool=pyredis.connection_pool())),
        over_tcp: stack.enter_context(redis.Redis(host=host, port=port)),
    }
    for client in clients.values():
        fill(client)
    works = {name: gets(client, drawn_names()) for name, client in clients.items()}
    name = f"get by redis-py, over a pool; other: over TCP to {other_name(options)}"
    yield Case(name, works, None, over_tcp, POOL, "", {over_tcp: target.command_line})


# Measuring.


def round_of(work: Work, seconds: float) -> Callable[[], dict[str, float]]:
    """Returns a function that makes calls for about that long, and returns the microseconds of one."""
    repetitions = 1 + int(seconds / elapsed(work, 1)[0])

    def measure() -> dict[str, float]:
        duration, calls = elapsed(work, repetitions)
        return {"µs": duration / calls * 1e6}

    return measure


def elapsed(work: Work, repetitions: int) -> tuple[float, int]:
    """Returns the seconds and the number of calls."""
    began = time.perf_counter()
    calls = sum(work() for _ in range(repetitions))
    return time.perf_counter() - began, calls


def measured(case: Case, options: argparse.Namespace) -> Row:
    seconds = QUICK_SECONDS if options.quick else SECONDS
    measures = [round_of(work, seconds) for work in case.works.values()]
    rounds = options.rounds or (2 if options.quick else ROUNDS)
    gathered = median_pairs(rounds, measures, lambda measure: measure())
    figures = {
        name: Figure(name, values["µs"], case.commands.get(name, ""), f"{case.name} {case.called}".strip())
        for name, values in zip(case.works, gathered, strict=True)
    }
    ours, other = figures.pop("pyredis"), figures.pop(case.other, None)
    return Row(case.name, "µs per call", ours, other, goal=case.goal, bound=case.bound, further=[*figures.values()])


def run(options: argparse.Namespace) -> list[Row]:
    rows = []
    for group in (memory_cases, awaited_cases, kept_cases, pool_cases):
        with ExitStack() as stack:
            for case in group(stack, options):
                if case.name.startswith(options.only or ""):
                    rows.append(measured(case, options))
    return rows + embedded_process.rows(options)

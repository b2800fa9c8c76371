"""What a database or a server costs the process it is in: imports, opening and starting, and a busy thread beside it.

Imports and what the first use pays are measured in fresh interpreters, which compiled modules are cached for. The
package imports almost nothing before it is used, so the first database pays for everything: asyncio and uvloop for
more than half of it, which is why they are in the table.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import cores, pinned
from support.paths import server_environment

ROUNDS = 15
# An installed package has compiled modules. In a checkout they must be kept too, whatever the environment says.
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": ""}
# Goals: milliseconds, and the share of its speed that a busy thread keeps.
IMPORT, OPEN, FIXTURE, START, SESSION, BUSY = 25, 2, 1, 20, 100, 0.45
# Seconds that a busy thread is measured for, in one round.
BUSY_SECONDS, QUICK_BUSY_SECONDS = 1.0, 0.1

TIMED = """
import sys, time
{setup}
began = time.perf_counter()
{statement}
print((time.perf_counter() - began) * 1000)
"""

# Name, setup, and the statement of each library; then the goal of ours.
FRESH: list[tuple[str, str, dict[str, str], float | None]] = [
    (
        "import",
        "",
        {"pyredis": "import pyredis", "fakeredis": "import fakeredis", "burner-redis": "import burner_redis"},
        IMPORT,
    ),
    (
        "import and first open; other: import of asyncio and uvloop",
        "",
        {
            "pyredis": "import pyredis; pyredis.open()",
            "asyncio and uvloop": "import asyncio, uvloop",
            "fakeredis": "import fakeredis; fakeredis.FakeRedis().ping()",
            "burner-redis": "import burner_redis; burner_redis.BurnerRedis()",
        },
        None,
    ),
    (
        "open in memory, after another",
        "import pyredis; pyredis.open()",
        {"pyredis": "pyredis.open()"},
        OPEN,
    ),
    (
        "import and first start of a server",
        "",
        {"pyredis": "import pyredis; pyredis.Server().start()"},
        SESSION,
    ),
]
OTHERS = {"fakeredis": "fakeredis", "burner-redis": "burner_redis", "asyncio and uvloop": "uvloop"}


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def in_fresh_interpreter(code: str) -> float:
    """Returns the milliseconds that the code prints."""
    environment = server_environment() | ENVIRONMENT
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def fresh_row(name: str, setup: str, statements: dict[str, str], bound: float | None, rounds: int) -> Row:
    chosen = {
        library: statement
        for library, statement in statements.items()
        if library not in OTHERS or installed(OTHERS[library])
    }
    codes = [TIMED.format(setup=setup, statement=statement) for statement in chosen.values()]
    for code in codes:
        in_fresh_interpreter(code)
    gathered = median_pairs(rounds, codes, lambda code: {"ms": in_fresh_interpreter(code)})
    figures = {
        library: Figure(library, values["ms"], "", f"python -c '{statement}'")
        for (library, statement), values in zip(chosen.items(), gathered, strict=True)
    }
    ours, other = figures.pop("pyredis"), figures.pop("asyncio and uvloop", None)
    return Row(name, "ms", ours, other, bound=bound, further=[*figures.values()])


# In this process.


def milliseconds(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return (time.perf_counter() - began) * 1000


def repeated_row(name: str, bound: float, rounds: int, measure: Callable[[], float]) -> Row:
    measure()
    return Row(name, "ms", Figure("pyredis", [measure() for _ in range(rounds)]), bound=bound)


def open_and_close() -> float:
    """Returns the milliseconds of what a test pays for a database of its own: the median of 20."""
    import pyredis

    return median(milliseconds(lambda: pyredis.open().close()) for _ in range(20))


def server_start() -> float:
    import pyredis

    server = pyredis.Server()
    try:
        return milliseconds(server.start)
    finally:
        server.stop()


def server_stop() -> float:
    import pyredis

    return milliseconds(pyredis.Server().start().stop)


# A busy thread.


def turns(seconds: float) -> float:
    """Returns how often per second a loop in Python turned."""
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(1000):
            count += 1
    return count / (time.perf_counter() - began)


def busy_row(rounds: int, seconds: float) -> Row | None:
    """A loop in the main thread, alone and beside a server whose clients send as fast as they can.

    The process has one core, and the load comes from another.
    """
    import pyredis

    if len(cores()) < 2 or not pinned(1) or not shutil.which("redis-benchmark"):
        print("no row of a busy thread: it needs two cores, taskset and redis-benchmark")
        return None
    usable = cores()
    os.sched_setaffinity(0, usable[:1])
    try:
        beside, alone = [], []
        for _ in range(rounds):
            alone.append(turns(seconds))
            with pyredis.Server() as server:
                command = load_on(server.port)
                with subprocess.Popen([*pinned(1), *command], stdout=subprocess.DEVNULL) as load:
                    wait_for_load(server)
                    beside.append(turns(seconds))
                    load.kill()
    finally:
        os.sched_setaffinity(0, usable)
    ours = Figure("pyredis", beside, "pyredis.Server()", " ".join(command).replace(str(server.port), "PORT"))
    name = "a busy thread beside a server at full load; other: the thread alone"
    return Row(name, "turns/s", ours, Figure("alone", alone), less_is_better=False, goal=BUSY)


def load_on(port: int) -> list[str]:
    return ["redis-benchmark", "-p", str(port), "-c", "50", "-P", "16", "-t", "set,get", "-r", "100000", "-l", "-q"]


def wait_for_load(server: object) -> None:
    while server.info("stats")["total_commands_processed"] < 10_000:  # type: ignore[attr-defined]
        time.sleep(0.01)


def rows(options: argparse.Namespace) -> list[Row]:
    rounds = options.rounds or (2 if options.quick else ROUNDS)
    wanted = options.only or ""
    found = [fresh_row(*case, rounds) for case in FRESH if case[0].startswith(wanted)]
    repeated = {
        "a database for a test: open and close": (FIXTURE, open_and_close),
        "start of a server": (START, server_start),
        "stop of a server": (START, server_stop),
    }
    found += [
        repeated_row(name, bound, rounds, measure)
        for name, (bound, measure) in repeated.items()
        if name.startswith(wanted)
    ]
    if "a busy thread".startswith(wanted) or wanted.startswith("a busy"):
        row = busy_row(min(rounds, 7), QUICK_BUSY_SECONDS if options.quick else BUSY_SECONDS)
        found += [row] if row else []
    return found

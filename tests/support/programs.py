"""Programs that use the server: what is installed, and child processes whose output is kept.

A test of ``tests/integrations`` asks for its libraries with `needs`, for a command with `needs_command` and for a
package of ``tests/integrations/node`` with `needs_node`. What is missing skips the test, or fails it if
PYREDIS_REQUIRE_INTEGRATIONS is set. Programs that cannot be installed beside the others, because they need an older
redis-py, are in a second virtual environment, whose interpreter is named by PYREDIS_OLDER_PYTHON.

A `Program` is a child process in a session of its own, so that its children end with it. Its output is in a file, is
added to the report of a test that fails, and can be awaited. Jobs record what they did in a `Ledger`, a file that does
not depend on the server under test.
"""

import asyncio
import contextlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest

from support.client import wait_until
from support.servers import Server
from support.waiting import blocked as blocked_clients

INTEGRATIONS = Path(__file__).resolve().parents[1] / "integrations"
APPS = INTEGRATIONS / "apps"
NODE = INTEGRATIONS / "node"

# How many jobs are enqueued before and after each restart.
JOBS = 12

# Seconds. A program that has not done its job by then does not do it.
PATIENCE = 40.0
STOP_TIMEOUT = 5.0


def missing(what: str, hint: str) -> NoReturn:
    """Skip the test (or the module that is being imported), or fail it if the integrations are required."""
    reason = f"{what} is not installed: {hint}"
    if os.environ.get("PYREDIS_REQUIRE_INTEGRATIONS"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def needs(*modules: str, extra: str = "integrations") -> Any:
    """Import the modules of a library and return the first; a module that is missing skips the tests."""
    try:
        return next(iter([importlib.import_module(module) for module in modules]))
    except ModuleNotFoundError as error:
        if error.name not in {module.split(".")[0] for module in modules}:
            raise
        missing(error.name or modules[0], f"pip install '.[{extra}]'")


def needs_command(command: str) -> str:
    """The path of a command, from this interpreter's environment or from PATH."""
    beside = Path(sys.executable).with_name(command)
    path = str(beside) if beside.exists() else shutil.which(command)
    return path or missing(command, "pip install '.[integrations]'")


@cache
def _has(python: str, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


def needs_older(module: str) -> str:
    """The interpreter of the second environment, in which this module is installed."""
    python = os.environ.get("PYREDIS_OLDER_PYTHON")
    if python and _has(python, module):
        return python
    missing(module, "pip install --group integrations-older, in an environment that PYREDIS_OLDER_PYTHON names")


def needs_node(*packages: str) -> str:
    """The path of node, with these packages installed in ``tests/integrations/node``."""
    node = shutil.which("node")
    absent = [package for package in packages if not (NODE / "node_modules" / package).is_dir()]
    if node and not absent:
        return node
    missing(", ".join(absent) if node else "node", "npm ci in tests/integrations/node")


class Ledger:
    """What the jobs of a test have done: a file to which ``apps/ledger.py`` appends a line for each."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    def counts(self) -> Counter[str]:
        return Counter(self.lines())

    def lacks(self, wanted: Iterable[object]) -> list[str]:
        """Return those of the wanted lines that are not recorded yet, in order."""
        done = self.counts()
        return [line for line in map(str, wanted) if line not in done]

    def began(self) -> int:
        """Return how many numbered jobs have begun."""
        return sum(line.startswith("began ") for line in self.counts())

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Hold the numbered jobs that run, and those that begin, until the end of the block."""
        held = self.path.with_name(self.path.name + ".held")
        held.touch()
        yield
        held.unlink()


class Program:
    """A child process; `output` is everything that it and its children have printed so far.

    One that is `supervised` is started again when it has failed, as service managers do: some programs end when they
    cannot reach their server for a second.
    """

    def __init__(
        self, name: str, command: Iterable[str], folder: Path, environment: Mapping[str, str], supervised: bool = False
    ) -> None:
        self.name = name
        self.command = [str(part) for part in command]
        self.path = folder / f"{name}.out"
        self.environment = dict(environment)
        self.supervised = supervised
        self._start()

    def _start(self) -> None:
        with open(self.path, "ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.path.parent,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return self.path.read_text(errors="replace")

    def running(self) -> bool:
        return self.process.poll() is None

    def check_running(self) -> None:
        if self.supervised and not self.running():
            self.end()
            self._start()
        assert self.running(), f"{self.name} ended with {self.process.returncode}:\n{self.output()[-4000:]}"

    def says(self, text: str, times: int = 1) -> None:
        """Wait until the output contains the text, or contains it that many times."""

        def said() -> bool:
            if self.output().count(text) >= times:
                return True
            self.check_running()
            return False

        wait_until(said, f"{self.name} to print {text!r}", PATIENCE)

    def write(self, text: str) -> None:
        """Send a line to the program's standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait for the program to end by itself and return its status."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end:\n{self.output()[-4000:]}") from None

    def stop(self) -> int:
        """Send SIGTERM, as a service manager does, and wait for the program to end."""
        self.process.terminate()
        return self.wait()

    def end(self) -> None:
        """End the program and its children: SIGTERM, and SIGKILL after a while."""
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_TIMEOUT)
        # The group is the session's, which this process started; it may still have members.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Programs:
    """Starts the programs of one test in its folder, with the server's address and the ledger in the environment."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "ledger")
        self.started: list[Program] = []
        self.environment = {
            **os.environ,
            "REDIS_URL": url,
            "REDIS_PORT": url.rsplit(":", 1)[1],
            "LEDGER": str(self.ledger.path),
            "PYTHONPATH": str(APPS),
            "PYTHONUNBUFFERED": "1",
            "NODE_PATH": str(NODE / "node_modules"),
        }

    def run(self, *command: object, name: str = "", supervised: bool = False, **environment: str) -> Program:
        """Start a command; further keywords are added to its environment."""
        words = [str(word) for word in command]
        name = name or f"{Path(words[0]).name}-{len(self.started)}"
        self.started.append(Program(name, words, self.folder, {**self.environment, **environment}, supervised))
        return self.started[-1]

    def python(self, *arguments: object, **options: Any) -> Program:
        """`run` with this interpreter; ``python("-m", "rq.cli", …)``, or a file of ``apps``."""
        return self.run(sys.executable, *arguments, **options)

    def done(self, wanted: Iterable[object]) -> None:
        """Wait until every wanted line is in the ledger, while the programs run."""
        wanted = [str(line) for line in wanted]

        def complete() -> bool:
            self.check_running()
            return not self.ledger.lacks(wanted)

        wait_until(complete, Lacking(self, wanted), PATIENCE)

    def check_running(self) -> None:
        for program in self.started:
            program.check_running()

    def outputs(self) -> Iterator[tuple[str, str]]:
        for program in self.started:
            yield f"output of {program.name} ({' '.join(program.command)[:200]})", program.output()[-8000:]

    def end(self) -> None:
        for program in reversed(self.started):
            program.end()


class Lacking:
    """The jobs that are not done, when this is printed."""

    def __init__(self, programs: "Programs", wanted: Iterable[object]) -> None:
        self.programs, self.wanted = programs, [str(line) for line in wanted]

    def __str__(self) -> str:
        lacking = self.programs.ledger.lacks(self.wanted)
        return f"{len(lacking)} of {len(self.wanted)} jobs: {lacking[:20]}"


def insist(action: Callable[[], Any], *errors: type[BaseException]) -> Any:
    """Repeat an action while it raises OSError or one of the errors, as applications do during a restart."""
    result: list[Any] = []

    def attempt() -> bool:
        try:
            result.append(action())
        except (OSError, *errors):
            return False
        return True

    wait_until(attempt, "the action to succeed", PATIENCE)
    return result[0]


async def insist_async(action: Callable[[], Awaitable[Any]], *errors: type[BaseException]) -> Any:
    """`insist` for an asynchronous action, which may also report that it has to be repeated by returning None."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(OSError, *errors):
                result = await action()
                if result is not None:
                    return result
            await asyncio.sleep(0.01)


def survives_restarts(
    server: Server,
    programs: Programs,
    enqueue: Callable[[int], Any],
    *errors: type[BaseException],
    slots: int = 1,
    blocked: int = 0,
) -> range:
    """Enqueue numbered jobs and restart the server: killed while jobs run, then stopped while the workers wait.

    Job N records N. Every job that was accepted, before or after a restart, must be done. Jobs are enqueued again while
    that raises one of the errors. The server is killed when `slots` jobs run, held by the test: a worker that pops jobs
    from a list would lose one if the server died between the pop and its reply. The server is stopped when `blocked`
    clients wait for more, so that the workers are not in the midst of their bookkeeping. Returns the numbers.
    """
    running, waiting, later = range(JOBS), range(JOBS, 2 * JOBS), range(2 * JOBS, 3 * JOBS)
    with programs.ledger.holding():
        for number in running:
            enqueue(number)
        wait_until(
            lambda: programs.check_running() or programs.ledger.began() >= slots, Lacking(programs, running), PATIENCE
        )
        server.restart(crash=True)
        for number in waiting:
            insist(lambda number=number: enqueue(number), *errors)  # type: ignore[misc]
    programs.done(range(2 * JOBS))
    with server.client() as client:
        wait_until(lambda: blocked_clients(client) >= blocked, f"{blocked} idle workers", PATIENCE)
    server.restart()
    for number in later:
        insist(lambda number=number: enqueue(number), *errors)  # type: ignore[misc]
    programs.done(later)
    return range(3 * JOBS)

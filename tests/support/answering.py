"""Programs that answer requests of a test, and the load that a test puts on a program.

An `Answering` program and its test exchange lines of JSON: the test writes ``{"id": 1, "do": "add", "with": {...}}`` to
the program's standard input, and the program prints ``{"id": 1, "result": ...}`` or ``{"id": 1, "error": "..."}``. A
line without an id is an event that the program reports by itself. ``integrations/apps/serving.py`` and
``integrations/node/serving.mjs`` are the other side.
"""

import contextlib
import http.client
import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from support.programs import APPS, NODE, PATIENCE, Program, Programs, insist, needs_node
from support.servers import Server

# How often a test speaks to a program that may not have subscribed again.
ATTEMPTS = 200


class Refused(Exception):
    """The program answered with an error: what it was asked to do may have happened or not."""


class Answering(Program):
    """A program that answers requests and reports events; its standard error is its output."""

    def __init__(self, name: str, command: Iterable[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.events: list[dict[str, Any]] = []
        self._ids = itertools.count(1)
        self._answers: dict[int, Future[Any]] = {}
        self._news = threading.Condition()
        super().__init__(name, command, folder, environment)

    def _start(self) -> None:
        with open(self.path, "ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.path.parent,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self._received(json.loads(line))
                self._news.notify_all()
        with self._news:
            for answer in self._answers.values():
                answer.set_exception(AssertionError(f"{self.name} ended before it answered\n{self.output()[-4000:]}"))
            self._answers.clear()
            self._news.notify_all()

    def _received(self, message: dict[str, Any]) -> None:
        answer = self._answers.pop(message.get("id", 0), None)
        if answer is None:
            self.events.append(message)
        elif "error" in message:
            answer.set_exception(Refused(message["error"]))
        else:
            answer.set_result(message.get("result"))

    def begin(self, action: str, **arguments: Any) -> "Future[Any]":
        """Send a request; its result comes later."""
        answer: Future[Any] = Future()
        with self._news:
            number = next(self._ids)
            self._answers[number] = answer
            self.write(json.dumps({"id": number, "do": action, "with": arguments}))
        return answer

    def ask(self, action: str, **arguments: Any) -> Any:
        """Send a request and return its result; raises `Refused` if the program answers with an error."""
        return self.begin(action, **arguments).result(PATIENCE)

    def _waits(self, condition: Callable[[list[Any]], Any], timeout: float) -> Any:
        deadline = time.monotonic() + timeout
        with self._news:
            while not (found := condition(self.events)) and self._reader.is_alive():
                if (left := deadline - time.monotonic()) <= 0:
                    break
                self._news.wait(min(left, 0.5))
            return found

    def until(self, condition: Callable[[list[Any]], Any], what: str) -> Any:
        """Wait until a function of the events so far returns a true value, and return that."""
        if found := self._waits(condition, PATIENCE):
            return found
        raise AssertionError(f"no {what} from {self.name}, but {self.events[-20:]}\n{self.output()[-4000:]}")

    def hears(self, say: Callable[[str], Any], **where: Any) -> None:
        """Call ``say(word)`` with a new word until the program reports ``{"news": word, **where}``."""
        for number in range(ATTEMPTS):
            event = {"news": f"there? {number} {time.monotonic_ns()}", **where}
            with contextlib.suppress(Refused):
                say(event["news"])
            if self._waits(lambda events, event=event: event in events, PATIENCE / ATTEMPTS):
                return
        raise AssertionError(f"{self.name} does not hear\n{self.output()[-4000:]}")

    def reported(self, kind: str) -> list[Any]:
        """The values that the program has reported under this name, in order."""
        with self._news:
            return [event[kind] for event in self.events if kind in event]

    def reports(self, kind: str, *values: Any) -> None:
        """Wait until the program has reported each of these values under this name."""

        def complete(events: list[dict[str, Any]]) -> bool:
            found = [event[kind] for event in events if kind in event]
            return all(value in found for value in values)

        self.until(complete, f"{kind} {values}")

    def end(self) -> None:
        super().end()
        self._reader.join()


def start_answering(programs: Programs, file: str, name: str = "", **environment: str) -> Answering:
    """Start a file of ``apps`` or ``node``; further keywords are added to its environment."""
    command = [needs_node(), NODE / file] if file.endswith(".mjs") else [sys.executable, APPS / file]
    name = name or f"{Path(file).stem}-{len(programs.started)}"
    program = Answering(name, map(str, command), programs.folder, {**programs.environment, **environment})
    programs.started.append(program)
    return program


class Load:
    """Threads that repeat a job until the block ends. A job that raised has failed: what it did is unknown.

    ``job(number)`` is called with numbers that no other call gets; `done` holds the results of the calls that returned,
    by number, and `failed` the exceptions of the others.
    """

    def __init__(self, job: Callable[[int], Any], threads: int = 4, failures: tuple[type[Exception], ...] = ()) -> None:
        self.job = job
        self.threads = threads
        self.restarts = 0
        self.failures = (Refused, OSError, *failures)
        self.done: dict[int, Any] = {}
        self.failed: dict[int, Exception] = {}
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._threads = ThreadPoolExecutor(threads)
        self._runs: list[Future[None]] = []

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._once(next(self._numbers))

    def _once(self, number: int) -> None:
        try:
            self.done[number] = self.job(number)
        except self.failures as error:
            self.failed[number] = error
            self._stopping.wait(0.02)

    def more(self, count: int) -> None:
        """Wait until `count` more jobs than now are done."""
        goal, deadline = len(self.done) + count, time.monotonic() + PATIENCE
        while len(self.done) < goal:
            self._check()
            if time.monotonic() > deadline:
                last = list(self.failed.values())[-1:]
                raise AssertionError(f"{len(self.done)} of {goal} jobs are done; the last failure: {last}")
            time.sleep(0.005)

    def outlasts(self, server: Server, count: int = 20) -> None:
        """Wait until jobs are done before, between and after a stop and a crash of the server."""
        for crash in (False, True):
            self.more(count)
            server.restart(crash=crash)
            self.restarts += 1
        self.more(count)

    def accounts_for(self, total: int) -> bool:
        """Whether jobs that each add 1 can have added up to this total.

        None that returned may be missing. One that failed may have been done, and so may, a second time, one that a
        client repeated by itself because the connection ended before the reply: one in each thread at each restart.
        """
        return len(self.done) <= total <= len(self.done) + len(self.failed) + self.threads * self.restarts

    def _check(self) -> None:
        """Raise what has ended a thread, if anything has."""
        for run in self._runs:
            if run.done():
                run.result()

    def __enter__(self) -> "Load":
        self._runs = [self._threads.submit(self._run) for _ in range(self.threads)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._threads.shutdown()
        self._check()


class Site:
    """A web server of a program. `get` returns the decoded JSON, and raises `Refused` for a status other than 200."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""

    def status(self, path: str) -> tuple[int, Any]:
        """The status and the decoded body; a cookie that is set is sent with later requests of this `Site`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers={"Cookie": self.cookie} if self.cookie else {})
            response = connection.getresponse()
            body = response.read().decode()
            if cookie := response.getheader("Set-Cookie"):
                self.cookie = cookie.split(";")[0]
        except http.client.HTTPException as error:
            raise Refused(repr(error)) from error
        finally:
            connection.close()
        try:
            return response.status, json.loads(body)
        except ValueError:
            return response.status, body

    def get(self, path: str) -> Any:
        status, body = self.status(path)
        if status != 200:
            raise Refused(f"{status}: {str(body)[:500]}")
        return body


def check_shared_session(one: Site, other: Site, server: Server) -> None:
    """Assert that two processes count the visits of one session, across restarts of the server, until it ends."""
    assert one.get("/visit") == 1
    other.cookie = one.cookie
    assert other.get("/visit") == 2
    for crash, visits in ((False, 3), (True, 4)):
        server.restart(crash=crash)
        assert insist(lambda: one.get("/visit"), Refused) == visits
    assert other.get("/leave") is True
    assert one.get("/visit") == 1

"""Servers as child processes: ours and the oracle, each in its own folder.

A `Server` starts on a free port and is ready when it answers PING; if it does not get ready, the exception quotes the
log. It can be stopped, killed with SIGKILL and restarted on the same folder and port, and it signals only the process
that it started. Its output is appended to ``server.log`` in its folder, and every failure quotes the tail of it.
"""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from support.client import TIMEOUT, RawClient
from support.paths import server_environment

START_TIMEOUT = 120.0
STOP_TIMEOUT = 90.0
PORT_ATTEMPTS = 5
INSTALL_HINT = "redis-server is not on PATH (nor named by REDIS_SERVER): apt-get install redis-server"

OUR_DEFAULTS = ("--save", "", "--enable-debug-command", "yes")
ORACLE_DEFAULTS = ("--save", "", "--enable-debug-command", "yes")


class ServerDied(AssertionError):
    """The server ended unexpectedly; the message holds the tail of its log."""


def check_no_exception(log: str) -> None:
    """Assert that the log has no exception of a callback or a task, nor one that a native function could not raise."""
    found = [
        at for mark in ("Traceback (most recent call last)", "Exception ignored in") if (at := log.find(mark)) >= 0
    ]
    assert not found, f"the log holds an exception:\n{log[min(found) :][:4000]}"


def free_port() -> int:
    """A port that was free a moment ago; `Server.start` tries another if it has been taken since."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """One server process. ``prefix`` precedes the command, e.g. ``["strace", …]`` or ``["taskset", "-c", "0"]``."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        arguments: Sequence[str] = (),
        *,
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        preexec: Callable[[], None] | None = None,
    ) -> None:
        self.command = list(command)
        self.folder = Path(folder)
        self.arguments = list(arguments)
        self.prefix = list(prefix)
        self.environment = {**server_environment(), **(environment or {})}
        self.preexec = preexec
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.folder.mkdir(parents=True, exist_ok=True)

    # Where it is.

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def pid(self) -> int:
        """The server's own pid, also when it runs under a prefix such as strace."""
        with self.client() as client:
            info = client.must("INFO", "server").decode()
        return int(next(line for line in info.splitlines() if line.startswith("process_id:")).split(":")[1])

    @property
    def log_path(self) -> Path:
        return self.folder / "server.log"

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines: int = 60) -> str:
        return "\n".join(self.log().splitlines()[-lines:])

    def command_line(self) -> list[str]:
        port = ["--port", str(self.port)] if self.port else []
        return [*self.prefix, *self.command, *port, "--dir", str(self.folder), *self.arguments]

    # Life cycle.

    def start(self, wait: bool = True, timeout: float = START_TIMEOUT) -> "Server":
        """Start on a free port, or on the port of the last start. Without `wait` it may still be starting."""
        for _ in range(PORT_ATTEMPTS):
            chosen_here = not self.port
            self.port = self.port or free_port()
            self._spawn()
            if not wait:
                return self
            try:
                self.wait_ready(timeout)
                return self
            except ServerDied:
                if not (chosen_here and "Address already in use" in self.log()):
                    raise
                self.port = 0
        raise ServerDied(f"no free port in {PORT_ATTEMPTS} attempts\n{self.log_tail()}")

    def _spawn(self) -> None:
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command_line(),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=self.preexec,
            )

    def wait_ready(self, timeout: float = START_TIMEOUT) -> None:
        """Return when PING is answered with PONG or -NOAUTH; -LOADING means not ready yet."""
        deadline = time.monotonic() + timeout
        while not self._answers():
            self.check_alive()
            if time.monotonic() > deadline:
                raise AssertionError(f"not ready after {timeout} s: {self.command_line()}\n{self.log_tail()}")
            time.sleep(0.01)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), RawClient(self.address, timeout=20) as client:
            return client.call("PING").raw.startswith((b"+PONG", b"-NOAUTH"))
        return False

    def check_alive(self, grace: float = 0.0) -> None:
        """Raise ServerDied, with the log, if the process has ended or ends within `grace` seconds."""
        assert self.process is not None, "the server was never started"
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self.process.wait(grace)
            raise ServerDied(f"exit status {status}: {shlex.join(self.command_line())}\n{self.log_tail()}")

    def check_log(self) -> None:
        """Raise if the log holds an exception: the server continues after it, so the test would pass."""
        check_no_exception(self.log())

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait_exit(self, timeout: float = STOP_TIMEOUT) -> int:
        """Wait for the process to end by itself and return its exit status (negative: the signal)."""
        assert self.process is not None, "the server was never started"
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {timeout} s\n{self.log_tail()}") from None

    def stop(self, timeout: float = STOP_TIMEOUT) -> int:
        """Send SIGTERM and wait; a server that ignores it is killed, and the test fails."""
        assert self.process is not None, "the server was never started"
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        return self.wait_exit(timeout)

    def kill(self) -> None:
        """Send SIGKILL, as in a crash; whatever the process had not written is lost."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end(self) -> None:
        """Kill the server after a test; a coverage build gets SIGTERM first, because it writes its counts on exit."""
        if os.environ.get("PYREDIS_COVERAGE") and self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_TIMEOUT)
        self.kill()
        self.check_log()

    def restart(self, *, crash: bool = False, wait: bool = True) -> "Server":
        """Stop (or kill) and start again on the same folder and port."""
        self.kill() if crash else self.stop()
        return self.start(wait=wait)

    # Talking to it.

    def client(self, protocol: int = 2, timeout: float = TIMEOUT) -> RawClient:
        client = RawClient(self.address, timeout)
        client.hello(protocol)
        return client

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.end()


def our_command() -> list[str]:
    """The server under test: ``python -P -m pyredis``, or what PYREDIS_TEST_COMMAND says."""
    instead = os.environ.get("PYREDIS_TEST_COMMAND")
    return shlex.split(instead) if instead else [sys.executable, "-P", "-m", "pyredis"]


def oracle_path(tool: str = "redis-server") -> str | None:
    """The oracle's binary, from REDIS_SERVER or PATH; other tools are looked up next to it, then on PATH."""
    named = os.environ.get("REDIS_SERVER")
    if tool == "redis-server":
        return named or shutil.which(tool)
    beside = Path(named).with_name(tool) if named else None
    return str(beside) if beside and beside.exists() else shutil.which(tool)


def require_tool(tool: str) -> str:
    """The path of a Redis tool; without it, the test is skipped, or fails if PYREDIS_REQUIRE_ORACLE is set."""
    import pytest  # the benchmarks use this module without it

    path = oracle_path(tool)
    if path:
        return path
    reason = INSTALL_HINT.replace("redis-server", tool, 1)
    if os.environ.get("PYREDIS_REQUIRE_ORACLE"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def make_ours(folder: Path, *arguments: str, **options: object) -> Server:
    return Server(our_command(), folder, [*OUR_DEFAULTS, *arguments], **options)  # type: ignore[arg-type]


def make_oracle(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, **options: object
) -> Server:
    """The oracle; it does not inherit LD_PRELOAD (a sanitizer's library) unless `environment` sets it."""
    command, preloaded = [require_tool("redis-server")], {"LD_PRELOAD": "", **(environment or {})}
    return Server(command, folder, [*ORACLE_DEFAULTS, *arguments], environment=preloaded, **options)  # type: ignore[arg-type]

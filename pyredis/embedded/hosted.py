"""A server in the process of another program: in a thread of its own, or on the program's event loop.

`Server` is for programs without an event loop, `serve` for coroutines. Both listen before they return, on a free port
unless one is given, and have stopped when the block ends.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any, Self

from pyredis import server as served
from pyredis._core import Core
from pyredis.config import Config
from pyredis.embedded.clock import Clock, ServerClock
from pyredis.embedded.failures import Failing, Failure, Failures, Rules
from pyredis.embedded.options import configure
from pyredis.embedded.python_commands import CommandContext, PythonCommands, ReplyError, Status
from pyredis.embedded.standard_log import StandardLog
from pyredis.ground.turns import want_turns
from pyredis.persistence.persistence import LoadError
from pyredis.server import StartError
from pyredis.telemetry.families import flat
from pyredis.telemetry.readings import parse_info, read

__all__ = ["CommandContext", "Failure", "LoadError", "ReplyError", "Server", "StartError", "Status", "serve"]

# The longest time that the exit of the interpreter waits for a server to write the rest of its file, in seconds.
EXIT_TIMEOUT = 30.0
# How many iterations of the loop connections have to send their last replies, before they are closed without.
TURNS_TO_CLOSE = 10

_running: weakref.WeakSet[Server] = weakref.WeakSet()


class HostedServer(served.Server):
    """A server that shares its process: it leaves the loop's settings and the process as they are."""

    def __init__(self, config: Config, port: int | None, tls_port: int | None = None) -> None:
        super().__init__(config, StandardLog())
        want_turns()
        self.any_port = port == 0
        self.any_tls_port = tls_port == 0
        self.clock = ServerClock(self)
        self.failures = Rules(self)

    def tick(self) -> None:
        super().tick()
        self.clock.look()

    def adopt_loop(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
        """Changes nothing: the loop may be the program's."""
        return loop

    def say_goodbye(self) -> None:
        self.log.notice("The server has stopped")

    def give_up(self) -> None:
        self.close_all()

    async def until_closed(self) -> None:
        """Returns when the server has shut down and its connections are closed."""
        await self.wait_closed()
        for _ in range(TURNS_TO_CLOSE):
            await asyncio.sleep(0)
            if not self.clients:
                return
        for connection in list(self.clients.values()):
            connection.close()
        while self.clients:
            await asyncio.sleep(0)


class Running(PythonCommands, Failing):
    """A server that runs, as the program sees it."""

    def __init__(self, config: Config) -> None:
        self._commands = {}
        self._config = config
        self._inner: HostedServer | None = None
        self._failures = Failures()

    @property
    def port(self) -> int:
        """The TCP port, 0 if there is none."""
        return self._config["port"]

    @property
    def tls_port(self) -> int:
        """The TCP port for TLS, 0 if there is none."""
        return self._config["tls-port"]

    @property
    def host(self) -> str:
        """An address at which the server can be reached from this machine."""
        first = self._config["bind"][0].removeprefix("-") if self._config["bind"] else ""
        return {"*": "127.0.0.1", "": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::*": "::1", "::": "::1"}.get(first, first)

    @property
    def unixsocket(self) -> str:
        """The absolute path of the unix socket, empty if there is none."""
        path = self._config["unixsocket"]
        return path and self._config.path_below(path)

    @property
    def url(self) -> str:
        """For ``redis.Redis.from_url`` and others that take such a URL. It contains the password, if there is one.

        A server that has no plain port has the URL of its port for TLS.
        """
        from urllib.parse import quote

        if self.port or (self.unixsocket and not self.tls_port):
            place = f"{self._url_host}:{self.port}" if self.port else quote(self.unixsocket)
            return f"{'redis' if self.port else 'unix'}://{self._url_password}{place}"
        return self.tls_url

    @property
    def tls_url(self) -> str:
        """The URL for clients over TLS, for redis-py. It names the authority that the server trusts, if there is one.

        A client that needs a certificate adds ``&ssl_certfile=…&ssl_keyfile=…``. Empty without a port for TLS.
        """
        from urllib.parse import quote

        if not self.tls_port:
            return ""
        authority = self._config["tls-ca-cert-file"]
        trust = f"?ssl_ca_certs={quote(self._config.path_below(authority))}" if authority else ""
        return f"rediss://{self._url_password}{self._url_host}:{self.tls_port}{trust}"

    @property
    def _url_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def _url_password(self) -> str:
        from urllib.parse import quote

        return f":{quote(self._config['requirepass'], safe='')}@" if self._config["requirepass"] else ""

    @property
    def clock(self) -> Clock:
        """The server's clock, which tests can stop and advance."""
        return Clock(self._call)

    def info(self, section: str = "default") -> dict[str, Any]:
        """Returns the fields of INFO: numbers as int or float, ``a=1,b=2`` as a dict. ``section`` is as in INFO."""
        return self._call(lambda inner: information(inner, section))

    def metrics(self) -> dict[str, int | float]:
        """Returns the server's numbers by the names of the Prometheus exporter for Redis, with its labels.

        For example ``redis_memory_used_bytes``, ``redis_commands_total{cmd="get"}``, ``redis_db_keys{db="db0"}``.
        """
        return self._call(lambda inner: flat(read(inner)))

    def reset(self) -> None:
        """Removes all data, scripts and functions, and lets the clock run: between two tests for example.

        Clients stay connected. Directives keep their values.
        """
        self._call(empty)

    @property
    def running(self) -> bool:
        return self._inner is not None and not self._inner.stopped

    def _is_running(self) -> bool:
        return self.running

    def _with_server(self, function: Callable[[HostedServer], Any]) -> Any:
        return self._call(function)

    def _change_core(self, change: Callable[[Core], None]) -> None:
        if self.running:
            self._call(lambda inner: change(inner.core))

    def _call(self, function: Callable[[HostedServer], Any]) -> Any:
        """Runs a function in the server's thread, and returns its result."""
        if self._inner is None:
            raise RuntimeError("the server does not run")
        check_idle(self._inner)
        return function(self._inner)


def check_idle(server: HostedServer) -> None:
    if not server.core.idle:
        raise RuntimeError("the handler of a command cannot use its own server, except by its context")


def empty(server: HostedServer) -> None:
    server.clock.run()
    commands = [["FLUSHALL"]]
    # What has never been used has no interpreter, which these would import.
    if server.core.has_interpreter:
        commands.append(["SCRIPT", "FLUSH"])
    if server.core.has_function_interpreter:
        commands.append(["FUNCTION", "FLUSH"])
    run_commands(server, *commands)


def information(server: HostedServer, section: str) -> dict[str, Any]:
    (text,) = run_commands(server, ["INFO", section])
    return parse_info(text.decode())


def run_commands(server: HostedServer, *commands: list[str]) -> list[Any]:
    """Runs commands as a client of their own, which no failures concern, and returns the replies."""
    client = server.core.client()
    server.failures.suspended = True
    try:
        return [server.core.call(client, command) for command in commands]
    finally:
        server.failures.suspended = False
        client.close()


class Server(Running):
    """A server in a thread of its own. As a context manager it runs for the length of the block.

    ``port`` 0 chooses a free port, and None listens on no TCP port, which needs a ``unixsocket`` or a ``tls_port``.
    ``tls_port`` is for TLS, with the files of the directives ``tls_cert_file``, ``tls_key_file`` and others; 0 chooses
    a free port. With ``dir`` the data are kept in that folder in an append-only file, otherwise they are gone when the
    server stops. All directives of the configuration file are keyword arguments (`pyredis.embedded.options`). ``loop``
    is ``"uvloop"`` or ``"asyncio"``; by default it is uvloop if that is installed.
    Raises TypeError or ValueError for arguments that are not valid.
    """

    def __init__(
        self,
        port: int | None = 0,
        *,
        tls_port: int | None = None,
        dir: str | os.PathLike[str] | None = None,
        loop: str | None = None,
        **directives: Any,
    ) -> None:
        if loop not in (None, "uvloop", "asyncio"):
            raise ValueError(f"no such loop: {loop!r}")
        super().__init__(with_port(configure(directives, dir), port, tls_port))
        self._wanted_port = port
        self._wanted_tls_port = tls_port
        self._loop_name = loop
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<pyredis.Server {self.url}{'' if self.running else ', stopped'}>"

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and self._process == os.getpid()

    def start(self) -> Self:
        """Returns when the server answers. Raises StartError or LoadError, and RuntimeError if it runs already."""
        if self.running:
            raise RuntimeError("the server runs already")
        started: Future[None] = Future()
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, args=(started,), name="pyredis", daemon=True)
        self._thread.start()
        try:
            started.result()
        except BaseException:
            self._thread.join()
            raise
        _running.add(self)
        return self

    def stop(self, *, timeout: float | None = None) -> None:
        """Returns when the server has written and synced its file and has closed its sockets.

        Does nothing if it does not run. Raises TimeoutError after ``timeout`` seconds, and OSError if the file cannot
        be written; then the server runs on.
        """
        if not self.running:
            return
        assert self._thread is not None
        self._failures.clear()
        if not self._call(lambda inner: inner.shutdown()):
            raise OSError("the server cannot write its append-only file and runs on; its log says why")
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"the server has not stopped within {timeout} s")
        _running.discard(self)

    # ---- the thread ----

    def _call(self, function: Callable[[HostedServer], Any]) -> Any:
        if self._process not in (0, os.getpid()):
            raise RuntimeError(f"the server runs in process {self._process}, from which this one was forked")
        if not self.running or self._inner is None or self._loop is None:
            raise RuntimeError("the server does not run")
        if threading.current_thread() is self._thread:
            check_idle(self._inner)
            raise RuntimeError("a server cannot be used in its own thread")
        result: Future[Any] = Future()
        inner = self._inner

        def run() -> None:
            try:
                result.set_result(function(inner))
            except Exception as error:  # noqa: BLE001 - it is raised in the thread that asked
                result.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return result.result()

    def _run(self, started: Future[None]) -> None:
        with asyncio.Runner(loop_factory=loop_factory(self._loop_name)) as runner:
            try:
                runner.run(self._serve(started))
            except BaseException as error:
                if started.done():
                    raise
                started.set_exception(error)

    async def _serve(self, started: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._inner = HostedServer(self._config, self._wanted_port, self._wanted_tls_port)
        self._add_commands(self._inner.core)
        await self._inner.start()
        started.set_result(None)
        await self._inner.until_closed()


@asynccontextmanager
async def serve(
    port: int | None = 0,
    *,
    tls_port: int | None = None,
    dir: str | os.PathLike[str] | None = None,
    **directives: Any,
) -> AsyncIterator[Running]:
    """A server on the running event loop, for the length of the block; the arguments are those of `Server`.

    The loop must not be blocked for long: the server answers nobody meanwhile.
    """
    running = Running(with_port(configure(directives, dir), port, tls_port))
    running._inner = inner = HostedServer(running._config, port, tls_port)
    await inner.start()
    try:
        yield running
    finally:
        running.failures.clear()
        if not inner.stopped and not inner.shutdown():
            raise OSError("the server cannot write its append-only file and runs on; its log says why")
        await inner.until_closed()


def with_port(config: Config, port: int | None, tls_port: int | None = None) -> Config:
    for name, number in (("port", port), ("tls-port", tls_port)):
        config.adjust(name, checked_port(number) or 0)
    return config


def checked_port(port: int | None) -> int | None:
    """Returns a port as it is. Raises TypeError or ValueError for what is none."""
    if port is None:
        return None
    if not isinstance(port, int) or isinstance(port, bool):
        raise TypeError(f"a port is an int: {port!r}")
    if not 0 <= port <= 65535:
        raise ValueError(f"not a port: {port}")
    return port


def loop_factory(name: str | None) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if name == "asyncio":
        return None
    try:
        import uvloop
    except ImportError:
        if name:
            raise
        return None
    return uvloop.new_event_loop


@atexit.register
def _stop_all() -> None:
    """Stops the servers that run when the interpreter exits: nothing that they have answered may be lost."""
    for server in list(_running):
        server.stop(timeout=EXIT_TIMEOUT)

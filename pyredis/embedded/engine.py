"""The engine of a database in the process: a server without a socket, whose commands run in the threads that call.

What is to be done without a call (expiry, syncs, rewriting, timeouts) is done by the process's reactor
(`pyredis.embedded.reactor`). An engine is shared by all handles on the same folder or of the same name, and ends when
the last of them is closed.
"""

from __future__ import annotations

import _thread
import asyncio
import atexit
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from pyredis.config import Config, ConfigRejected
from pyredis.embedded.failures import Failures
from pyredis.embedded.hosted import HostedServer
from pyredis.embedded.options import configure, directive_name, given
from pyredis.embedded.python_commands import PythonCommand
from pyredis.embedded.reactor import HeldCoroutine, HeldLoop, Reactor, reactor
from pyredis.ground.exclusion import Exclusion, check_outside
from pyredis.host.listeners import ListenError, Listeners, check_backlog
from pyredis.protocol import HeldBufferedConnection
from pyredis.server import StartError
from pyredis.shell.local_client import ClientClosed, LocalClient, local_client

_lock = threading.RLock()
_shared: dict[str, Engine] = {}
_running: weakref.WeakSet[Engine] = weakref.WeakSet()


class EngineServer(HostedServer):
    """A server that several threads call. It listens nowhere until `Engine.serve`."""

    def __init__(self, config: Config, held: Reactor, exclusion: Exclusion) -> None:
        for name in ("metrics-port", "otel-metrics"):
            if config[name]:
                raise TypeError(f"{name} is for a server; a database in the process has metrics()")
        super().__init__(config, None)
        self.reactor = held
        self.exclusion = exclusion
        config.adjust("port", 0)
        config.adjust("tls-port", 0)
        config.adjust("unixsocket", "")

    def adopt_loop(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
        assert self.exclusion is not None
        held: Any = HeldLoop(self.reactor, self.exclusion)
        return held

    async def _listen(self, handle_signals: bool) -> None:
        """Listens nowhere."""

    async def listen(self, port: int | None, unixsocket: str | None) -> None:
        """Accepts connections. Raises StartError, and RuntimeError if it does so already."""
        assert self.hub is not None
        if self._listeners is not None:
            raise RuntimeError("the database listens already")
        self.allow_clients()
        listeners = Listeners(
            self.reactor.loop,
            partial(HeldBufferedConnection, self.hub),
            self.config["tcp-backlog"],
            self.log.warning,
        )
        check_backlog(self.config["tcp-backlog"], self.log.warning)
        try:
            if port == 0:
                port = listeners.open_any(self.config["bind"])
            elif port is not None:
                listeners.open_tcp(self.config["bind"], port)
            if unixsocket:
                listeners.open_unix(self.config.path_below(unixsocket), self.config["unixsocketperm"])
        except ListenError as error:
            listeners.close()
            raise StartError(str(error.args[-1])) from error
        self._listeners = listeners
        self.config.adjust("port", port or 0)
        self.config.adjust("unixsocket", unixsocket or "")
        await listeners.serving()

    async def stop_listening(self) -> None:
        """Closes the listening sockets, and the clients that have one. Returns when these are gone."""
        if self._listeners is None:
            return
        self._listeners.close()
        self._listeners = None
        self.config.adjust("port", 0)
        self.config.adjust("unixsocket", "")
        connected = [client for client in self.clients.values() if client.transport is not None]
        for client in connected:
            client.close()
        while any(client.id in self.clients for client in connected):
            await asyncio.sleep(0)

    def _listen_again(self, refusal: str) -> None:
        if self.hub is not None:
            raise ConfigRejected("A database in a program listens where its serve() says.")

    def _on_tls_port(self) -> None:
        self._listen_again("")

    def shutdown(
        self,
        save: bool | None = None,
        now: bool = False,
        force: bool = False,
        on_failure: Callable[[], None] | None = None,
    ) -> bool | None:
        """As `Server.shutdown`. In another thread than the reactor's it returns None, and the loop does it."""
        if self.reactor.is_here:
            return super().shutdown(save, now, force)
        assert self._loop is not None
        self._loop.call_soon(self._shut_down, save, now, force, on_failure)
        return None

    def _shut_down(self, save: bool | None, now: bool, force: bool, on_failure: Callable[[], None] | None) -> None:
        if not self.stopped and not super().shutdown(save, now, force) and on_failure is not None:
            on_failure()

    def deliver_all(self) -> None:
        assert self.hub is not None
        if self.reactor.is_here:
            super().deliver_all()
        else:
            self.hub.loop.call_soon(super().deliver_all)


class Engine:
    """A running server without a socket, and the clients in process that use it."""

    def __init__(self, config: Config) -> None:
        self.reactor = reactor()
        self.exclusion = Exclusion()
        self.exclusion.servant = self.reactor.thread.ident or 0
        self.server = EngineServer(config, self.reactor, self.exclusion)
        self.key: str | None = None
        self.directives: dict[str, list[list[str]]] = {}
        self.handles = 0
        # What `command` of any of its handles has added.
        self.commands: dict[str, PythonCommand] = {}
        self.failures = Failures()
        self.live = False
        self._spare: dict[tuple[int, bool], list[LocalClient]] = {}
        self._run(self.server.start())
        assert self.server.hub is not None
        self.hub = self.server.hub
        self.live = True
        _running.add(self)
        self.exclusion.put_in_use(True)

    def __repr__(self) -> str:
        return self.key or "in memory"

    def client(self, database: int, decode: bool, **options: Any) -> LocalClient:
        """Returns a new client. Raises ValueError if there is no such database."""
        return local_client(self.hub, database, decode=decode, **options)

    def borrow(self, database: int, decode: bool) -> LocalClient:
        """Returns a client for one command, or one pipeline; `give_back` takes it back."""
        spare = self._spare.setdefault((database, decode), [])
        # Another thread may take the last one after any look at the list.
        with suppress(IndexError):
            while (client := spare.pop()).ending:
                pass
            return client
        return self.client(database, decode)

    def give_back(self, client: LocalClient, database: int) -> None:
        spare = self._spare.setdefault((database, client.decode), [])
        if not client.ending and client.is_idle and len(spare) < SPARE and client.db == database:
            spare.append(client)
        else:
            client.close()

    def call(self, function: Callable[[HostedServer], Any]) -> Any:
        """Calls a function with the server, while no command runs."""
        with self.exclusion:
            return function(self.server)

    def listen(self, port: int | None, unixsocket: str | None) -> None:
        """Accepts connections of other programs; port 0 is a free one. Raises StartError."""
        check_outside("make a database listen")
        with self.exclusion:
            # After a fork, or the end, there is no reactor to ask.
            pass
        self._run(self.server.listen(port, unixsocket))

    def stop_listening(self) -> None:
        """Ends what `listen` has begun."""
        check_outside("stop a database from listening")
        if self.live:
            self._run(self.server.stop_listening())

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Runs a coroutine in the reactor's thread, inside the exclusion."""
        return self.reactor.run(HeldCoroutine(self.exclusion, coroutine))

    # ---- the end ----

    def acquire(self) -> None:
        """Counts one more handle. Raises ConnectionError if the engine has ended."""
        with _lock:
            if not self.live:
                raise ClientClosed("the database has been closed")
            self.handles += 1

    def release(self) -> None:
        """Closes one handle, and the engine with the last. Raises OSError if its file cannot be written."""
        check_outside("close a database")
        with _lock:
            if self.handles == 1:
                self.stop()
            self.handles -= 1

    def release_later(self) -> None:
        """As `release`, in a thread of its own: for finalizers, which run in any thread, the reactor's too."""
        if self.live:
            with suppress(RuntimeError):
                # Not by `threading`: its locks may be held where the garbage collector runs.
                _thread.start_new_thread(self._release_quietly, ())

    def _release_quietly(self) -> None:
        try:
            self.release()
        except OSError as error:
            self.server.log.warning(f"An unreferenced database cannot be closed: {error}")

    def stop(self) -> None:
        """Writes and syncs the file, and ends the server. Nothing can be called afterwards."""
        # The exit of the interpreter and a finalizer may both stop it.
        with _lock:
            if self.live:
                self._stop()

    def _stop(self) -> None:
        self.failures.clear()
        if not self.server.stopped and not self.reactor.run(self._shut_down()):
            raise OSError("the database cannot write its append-only file and stays open; the log says why")
        self._run(self.server.until_closed())
        self.live = False
        _running.discard(self)
        self.exclusion.put_in_use(False)
        if self.key is not None and _shared.get(self.key) is self:
            del _shared[self.key]
        self.exclusion.refuse("the database has been closed")

    async def _shut_down(self) -> bool:
        # A file that has just been turned on must get its base first.
        while self.server.persistence.awaiting_base and not self.server.persistence.failure:
            await asyncio.sleep(PATIENCE)
        with self.exclusion:
            return bool(self.server.shutdown())


# Seconds between two looks at something that is under way.
PATIENCE = 0.005
# How many clients without work an engine keeps for each database.
SPARE = 16


def check_listens_nowhere(directives: dict[str, Any]) -> None:
    for name in directives:
        if directive_name(name) in ("port", "unixsocket"):
            raise TypeError(f"a database in the process listens where its serve() says, not at a {name}")


def key_of(path: str | os.PathLike[str] | None, name: str | None) -> str | None:
    """Returns what all handles on the same data have in common, None if nobody else can have the data."""
    if path is not None and name is not None:
        raise ValueError(f"a database is in a folder or has a name, not both: {path!r}, {name!r}")
    if name is not None and not isinstance(name, str):
        raise TypeError(f"the name of a database is a str: {name!r}")
    if path is not None:
        return f"file:{os.path.realpath(os.fsdecode(path))}"
    return None if name is None else f"memory:{name}"


def open_engine(path: str | os.PathLike[str] | None, name: str | None, directives: dict[str, Any]) -> Engine:
    """Returns the engine of the folder or of the name, or a new one that nobody else has. Counts one more handle."""
    check_outside("open a database")
    check_listens_nowhere(directives)
    key = key_of(path, name)
    with _lock:
        engine = _shared.get(key) if key is not None else None
        if engine is None or engine.server.stopped:
            engine = Engine(configure(directives, path))
            engine.key = key
            engine.directives = given(directives)
            if key is not None:
                _shared[key] = engine
        elif directives and given(directives) != engine.directives:
            raise ValueError(f"the database is open already, with other directives than {', '.join(directives)}")
        engine.handles += 1
        return engine


@atexit.register
def _stop_all() -> None:
    """Stops the engines that run when the interpreter exits: nothing that they have answered may be lost.

    The threads that are left are daemons, which the exit ends. They get no error, which they would only print.
    """
    failures: list[OSError] = []
    for engine in list(_running):
        # Another thread may be closing it.
        with _lock:
            engine.exclusion.abandon_threads()
            try:
                engine.stop()
            except OSError as error:
                failures.append(error)
    if failures:
        raise failures[0]


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    _shared.clear()
    for engine in list(_running):
        engine.exclusion.after_fork(
            f"the database was opened in process {os.getppid()}, from which this one was forked: open it here"
        )
        engine.exclusion.put_in_use(False)
        engine.live = False
        _running.discard(engine)


os.register_at_fork(after_in_child=_after_fork)

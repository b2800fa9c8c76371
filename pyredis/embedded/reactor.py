"""One daemon thread for all databases of the process, which expires keys, syncs files and serves sockets for them.

Its callbacks meet the program's threads, which call commands in their own thread. So a database is not given the
thread's event loop but a `HeldLoop`: every callback enters the database's `Exclusion`.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from pyredis.ground.exclusion import Exclusion, Refused

_lock = threading.Lock()
_reactor: Reactor | None = None


class Reactor:
    """The thread, and its event loop: uvloop if it is installed."""

    def __init__(self) -> None:
        self.loop = new_loop()
        self.thread = threading.Thread(target=self._run, name="pyredis", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    @property
    def is_here(self) -> bool:
        """Whether this code runs in the thread."""
        return threading.get_ident() == self.thread.ident

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Runs a coroutine in the thread, and returns its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def call(self, function: Callable[[], Any]) -> Any:
        """Calls a function in the thread, and returns its result."""
        if self.is_here:
            return function()
        result: Future[Any] = Future()

        def call() -> None:
            try:
                result.set_result(function())
            except BaseException as error:  # noqa: BLE001 - it is raised in the thread that asked
                result.set_exception(error)

        self.loop.call_soon_threadsafe(call)
        return result.result()


def reactor() -> Reactor:
    """Returns the process's reactor, which the first call starts."""
    global _reactor
    with _lock:
        if _reactor is None:
            _reactor = Reactor()
        return _reactor


def new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _after_fork() -> None:
    """In a child process, which has no such thread."""
    global _reactor, _lock
    _reactor = None
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


class Scheduled:
    """What ``call_later`` returns to another thread than the loop's."""

    def __init__(self) -> None:
        self._cancelled = False
        self._handle: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, when: float, callback: Callable[[], None]) -> None:
        if not self._cancelled:
            self._handle = loop.call_at(when, self._call, callback)

    def _call(self, callback: Callable[[], None]) -> None:
        if not self._cancelled:
            callback()

    def cancel(self) -> None:
        self._cancelled = True


class HeldCoroutine(Coroutine[Any, Any, Any]):
    """A coroutine whose steps enter an exclusion."""

    def __init__(self, exclusion: Exclusion, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._exclusion = exclusion
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield from self._coroutine.__await__())

    def send(self, value: Any) -> Any:
        with self._exclusion:
            return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        with self._exclusion:
            return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()


class HeldLoop:
    """The reactor's event loop as one database sees it: callbacks enter its exclusion, and any thread may call.

    Whatever else an event loop offers must be used in the reactor's thread.
    """

    def __init__(self, reactor: Reactor, exclusion: Exclusion) -> None:
        self._reactor = reactor
        self._loop = reactor.loop
        self._exclusion = exclusion
        self._tasks: set[asyncio.Task[Any]] = set()
        self._readers: dict[int, int] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    @property
    def is_here(self) -> bool:
        """Whether this code runs in the loop's thread."""
        return self._reactor.is_here

    def time(self) -> float:
        return self._loop.time()

    def _held(self, callback: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        with suppress(Refused):
            self._exclusion.__enter__()
            try:
                callback(*arguments)
            finally:
                self._exclusion.__exit__(None, None, None)

    def call_soon(self, callback: Callable[..., object], *arguments: Any) -> asyncio.Handle:
        if self._reactor.is_here:
            return self._loop.call_soon(self._held, callback, arguments)
        return self._loop.call_soon_threadsafe(self._held, callback, arguments)

    def call_soon_threadsafe(self, callback: Callable[..., object], *arguments: Any) -> asyncio.Handle:
        return self._loop.call_soon_threadsafe(self._held, callback, arguments)

    def call_later(self, delay: float, callback: Callable[..., object], *arguments: Any) -> Any:
        return self.call_at(self._loop.time() + delay, callback, *arguments)

    def call_at(self, when: float, callback: Callable[..., object], *arguments: Any) -> Any:
        if self._reactor.is_here:
            return self._loop.call_at(when, self._held, callback, arguments)
        scheduled = Scheduled()
        self._loop.call_soon_threadsafe(scheduled.start, self._loop, when, lambda: self._held(callback, arguments))
        return scheduled

    def create_task(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        if self._reactor.is_here:
            self._create_task(coroutine)
        else:
            self._loop.call_soon_threadsafe(self._create_task, coroutine)

    def _create_task(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        task = self._loop.create_task(HeldCoroutine(self._exclusion, coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def add_reader(self, fd: int, callback: Callable[[], object]) -> None:
        """Watches a duplicate of the descriptor: the original may be closed before the loop stops to watch it."""
        self._readers[fd] = own = os.dup(fd)
        self._in_thread(self._loop.add_reader, own, self._held, callback, ())

    def remove_reader(self, fd: int) -> None:
        self._in_thread(self._stop_reading, self._readers.pop(fd))

    def _stop_reading(self, own: int) -> None:
        self._loop.remove_reader(own)
        os.close(own)

    def _in_thread(self, function: Callable[..., object], *arguments: Any) -> None:
        if self._reactor.is_here:
            function(*arguments)
        else:
            self._loop.call_soon_threadsafe(function, *arguments)

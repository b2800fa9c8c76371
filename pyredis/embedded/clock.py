"""A clock that tests own: it stands still, advances on request, or follows another source of time.

A server's clock decides when keys and fields expire, how long a blocking command waits, which ids streams give, how
long a key has been idle, and what TIME returns. It does not affect sockets, the append-only file's syncs, or the log.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyredis.server import Server

SECOND = 1_000_000
# The last time that a clock shows: the end of the year 9999, in seconds since 1970.
LAST = 253_402_300_800
# freezegun leaves the real time to modules that wait, such as ``threading``, and looks for them in five frames.
FRAMES = 6


def checked(seconds: float) -> float:
    """Returns a time in seconds since 1970. Raises ValueError if no clock shows it."""
    if not 0 <= seconds <= LAST:
        raise ValueError(f"not a time from 1970 to 9999, in seconds since 1970: {seconds}")
    return seconds


def replaceable_time(frames: int = FRAMES) -> float:
    """Returns ``time.time()``, whatever that is now, called from far enough below the thread's first functions."""
    return replaceable_time(frames - 1) if frames else time.time()


class Timer:
    """What ``call_at`` returns, as an event loop's does."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Timers:
    """Timers by a clock that is not the event loop's. ``now_us`` returns the time in microseconds.

    What is due is decided by whole microseconds: seconds are floats, and too coarse for that.
    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._order = itertools.count()
        self._timers: list[tuple[int, int, Timer]] = []

    def time(self) -> float:
        """Returns the time in seconds."""
        return self._now_us() / SECOND

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        timer = Timer(callback)
        heapq.heappush(self._timers, (round(when * SECOND), next(self._order), timer))
        return timer

    def next(self) -> int | None:
        """Returns when the next timer is due, in microseconds, None if there is none."""
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def run_due(self) -> None:
        """Calls, in their order, the callbacks that are due now."""
        while (when := self.next()) is not None and when <= self._now_us():
            callback = heapq.heappop(self._timers)[2].callback
            assert callback is not None
            callback()


class ServerClock:
    """The clock of one server, used in the server's thread. Times are in seconds since 1970."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._source: Callable[[], float] | None = None
        self._timers: Timers | None = None
        self._fixed_us = 0

    @property
    def time(self) -> float:
        return self._server.core.time_us / SECOND

    def freeze(self, at: float | None) -> None:
        before = self._passed
        self._fixed_us = self._server.core.time_us if at is None else round(checked(at) * SECOND)
        self._follow(before, lambda: self._fixed_us)

    def follow(self, source: Callable[[], float]) -> None:
        checked(source())
        self._follow(self._passed, lambda: round(checked(source()) * SECOND))

    def run(self) -> None:
        if self._timers is None:
            return
        behind = self._hub.loop.time() - self._timers.time()
        self._server.core.clock = self._timers = None
        self._retime(self._hub.loop, behind)

    def advance(self, seconds: float) -> None:
        """Stops at each timeout on the way, so that what happens first is done first."""
        if seconds < 0:
            raise ValueError(f"time does not go backwards: {seconds}; freeze sets any time")
        checked(self.time + seconds)
        if self._timers is None:
            self.freeze(None)
        assert self._timers is not None
        target = self._fixed_us + round(seconds * SECOND)
        while (due := self._timers.next()) is not None and due <= target:
            self._fixed_us = max(self._fixed_us, due)
            self._pass()
        self._fixed_us = target
        self._pass()

    def look(self) -> None:
        """Does what is due by a clock that moves on its own. Called periodically."""
        if self._timers is not None:
            self._timers.run_due()

    @property
    def _hub(self) -> Any:
        assert self._server.hub is not None
        return self._server.hub

    def _pass(self) -> None:
        """Does what is due at the present time: first the end of a pause, then expiry, then timeouts."""
        self._server.core.tick()
        self._server.end_due_pause()
        if not self._server.core.paused_until:
            self._server.core.expire_all()
        assert self._timers is not None
        self._timers.run_due()
        self._server.persistence.flush()
        self._hub.deliver_soon()

    @property
    def _passed(self) -> float:
        """The time by which timeouts are measured now."""
        return (self._timers or self._hub.loop).time()

    def _follow(self, before: float, now_us: Callable[[], int]) -> None:
        self._timers = Timers(now_us)
        self._server.core.clock = now_us
        self._retime(self._timers, self._timers.time() - before)
        self._pass()

    def _retime(self, timers: Any, shift: float) -> None:
        self._hub.timers = timers
        for client in list(self._server.clients.values()):
            client.retime(shift)


class Clock:
    """The clock of a server or a database, for tests. It runs as the system's until one of these methods is called.

    Whatever is due by the new time is done when a method returns: keys and fields have expired, with their events, and
    clients whose timeout has passed have been answered, each in its order.
    """

    def __init__(self, call: Callable[[Callable[[Any], Any]], Any]) -> None:
        self._call = call

    @property
    def time(self) -> float:
        """The time in seconds since 1970."""
        return self._call(lambda server: server.clock.time)

    def freeze(self, at: float | datetime | None = None) -> None:
        """Stops the clock, at the time it shows or at another one: seconds since 1970, or a datetime.

        Raises ValueError for a time before 1970 or after 9999.
        """
        moment = at.timestamp() if isinstance(at, datetime) else at
        self._call(lambda server: server.clock.freeze(moment))

    def advance(self, seconds: float | timedelta) -> None:
        """Moves the time forward, and stops the clock there. Raises ValueError for a negative time, or past 9999."""
        span = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        self._call(lambda server: server.clock.advance(span))

    def follow(self, source: Callable[[], float] | None = None) -> None:
        """Follows a function that returns seconds since 1970: by default ``time.time``, whatever it is at each call.

        freezegun and time-machine replace it, so the server follows them. Timeouts of waiting clients are noticed
        within a tenth of a second.
        """
        self._call(lambda server: server.clock.follow(source or replaceable_time))

    def run(self) -> None:
        """Lets the system's clock run again."""
        self._call(lambda server: server.clock.run())

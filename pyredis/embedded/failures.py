"""Failures on request, to test how a program copes with them: errors, delays, lost connections, a full disk.

``Rules`` are used in the server's thread: dispatch asks them about every command while there are any
(``dispatch/injected``). ``Failure`` and ``Failures`` are what the program has of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from pyredis.call.command_keys import keys_of
from pyredis.call.handlers import CommandError
from pyredis.ground.glob import matches
from pyredis.protocol import Connection

if TYPE_CHECKING:
    from pyredis.dispatch.injected import HeldReply

# As in `dispatch/injected.pxd`.
ERROR, DROP, HOLD, LATE = 1, 2, 3, 4


def writes(facts: set[str]) -> bool:
    return "write" in facts


# Errors that Redis makes, and for which commands; a command is given as its flags and marks.
ERRORS: dict[str, tuple[str, Callable[[set[str]], bool]]] = {
    "BUSY": (
        "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        lambda facts: "allow_busy" not in facts,
    ),
    "LOADING": ("Redis is loading the dataset in memory", lambda facts: "loading" not in facts),
    "MASTERDOWN": (
        "Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        lambda facts: "stale" not in facts,
    ),
    "MISCONF": (
        "Errors writing to the AOF file: No space left on device",
        lambda facts: bool(facts & {"write", "needs_file"}),
    ),
    "NOAUTH": ("Authentication required.", lambda facts: "no_auth" not in facts),
    "NOREPLICAS": ("Not enough good replicas to write.", writes),
    "OOM": ("command not allowed when used memory > 'maxmemory'.", lambda facts: "denyoom" in facts),
    "READONLY": ("You can't write against a read only replica.", writes),
}


class Fault:
    """One rule: which commands it concerns, which of their calls it strikes, and what happens then."""

    def __init__(
        self,
        names: frozenset[str],
        *,
        text: bytes | None,
        drop: bool,
        delay: float,
        after: bool,
        key: bytes | None,
        times: int | None,
        every: int,
        probability: float,
        seed: int | None,
    ) -> None:
        self.names = names
        self.text = text
        self.drop = drop
        self.delay = delay
        self.after = after
        self.key = key
        self.left = times
        self.every = every
        self.probability = probability
        # Imported when there is a failure, because the module takes long to import.
        from random import Random

        self.random = Random(seed)
        self.seen = 0
        self.count = 0
        self.ended = False
        # How many clients it delays now.
        self.delaying = 0

    def concerns(self, core: Any, name: str, words: list[bytes]) -> bool:
        return name in self.names and (self.key is None or self.has_key(core, words))

    def has_key(self, core: Any, words: list[bytes]) -> bool:
        assert self.key is not None
        try:
            return any(matches(self.key, words[place]) for place, _ in keys_of(core, words))
        except CommandError:
            return False

    def is_due(self) -> bool:
        """Counts a call that it concerns, and returns whether it strikes."""
        self.seen += 1
        if self.seen % self.every or (self.probability < 1 and self.random.random() >= self.probability):
            return False
        self.count += 1
        if self.left is not None:
            self.left -= 1
        return True


class FullDisk:
    """The fault of the append-only file."""

    count = 0
    delaying = 0
    ended = False


class Delayed:
    """A client whose command or reply is delayed, and what happens at the end."""

    def __init__(self, fault: Fault, client: Any, finish: Callable[[], None]) -> None:
        self.fault = fault
        self.client = client
        self.finish = finish
        self.timer: Any = None
        self.over = False


class Rules:
    """The faults of one server, in the order in which they were set; the first that strikes counts."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.faults: list[Fault] = []
        self.delayed: dict[int, Delayed] = {}
        # Of the command that is being executed, until its reply is there; None to drop the reply.
        self.late: Fault | None = None
        # While dispatch uses its text.
        self.struck: Fault | None = None
        self.suspended = False

    # ---- for dispatch ----

    def strike(self, client: Any, spec: Any, words: list[bytes], nested: bool) -> tuple[int, Any] | None:
        if self.suspended:
            return None
        if not nested and client.id in self.delayed:
            return self.go_on(client)
        # A client in process has no connection to wait for or to lose, and a script's command is part of another.
        errors_only = nested or not isinstance(client, Connection)
        for fault in self.faults:
            if errors_only and (fault.text is None or fault.delay):
                continue
            if fault.concerns(self.server.core, spec.name, words) and fault.is_due():
                if fault.left == 0:
                    self.remove_later(fault)
                self.struck = fault
                return self.begin(fault, client)
        return None

    def begin(self, fault: Fault, client: Any) -> tuple[int, Any]:
        if fault.after:
            return LATE, None if fault.drop and not fault.delay else fault
        if not fault.delay:
            return self.outcome(fault)
        self.delay(fault, client, client.run_held_back)
        return HOLD, None

    def outcome(self, fault: Fault) -> tuple[int, Any]:
        return (DROP, None) if fault.drop else (ERROR, fault.text)

    def go_on(self, client: Any) -> tuple[int, Any] | None:
        """A command that was held back arrives again: at the end of its delay, or of a pause."""
        delayed = self.delayed[client.id]
        if not delayed.over:
            return HOLD, None
        del self.delayed[client.id]
        self.struck = fault = delayed.fault
        return self.outcome(fault) if fault.drop or fault.text is not None else None

    def keep(self, client: Any, reply: HeldReply, offset: int, fault: Fault) -> None:
        """Keeps the reply of a command that has been executed, until its delay is over."""

        def finish() -> None:
            del self.delayed[client.id]
            if fault.drop:
                client.close()
                return
            reply.deliver(client, offset)
            self.server.hub.deliver_soon()

        self.delay(fault, client, finish)

    # ---- delays ----

    def delay(self, fault: Fault, client: Any, finish: Callable[[], None]) -> None:
        delayed = self.delayed[client.id] = Delayed(fault, client, finish)
        fault.delaying += 1
        delayed.timer = self.server.hub.loop.call_later(fault.delay, self.end_delay, delayed)

    def end_delay(self, delayed: Delayed) -> None:
        delayed.over = True
        delayed.fault.delaying -= 1
        delayed.timer.cancel()
        client = delayed.client
        if not client.ending:
            delayed.finish()
        # A command that was held back may have been refused before the faults were asked about it.
        if client.ending or not client.blocked:
            self.delayed.pop(client.id, None)
        self.follow()

    # ---- the rules ----

    def add(self, fault: Fault) -> None:
        self.faults.append(fault)
        self.follow()

    def remove(self, fault: Fault) -> None:
        """Ends a fault, and the delays that are due to it."""
        fault.ended = True
        if fault in self.faults:
            self.faults.remove(fault)
        for delayed in [one for one in self.delayed.values() if one.fault is fault and not one.over]:
            self.end_delay(delayed)
        self.follow()

    def remove_later(self, fault: Fault) -> None:
        """Ends a fault that has struck for the last time. What it has delayed stays delayed."""
        fault.ended = True
        self.faults = [other for other in self.faults if other is not fault]
        self.server.hub.loop.call_soon(self.follow)

    def follow(self) -> None:
        """Has dispatch ask for as long as there is anything to say."""
        self.server.core.faults = self if self.faults or self.delayed else None


class Failure:
    """A failure that has been requested. It lasts until ``end``, the end of its ``with`` block, or its last time."""

    def __init__(self, fault: Fault | FullDisk, end: Callable[[], None]) -> None:
        self._fault = fault
        self._end = end

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()

    @property
    def count(self) -> int:
        """How many commands it has struck. Those that a full disk refuses are not counted."""
        return self._fault.count

    @property
    def active(self) -> bool:
        """Whether it can strike again."""
        return not self._fault.ended

    def end(self) -> None:
        """Ends it. What it has delayed goes on at once."""
        if self.active or self._fault.delaying:
            self._end()


class Failures:
    """The failures of a server that were requested and have not ended."""

    def __init__(self) -> None:
        self._all: list[Failure] = []

    def __iter__(self) -> Iterator[Failure]:
        return iter([failure for failure in self._all if failure.active])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Ends all of them. What they have delayed goes on at once."""
        for failure in self._all:
            failure.end()
        self._all = []

    def _add(self, failure: Failure) -> Failure:
        self._all = [*(one for one in self._all if one.active or one._fault.delaying), failure]
        return failure


# ---- what the program asks for ----


def error_text(error: str) -> bytes:
    """Returns the error reply that ``error`` names or is. Raises ValueError."""
    if error in ERRORS:
        return f"{error} {ERRORS[error][0]}".encode()
    code = error.partition(" ")[0]
    if not error or not error.isprintable():
        raise ValueError(f"not the text of an error: {error!r}")
    if code == error and code.isupper():
        raise ValueError(f"no such error: {error!r}; give its text, or one of {', '.join(ERRORS)}")
    return (error if code.isupper() else f"ERR {error}").encode()


def concerned(commands: tuple[str, ...], error: str | None, added: dict[str, Any]) -> frozenset[str]:
    """Returns the full names of the commands that a failure concerns. Raises ValueError for a name of none.

    Without any, these are the commands for which Redis makes the error; else all except those of connections.
    """
    from pyredis.commands.table.command_table import SPECS, every_spec

    specs = list(every_spec({**SPECS, **added}))
    if not commands and error in ERRORS:
        return frozenset(spec.name for spec in specs if ERRORS[error][1](set(spec.facts)))
    if not commands:
        return frozenset(spec.name for spec in specs if "@connection" not in spec.acl)
    return frozenset(name for command in commands for name in names_of(command, specs))


def names_of(command: str, specs: list[Any]) -> list[str]:
    """Returns the names that a command, ``CONFIG GET``, or a category, ``@write``, stands for."""
    wanted = "|".join(command.lower().replace("|", " ").split())
    if wanted.startswith("@"):
        found = [spec.name for spec in specs if wanted in spec.acl]
    else:
        found = [spec.name for spec in specs if wanted in (spec.name, spec.parent)]
    if not found:
        raise ValueError(f"no such command: {command!r}")
    return found


def check_positive(**values: float | None) -> None:
    for name, value in values.items():
        if value is not None and value <= 0:
            raise ValueError(f"{name} must be positive: {value!r}")


def new_fault(
    commands: tuple[str, ...],
    added: dict[str, Any],
    *,
    error: str | None,
    drop: bool,
    delay: float,
    after: bool,
    key: str | bytes | None,
    times: int | None,
    every: int,
    probability: float,
    seed: int | None,
) -> Fault:
    """Returns the rule for the arguments of ``fail``. Raises ValueError or TypeError."""
    if not (error is not None or drop or delay):
        raise TypeError("say what happens: error, drop or delay")
    if error is not None and (drop or after):
        raise TypeError("an error takes the place of the command: neither drop nor after goes with it")
    if delay < 0:
        raise ValueError(f"delay must not be negative: {delay!r}")
    check_positive(times=times, every=every)
    if not 0 < probability <= 1:
        raise ValueError(f"probability must be above 0 and at most 1: {probability!r}")
    return Fault(
        concerned(commands, error, added),
        text=None if error is None else error_text(error),
        drop=drop,
        delay=delay,
        after=after,
        key=key.encode() if isinstance(key, str) else key,
        times=times,
        every=every,
        probability=probability,
        seed=seed,
    )


class Failing:
    """What programs make fail: a server, or a database in the process. A subclass runs the server."""

    _commands: dict[str, Any]
    _failures: Failures

    def _is_running(self) -> bool:
        raise NotImplementedError

    def _with_server(self, function: Callable[[Any], Any]) -> Any:
        """Calls a function with the server, while no command runs, and returns its result."""
        raise NotImplementedError

    def fail(
        self,
        *commands: str,
        error: str | None = None,
        drop: bool = False,
        delay: float = 0,
        after: bool = False,
        key: str | bytes | None = None,
        times: int | None = None,
        every: int = 1,
        probability: float = 1,
        seed: int | None = None,
    ) -> Failure:
        """Makes commands of clients fail, until the `Failure` that it returns is ended or its ``with`` block ends.

        ``commands`` are names, ``"GET"`` or ``"CONFIG GET"``, and categories, ``"@write"``. Without any, these are
        all for which Redis makes the error; for other failures, all except those of the category connection.

        ``error`` is the text of an error, or a code: LOADING, READONLY, MISCONF, OOM, BUSY, MASTERDOWN, NOAUTH,
        NOREPLICAS. ``drop`` closes the connection. ``delay`` is in seconds, also before an error or a lost
        connection; only this client waits. With ``after`` the command is executed first, and its reply is late or
        lost.

        Only calls with a key that matches the glob pattern ``key`` fail; of these, each ``every``-th, or with a
        ``probability`` (repeatable by ``seed``), at most ``times``.
        Raises TypeError or ValueError for arguments that are not valid.
        """
        specs = {command.spec.name: command.spec for command in self._commands.values()}
        fault = new_fault(
            commands,
            specs,
            error=error,
            drop=drop,
            delay=delay,
            after=after,
            key=key,
            times=times,
            every=every,
            probability=probability,
            seed=seed,
        )
        self._with_server(lambda inner: inner.failures.add(fault))
        return self._failures._add(Failure(fault, lambda: self._end_fault(fault)))

    def _end_fault(self, fault: Fault) -> None:
        fault.ended = True
        if self._is_running():
            self._with_server(lambda inner: inner.failures.remove(fault))
        else:
            fault.delaying = 0

    def full_disk(self) -> Failure:
        """Makes writes of the append-only file fail with ENOSPC: write commands are refused with MISCONF.

        Once the `Failure` is ended, or its ``with`` block, the server writes what it has kept, and accepts writes.
        Raises RuntimeError if the server has no such file.
        """
        self._with_server(lambda inner: fill_disk(inner, True))
        fault = FullDisk()

        def end() -> None:
            fault.ended = True
            if self._is_running():
                self._with_server(lambda inner: fill_disk(inner, False))

        return self._failures._add(Failure(fault, end))

    @property
    def failures(self) -> Failures:
        """The failures that were requested and have not ended; ``failures.clear()`` ends them."""
        return self._failures


def fill_disk(server: Any, full: bool) -> None:
    if full and not server.persistence.appending:
        raise RuntimeError("the server keeps no append-only file: it needs a dir")
    server.core.fill_disk(full)
    server.hub.drain()
    server.deliver_all()

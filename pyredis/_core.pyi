"""``Core``: the data of one server, and the interface to it for Python code."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pyredis.dispatch.counters import Counters
from pyredis.dispatch.direct import DirectClient

# The directives that `Core.configure` accepts.
DIRECTIVES: Final[tuple[str, ...]]

class Core(Counters):
    """The data of one server: databases, command table, counters.

    ``host`` provides what only the server in Python can do: ``report_exception(where, error)``, ``aof_failure()``,
    ``on_foreign_protocol(client)``, ``on_too_many_errors(codes)``, ``evict_soon()``, ``log_script(level, line)`` and
    ``on_slow_script(name, milliseconds)``. ``specs`` and ``bound`` are the command table and its handlers
    (``commands/table/registry``). All methods must be called in
    the thread of the server's event loop. Budgets are in microseconds, sizes and positions in bytes, errors are errnos
    (0 for none).
    """

    specs: Final[list[Any]]
    handlers: Final[list[Any]]
    added_specs: Final[dict[str, Any]]
    """The CommandSpec of each command that the program has added, by its name."""
    renames: Final[dict[str, str]]
    """The new name of each renamed command by its original one; an empty name if it cannot be called any more."""
    startup_memory: int
    on_slow: Callable[[Any, list[bytes], int, int], None] | None
    on_latency: Callable[[str, int], None] | None
    on_call: Callable[[], None] | None
    """Called after a call in process, if the outbox is not empty or the reply depends on bytes not yet in the file."""
    on_event: Callable[[str, bytes, int, bytes], None] | None
    loading: bool
    write_error: bool

    def __init__(
        self, host: Any, specs: Mapping[str, Any], bound: Mapping[str, object], databases: int = 16
    ) -> None: ...
    def configure(self, name: str, value: Any) -> None: ...
    def restrict(self, restriction: int, on: bool) -> None: ...
    def calibrate(self) -> None: ...
    def rename_commands(self, names: dict[str, str]) -> None:
        """Gives commands of the table other names, or none: ``names`` has the new name by the original one, both in
        lower case. Must be called before any command, and at most once."""
    def add_command(self, spec: Any, function: Callable[[Any, list[bytes]], Any]) -> None:
        """Adds a command. ``spec`` is its CommandSpec; ``function`` takes a CommandContext (``dispatch/added``) and a
        list of all words, and returns a value of ``replies``.

        Raises ValueError if a command has that name already, and RuntimeError while a command runs.
        """
    def remove_command(self, name: str) -> None:
        """Removes a command that was added; ``name`` is in lower case. Raises the same as ``add_command``."""
    faults: Any
    """The rules that say which commands fail (``dispatch/injected``), or None."""
    def fill_disk(self, full: bool) -> None:
        """Makes writes of the append-only file fail as on a full disk, until it is called with False."""
    @property
    def idle(self) -> bool:
        """Whether a command can be called now: none runs, and no expired keys are being removed."""
    @property
    def current_client(self) -> Any:
        """The client whose command runs, or None."""
    def client(self, protocol: int = 3, authenticated: bool = True) -> DirectClient:
        """Returns a new client in process (``dispatch/direct``), for the first argument of ``call``."""
    def call(self, client: DirectClient, arguments: Iterable[Any], /) -> Any:
        """Runs a command as if the client had sent it, and returns its reply (``wire/reply_objects``).

        ``arguments`` are bytes, str, int and float, the command's name first. An error reply is raised as
        ``ReplyError``; inside a reply, errors are elements. Returns None also if CLIENT REPLY suppresses the reply.
        Raises TypeError or ValueError for arguments that cannot be sent, ConnectionError for a client that has been
        closed, and RuntimeError when no command can run: while another one runs (in a handler, or in a listener of
        events), while expired keys are being removed, and in a finalizer that runs while a reply is being read.

        The reply does not wait for the append-only file. It may be shown to others once ``aof_released`` is not below
        ``client.wait_offset``.
        """
    def tick(self) -> None: ...
    def expire_cycle(self, budget_us: int) -> bool: ...
    def evict(self) -> None:
        """Evicts keys while more than ``maxmemory`` is used, for as long as ``maxmemory-eviction-tenacity`` allows.

        If there is more to do then, ``host.evict_soon`` is called. Does nothing while the server is paused or busy.
        """
    def expire_all(self) -> None:
        """Removes all expired keys and hash fields in the order of their times, however long it takes."""
    def trim_tracking(self) -> None:
        """Makes the table of tracked keys smaller if it has more than ``tracking-table-max-keys``."""
    def pause(self, until_ms: int, everything: bool) -> None:
        """Holds back commands that may write, or all, until this Unix time; keeps a later end and a stricter kind."""
    def unpause(self) -> None:
        """Ends the pause; ``serve_paused`` and ``Hub.run_held_back`` run what it has held back."""
    def serve_paused(self) -> None:
        """Answers the commands that wait for keys which have changed during a pause. No command may be running."""
    @property
    def paused_until(self) -> int:
        """The end of the pause, Unix time in milliseconds; 0 without one."""
    def empty(self) -> None:
        """Removes all keys without propagating that to the append-only file."""
    def tidy(self, budget_us: int) -> bool: ...
    def aof_open(self, fd: int, size: int, policy: str) -> None:
        """Appends changes to ``fd``, a file of ``size`` bytes, from now on. Raises OSError."""
    def aof_policy(self, policy: str) -> None: ...
    def aof_close(self) -> int: ...
    def aof_sync(self) -> int: ...
    def aof_pause_sync(self, paused: bool) -> None: ...
    def aof_vouch(self, position: int) -> None: ...
    @property
    def log_position(self) -> int: ...
    @property
    def aof_released(self) -> int:
        """The position up to which the file is written or, with ``always``, synced: replies that wait for no later one
        may be sent. The largest number if there is no file."""
    @property
    def aof_wake_fd(self) -> int: ...
    @property
    def aof_sync_failed(self) -> bool: ...
    @property
    def aof_syncing(self) -> bool: ...
    def aof_state(self) -> tuple[int, int, int, bool]:
        """Returns (bytes in the newest file, bytes not written, age in ms of the oldest unsynced byte, syncing now)."""
    @property
    def in_transaction(self) -> bool: ...
    @property
    def has_interpreter(self) -> bool:
        """Whether the server has an interpreter for scripts, which the first script makes."""
    @property
    def has_function_interpreter(self) -> bool:
        """Whether the server has an interpreter for functions, which the first library makes."""
    @property
    def busy(self) -> bool:
        """Whether a script has run for longer than ``busy-reply-threshold``, so that other commands are refused."""

    def abandon_script(self) -> None:
        """Abandons the script that makes the server busy, when the server stops: the script never replies."""

    @property
    def may_wait(self) -> bool:
        """Whether the running command may reply after it has returned: not inside EXEC, nor in process."""
    @property
    def dirty(self) -> int: ...
    clock: Callable[[], int] | None
    """A callable that returns the time in microseconds since 1970, or None for the system's clock."""
    @property
    def now_ms(self) -> int: ...
    @property
    def time_us(self) -> int: ...
    @property
    def used_memory(self) -> int: ...
    @property
    def peak_memory(self) -> int: ...
    @property
    def expires_paused(self) -> bool: ...
    def reset_peak_memory(self) -> None: ...

def benchmark_core(setup: bytes, data: bytes) -> tuple[int, int]:
    """Executes ``setup``, then ``data``, in a new core; returns (requests in ``data``, nanoseconds of CPU for them)."""

"""The server's life: start, listening, background work, shutdown.

``Server`` connects configuration, log, core, connections and persistence. It runs in the thread of its event loop, and
all its methods except ``run`` must be called there.
"""

import _thread
import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pyredis._core import DIRECTIVES, Core
from pyredis.commands.server.latency import Latency
from pyredis.commands.server.slowlog import Slowlog
from pyredis.commands.server.users import Users, UsersError
from pyredis.commands.table.registry import BOUND, COMMANDS
from pyredis.commands.table.renaming import new_names
from pyredis.config import Config, ConfigRejected
from pyredis.ground.exclusion import Exclusion
from pyredis.ground.server_log import LEVELS, Log
from pyredis.host.clients import ClientRules
from pyredis.host.listeners import ListenError, Listeners, check_backlog
from pyredis.host.open_files import TooFewFiles, allowed_clients
from pyredis.host.process import Supervisor
from pyredis.host.process_directives import follow_process
from pyredis.lua.script_facts import reset_forgotten
from pyredis.persistence.persistence import LoadError, Persistence
from pyredis.protocol import BufferedConnection
from pyredis.shell.hub import Hub
from pyredis.telemetry.telemetry import Telemetry, TelemetryError

if TYPE_CHECKING:
    from pyredis.host.tls_port import TlsPort

# Slices of background work in microseconds, and the pause after them while there is more, in seconds. A client waits
# for background work at most as long as all slices of one turn take.
SLICE_US = 500
REWRITE_US = 1000
PAUSE = 0.003
DAY = 86400
# The directives that TLS must apply, apart from the port.
TLS_DIRECTIVES = (
    *("tls-cert-file", "tls-key-file", "tls-key-file-pass", "tls-dh-params-file", "tls-ca-cert-file"),
    *("tls-ca-cert-dir", "tls-protocols", "tls-ciphers", "tls-ciphersuites", "tls-prefer-server-ciphers"),
    *("tls-session-caching", "tls-session-cache-size", "tls-session-cache-timeout"),
)


class StartError(Exception):
    """The server cannot start; ``str`` says why."""


def raise_interrupt() -> None:
    raise KeyboardInterrupt


class Server:
    """One server. ``config`` is its configuration, and ``log`` receives its messages.

    As the only server of its process it may set the loop's exception handler and end the process. A subclass for
    servers in other programs does neither.
    """

    # Whether to listen on a free port, which then becomes the value of ``port``.
    any_port = False
    # The same for ``tls-port``.
    any_tls_port = False
    # The class of this server's connections.
    connection_class: type = BufferedConnection
    # What every thread enters before it uses the server; None for a server that only its loop uses.
    exclusion: Exclusion | None = None

    def __init__(self, config: Config, log: Log) -> None:
        self.config = config
        self.log = log
        self.core = Core(self, COMMANDS, BOUND, config["databases"])
        if config.renames:
            self.core.rename_commands(new_names(config.renames, COMMANDS))
        self.slowlog = Slowlog(config["slowlog-max-len"])
        self.latency = Latency(config["latency-monitor-threshold"])
        self.core.on_slow = self.slowlog.add
        self.core.on_latency = self.latency.add
        self.persistence = Persistence(self)
        self.rules = ClientRules(self)
        self.users = Users(self)
        self.supervisor = Supervisor(config["supervised"], log)
        self.telemetry = Telemetry(self)
        self.hub: Hub | None = None
        self.started = time.time()
        self.started_monotonic = time.monotonic()
        self.run_id = os.urandom(20).hex()
        self.replication_id = os.urandom(20).hex()
        self.loop_name = ""
        self.role = "master"
        self.active_expire = True
        self.exit_code = 0
        self.cron_count = 0
        self.operations = Rate()
        self.cycles = Rate()
        self.input_rate = Rate()
        self.output_rate = Rate()
        self.overfull = Duration()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: Listeners | None = None
        self.tls: TlsPort | None = None
        self._starting: asyncio.Task[Any] | None = None
        self._stopped: asyncio.Event | None = None
        self._cron: asyncio.TimerHandle | None = None
        self._work: asyncio.Handle | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._eviction: asyncio.Handle | None = None
        self._resuming = False
        self._reloading: asyncio.Task[None] | None = None
        self._shutting_down = False
        self._follow_directives()

    def _follow_directives(self) -> None:
        """Passes the directives to the objects that use them, now and after every CONFIG SET."""
        for name in DIRECTIVES:
            self._follow(name, partial(self.core.configure, name))
        self._follow("slowlog-max-len", self.slowlog.set_limit)
        self._follow("latency-monitor-threshold", self.latency.set_threshold)
        self.config.on_change("bind", lambda _: self._listen_again("Failed to bind to specified addresses."))
        self.config.on_change("port", lambda _: self._listen_again("Unable to listen on this port. Check server logs."))
        self.config.on_change("tls-port", lambda _: self._on_tls_port())
        for name in TLS_DIRECTIVES:
            self.config.on_change(name, lambda _: self._on_tls_directive())
        self.config.on_change("maxclients", self._check_open_files)
        self.config.on_change("requirepass", self.users.set_password)
        self.config.on_change("acllog-max-len", self.users.log.set_limit)
        self.config.user_lines = self.users.configuration_lines
        self.config.on_change("maxmemory", self._on_maxmemory)
        self.rules.follow_directives()

    def _follow(self, name: str, hook: Callable[[Any], None]) -> None:
        hook(self.config[name])
        self.config.on_change(name, hook)

    # ---- start and stop ----

    def run(self, loop: str = "uvloop") -> int:
        """Serves until a signal or SHUTDOWN ends it; returns the exit code. ``loop``: uvloop or asyncio.

        The process is the server's own: its title, its score and the handling of crashes follow the directives.
        """
        self.loop_name = loop
        follow_process(self)
        factory = _uvloop_factory() if loop == "uvloop" else None
        with asyncio.Runner(loop_factory=factory) as runner:
            try:
                return runner.run(self._main())
            except (StartError, LoadError) as error:
                self.log.warning(str(error))
                return 1

    async def _main(self) -> int:
        self._starting = asyncio.current_task()
        try:
            # Python allows signal handlers in the main thread only.
            await self.start(handle_signals=threading.current_thread() is threading.main_thread())
        except asyncio.CancelledError:
            if not self._shutting_down:
                raise
            return 0
        finally:
            self._starting = None
        await self.wait_closed()
        return self.exit_code

    async def start(self, handle_signals: bool = False) -> None:
        """Listens, loads the data, and returns when commands are served. Raises StartError or LoadError."""
        self._loop = self.adopt_loop(asyncio.get_running_loop())
        self._stopped = asyncio.Event()
        self.hub = Hub(self.core, self, self._loop, self.exclusion)
        self.core.startup_memory = self.core.used_memory
        self.rules.limit_clients()
        self._follow("client-query-buffer-limit", lambda value: setattr(self.hub, "query_buffer_limit", value))
        self.core.loading = True
        try:
            self.users.load_configured()
            self.persistence.claim()
            await self._listen(handle_signals)
            self._tick()
            await self.persistence.start()
        except UsersError as error:
            raise StartError(str(error)) from error
        except BaseException:
            self._stop_background()
            self.persistence.unlock()
            raise
        self.core.loading = False
        if self._shutting_down:
            return
        if self.config["port"]:
            self.log.notice("Ready to accept connections tcp")
        if self.config["unixsocket"]:
            self.log.notice("Ready to accept connections unix")
        if self.config["tls-port"]:
            self.log.notice("Ready to accept connections tls")
        self.supervisor.ready()

    def adopt_loop(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
        """Is called at the start, on the loop that will run the server; returns the loop to use."""
        loop.set_exception_handler(self.log.on_loop_error)
        return loop

    def give_up(self) -> None:
        """Ends at once because a promise cannot be kept; the log says why. Clients get no replies any more."""
        os._exit(1)

    def say_goodbye(self) -> None:
        self.log.warning("Redis is now ready to exit, bye bye...")

    def end(self) -> None:
        """Ends ``wait_closed``."""
        assert self._stopped is not None
        self._stopped.set()

    def deliver_all(self) -> None:
        """Sends all replies that may be sent now."""
        assert self.hub is not None
        self.hub.release()
        self.hub.flush()

    @property
    def unreadiness(self) -> str:
        """Why the server does not serve reads and writes now; empty if it does."""
        if self._shutting_down:
            return "shutting down"
        if self.core.loading:
            return "loading the data"
        if self.core.busy:
            return "busy running a script"
        return f"writes are refused: {self.persistence.failure}" if self.persistence.failure else ""

    @property
    def stopped(self) -> bool:
        return self._stopped is not None and self._stopped.is_set()

    async def wait_closed(self) -> None:
        """Returns when the server has shut down."""
        assert self._stopped is not None
        await self._stopped.wait()
        await self.telemetry.finished()

    def _handle_signals(self) -> None:
        assert self._loop is not None
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._on_signal, number)
        self._loop.add_signal_handler(signal.SIGHUP, self._on_hangup)

    def _on_hangup(self) -> None:
        self.log.notice("Received SIGHUP: nothing to reopen or reload, continuing")

    def _on_signal(self, number: int) -> None:
        name = signal.Signals(number).name
        if self._starting is not None:
            self.log.warning("Received shutdown signal during loading, exiting now.")
            self._shutting_down = True
            self._starting.cancel()
            return
        self.log.warning(f"Received {name} scheduling shutdown...")
        chosen = self.config[f"shutdown-on-{name.lower()}"]
        save = True if "save" in chosen else False if "nosave" in chosen else None
        self.shutdown(save=save, now="now" in chosen, force="force" in chosen)

    def shutdown(
        self,
        save: bool | None = None,
        now: bool = False,
        force: bool = False,
        on_failure: Callable[[], None] | None = None,
    ) -> bool | None:
        """Begins to shut down: writes outstanding changes to the file and closes the clients. False if it cannot.

        ``save`` is SHUTDOWN's SAVE (True) or NOSAVE (False); with ``force`` it continues even if writing fails. A
        subclass may return None if that is not known yet, and call ``on_failure`` if it cannot.
        """
        self.log.notice("User requested shutdown...")
        self._shutting_down = True
        if not self.persistence.stop(save) and not force:
            self.log.warning("Errors trying to shut down the server. Check the logs for more information.")
            self._shutting_down = False
            return False
        self.close_all(after_reply=True)
        return True

    def abort_shutdown(self) -> bool:
        """Always False: a shutdown completes at once, so there is never one to abort."""
        return False

    def close_all(self, after_reply: bool = False) -> None:
        """Ends the server: stops what runs in the background, closes the listeners and the clients."""
        assert self._stopped is not None
        assert self.hub is not None
        self._stop_background()
        self.persistence.unlock()
        self.core.abandon_script()
        for client in list(self.hub.clients.values()):
            client.close(after_reply=after_reply)
        self.hub.pages.give_up()
        self.supervisor.stopping()
        self.say_goodbye()
        self.end()

    def _stop_background(self) -> None:
        """Stops the timers and closes the listeners."""
        for timer in (self._cron, self._work, self._pause, self._eviction):
            if timer is not None:
                timer.cancel()
        if self._listeners is not None:
            if self._listeners.unix_path:
                self.log.notice("Removing the unix socket file.")
            self._listeners.close()
        if self.tls is not None:
            self.tls.listeners.close()
        self.telemetry.close()

    # ---- listening ----

    async def _listen(self, handle_signals: bool) -> None:
        assert self._loop is not None
        assert self.hub is not None
        config = self.config
        self.allow_clients()
        check_backlog(config["tcp-backlog"], self.log.warning)
        connect = partial(self.connection_class, self.hub)
        self._listeners = Listeners(self._loop, connect, config["tcp-backlog"], self.log.warning)
        try:
            if self.any_port:
                config.adjust("port", self._listeners.open_any(config["bind"]))
            else:
                self._listeners.open_tcp(config["bind"], config["port"])
        except ListenError as error:
            raise StartError(f"Failed listening on port {config['port']} (tcp), aborting.") from error
        if config["unixsocket"]:
            try:
                self._listeners.open_unix(config.path_below(config["unixsocket"]), config["unixsocketperm"])
            except ListenError as error:
                raise StartError(str(error.args[-1])) from error
        self._listen_tls()
        if not (self._listeners or self.tls):
            raise StartError("Configured to not listen anywhere, exiting.")
        if handle_signals:
            self._handle_signals()
        self.log.role = "M"
        self.log.notice(f"Running mode=standalone, port={config['port'] or config['tls-port']}.")
        self.log.notice(f"PID: {os.getpid()}")
        self.log.notice("Server initialized")
        await self._listeners.serving()
        if self.tls is not None:
            await self.tls.listeners.serving()
        try:
            await self.telemetry.start(self._loop)
        except TelemetryError as error:
            raise StartError(str(error)) from error

    def _listen_tls(self) -> None:
        """Reads the files of TLS and listens on ``tls-port``, if one is set. Raises StartError."""
        config = self.config
        if not (config["tls-port"] or self.any_tls_port):
            return
        if not self._start_tls():
            raise StartError("Failed to configure TLS. Check logs for more info.")
        assert self.tls is not None
        try:
            if self.any_tls_port:
                config.adjust("tls-port", self.tls.listeners.open_any(config["bind"]))
            else:
                self.tls.listeners.open_tcp(config["bind"], config["tls-port"])
        except ListenError as error:
            raise StartError(f"Failed listening on port {config['tls-port']} (tls), aborting.") from error

    def _start_tls(self) -> bool:
        """Makes what a port for TLS needs, unless it is there. Returns False, and logs why, if it cannot be made."""
        if self.tls is not None:
            return True
        # Imported here, because without TLS none of it is needed.
        from pyredis.host.tls_port import TlsError, TlsPort

        assert self.hub is not None
        try:
            self.tls = TlsPort(self, partial(self.connection_class, self.hub), self.hub.loop)
        except TlsError as error:
            self.log.warning(str(error))
            return False
        return True

    def allow_clients(self) -> None:
        """Raises the limit of open files for ``maxclients``, or lowers that. Raises StartError."""
        try:
            self.config.adjust("maxclients", allowed_clients(self.config["maxclients"], self.log))
        except TooFewFiles as error:
            raise StartError(str(error)) from error

    def _listen_again(self, refusal: str) -> None:
        """Listens again after CONFIG SET bind or port."""
        if self._listeners is None:
            return
        bound = self._listeners.bound
        try:
            self._listeners.open_tcp(self.config["bind"], self.config["port"])
            if self.tls is not None:
                self.tls.listeners.open_tcp(self.config["bind"], self.config["tls-port"])
        except ListenError as error:
            self._listeners.open_tcp(*bound)
            raise ConfigRejected(refusal) from error

    def _on_tls_port(self) -> None:
        """Listens on another port after CONFIG SET tls-port."""
        if self.hub is None:
            return
        if self.config["tls-port"] and not self._start_tls():
            raise ConfigRejected("Unable to update TLS configuration. Check server logs.")
        if self.tls is not None:
            try:
                self.tls.listeners.open_tcp(self.config["bind"], self.config["tls-port"])
            except ListenError as error:
                raise ConfigRejected("Unable to listen on this port. Check server logs.") from error

    def _on_tls_directive(self) -> None:
        """Reads the files of TLS again after CONFIG SET of one of its directives."""
        if self.tls is None:
            return
        from pyredis.host.tls_port import TlsError

        try:
            self.tls.configure()
        except TlsError as error:
            self.log.warning(str(error))
            raise ConfigRejected("Unable to update TLS configuration. Check server logs.") from error

    def _check_open_files(self, clients: int) -> None:
        """Raises the limit of open files after CONFIG SET maxclients."""
        allowed = allowed_clients(clients, self.log)
        if allowed < clients:
            raise ConfigRejected(
                f"The operating system is not able to handle the specified number of clients, try with {allowed}"
            )

    # ---- background work ----

    def _tick(self) -> None:
        """Runs the cron, ``hz`` times a second."""
        assert self._loop is not None
        assert self.hub is not None
        self._cron = self._loop.call_later(1 / self.config["hz"], self._tick)
        self.tick()

    def tick(self) -> None:
        """Does what is to be done ``hz`` times a second."""
        assert self.hub is not None
        self.core.tick()
        self.end_due_pause()
        self.cron_count += 1
        if self.cron_count % 64 == 1:
            self.core.calibrate()
        counters = self.core.counters()
        self.operations.sample(counters["total_commands_processed"])
        self.cycles.sample(self.hub.reads)
        self.input_rate.sample(self.hub.bytes_in)
        self.output_rate.sample(self.hub.bytes_out)
        self._look_at_memory()
        self.supervisor.alive()
        if self.cron_count % self.config["hz"] == 0:
            self.rules.every_second()
            self._report_loading()
            if self.tls is not None:
                self.tls.every_second()
        self.core.trim_tracking()
        self.hub.deliver_soon()
        self.hub.relieve()
        self.persistence.cron()
        if self._work is None:
            self.work()

    def _report_loading(self) -> None:
        if self.persistence.loading:
            self.supervisor.status(f"Loading: {self.persistence.loading.info()['loading_loaded_perc']}%")

    def _look_at_memory(self) -> None:
        self.overfull.look(0 < self.config["maxmemory"] < self.core.used_memory)

    def work(self) -> None:
        """Runs a slice of each background task (expiry, resizing, freeing, rewriting); again soon if there is more."""
        assert self._loop is not None
        assert self.hub is not None
        self._work = None
        self.core.tick()
        more = self.core.tidy(SLICE_US)
        if self.active_expire and not self.core.loading and not self.core.paused_until:
            more = self.core.expire_cycle(SLICE_US) or more
            self.persistence.flush()
            self.hub.deliver_soon()
        more = self.persistence.work(REWRITE_US) or more
        if more:
            self._work = self._loop.call_later(PAUSE, self.work)

    def wake_work(self) -> None:
        """Schedules background work now, without waiting for the next tick."""
        if self._work is None and self._loop is not None and not self._shutting_down:
            self._work = self._loop.call_soon(self.work)

    def set_active_expire(self, on: bool) -> None:
        """Turns background expiry on or off (DEBUG SET-ACTIVE-EXPIRE)."""
        self.active_expire = on

    # ---- eviction ----

    def _on_maxmemory(self, limit: int) -> None:
        """Begins to evict after CONFIG SET maxmemory, without waiting for a command."""
        if not 0 < limit < self.core.used_memory:
            return
        self.log.warning(
            f"WARNING: the new maxmemory value set via CONFIG SET ({limit}) is smaller than the current memory usage "
            f"({self.core.used_memory}). This will result in key eviction and/or the inability to accept new write "
            "commands depending on the maxmemory-policy."
        )
        self.evict_soon()

    def evict_soon(self) -> None:
        """Goes on evicting in the next iteration of the loop, after the clients that have sent commands meanwhile."""
        if self._eviction is None and self._loop is not None and not self._shutting_down:
            self._eviction = self._loop.call_soon(self._evict)

    def _evict(self) -> None:
        assert self.hub is not None
        self._eviction = None
        self.core.tick()
        self.core.evict()
        self.persistence.flush()
        self.hub.deliver_soon()

    # ---- CLIENT PAUSE ----

    def pause(self, until_ms: int, everything: bool) -> None:
        """Holds back the commands of clients until this Unix time: all of them, or those that may write."""
        if until_ms > self.core.now_ms:
            self.core.pause(until_ms, everything)
            self._await_end_of_pause()

    def _await_end_of_pause(self) -> None:
        assert self._loop is not None
        if self._pause is not None:
            self._pause.cancel()
        seconds = max(0, self.core.paused_until - self.core.now_ms) / 1000
        # A loop need not accept any number.
        self._pause = self._loop.call_later(min(seconds, DAY), self._look_at_pause)

    def _look_at_pause(self) -> None:
        self.core.tick()
        self.end_due_pause()
        if self.core.paused_until:
            self._await_end_of_pause()

    def end_due_pause(self) -> None:
        """Ends a pause whose time has come."""
        if 0 < self.core.paused_until <= self.core.now_ms:
            self.unpause()

    def unpause(self) -> None:
        """Ends the pause at once; what it has held back runs in an iteration of its own."""
        assert self._loop is not None
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self.core.paused_until:
            self.core.unpause()
            self._resuming = True
            self._loop.call_soon(self._resume)

    def _resume(self) -> None:
        """Runs what the pause has held back; while a script makes the server busy, that waits for the script's end."""
        assert self.hub is not None
        if self.core.busy or self.core.paused_until or not self._resuming:
            return
        self.core.tick()
        self.core.serve_paused()
        self.hub.deliver_soon()
        self.hub.run_held_back()
        self._resuming = self.core.busy
        self.wake_work()

    # ---- called by the shell and by dispatch ----

    def accept(self, connection: Any) -> bytes | None:
        """Returns None to accept a connection, or the error that it receives before it is closed."""
        return self.rules.accept(connection)

    def begin_handshake(self, connection: Any) -> bool:
        """Returns whether a connection may begin its TLS handshake now; otherwise it is resumed later."""
        assert self.tls is not None
        return self.tls.begin_handshake(connection)

    def on_handshake(self, connection: Any) -> bytes | None:
        """Returns None to serve a client whose handshake is complete, or the error that it receives."""
        return self.rules.protect(connection)

    def on_handshake_failure(self, connection: Any, reason: str) -> None:
        assert self.tls is not None
        self.tls.on_failure(connection, reason)

    def on_tls_error(self, connection: Any, reason: str) -> None:
        self.log.verbose(f"Reading from client: {reason}")

    def exceeds_output_limit(self, connection: Any, size: int) -> bool:
        return self.rules.exceeds_output_limit(connection, size)

    def on_query_limit(self, connection: Any) -> None:
        self.rules.on_query_limit(connection)

    def on_client_evicted(self, connection: Any) -> None:
        self.rules.on_client_evicted(connection)

    def on_no_evictable_client(self) -> None:
        self.log.warning("Over client maxmemory after evicting all evictable clients")

    def on_foreign_protocol(self, connection: Any) -> None:
        self.rules.on_foreign_protocol(connection)

    def on_aof_error(self, error: int) -> None:
        self.persistence.on_error(error)

    def aof_failure(self) -> str:
        """Returns why writes are refused."""
        return self.persistence.failure

    def log_script(self, level: int, line: str) -> None:
        """Writes what a script logs; ``level`` counts from ``debug``, 0, to ``warning``, 3."""
        self.log.write(LEVELS[level], line)

    def on_slow_script(self, name: str, milliseconds: int, command: str) -> None:
        self.log.warning(
            f"Slow script detected: still in execution after {milliseconds} milliseconds. You can try killing the "
            f"script using the {command} command. Script name is: {name}."
        )

    def interrupt_soon(self) -> None:
        """Interrupts the program, as Ctrl-C does, after the current callback of the loop.

        If the loop runs in the main thread, it is ended by the exception itself: that of a signal may be raised in any
        code that the thread executes later, also where it cannot be passed on.
        """
        assert self._loop is not None
        in_main = threading.current_thread() is threading.main_thread()
        self._loop.call_soon(raise_interrupt if in_main else _thread.interrupt_main)

    def on_too_many_errors(self, codes: list[str]) -> None:
        self.log.warning(
            "Errorstats stopped adding new errors because the number of errors reached the limit, may be misuse of "
            "lua error_reply, please check INFO ERRORSTATS, this can be re-enabled via CONFIG RESETSTAT."
        )
        self.log.warning(f"Current errors code list: {', '.join(codes)}")

    def on_script_end(self) -> None:
        """Called after a script that made the server busy."""
        if self._resuming and self._loop is not None:
            self._loop.call_soon(self._resume)

    def report_exception(self, where: str, error: BaseException) -> None:
        self.log.exception(where, error)

    # ---- called by commands ----

    @property
    def clients(self) -> Mapping[int, Any]:
        """The connections by id."""
        assert self.hub is not None
        return self.hub.clients

    @property
    def counters(self) -> dict[str, int]:
        """The counters of the shell and of the rules for clients, by INFO's names."""
        assert self.hub is not None
        self._look_at_memory()
        return {
            "total_connections_received": self.hub.connections,
            "total_net_input_bytes": self.hub.bytes_in,
            "total_net_output_bytes": self.hub.bytes_out,
            "total_reads_processed": self.hub.reads,
            "total_writes_processed": self.hub.writes,
            "client_query_buffer_limit_disconnections": self.hub.query_limit_closed,
            "client_output_buffer_limit_disconnections": self.rules.output_limited,
            "rejected_connections": self.rules.rejected,
            **self.users.log.counters,
            "evicted_clients": self.hub.evicted_clients,
            "total_eviction_exceeded_time": self.overfull.total_ms(),
            "current_eviction_exceeded_time": self.overfull.current_ms(),
        }

    def reset_statistics(self) -> None:
        """Resets the counters (CONFIG RESETSTAT)."""
        self.core.reset_counters()
        reset_forgotten(self.core)
        self.core.reset_peak_memory()
        self.rules.rejected = 0
        self.rules.output_limited = 0
        self.users.log.reset_counters()
        self.overfull.reset()
        for rate in (self.operations, self.cycles, self.input_rate, self.output_rate):
            rate.reset()
        assert self.hub is not None
        self.hub.reset_counters()

    @property
    def last_save(self) -> int:
        """When the data was last saved, in Unix seconds."""
        return self.persistence.last_save

    def reload_aof(self, on_done: Callable[[bool], None]) -> None:
        """Runs DEBUG LOADAOF once the loop is free; ``on_done`` is called with whether it succeeded."""
        assert self._loop is not None
        self._reloading = self._loop.create_task(self._reload_aof(on_done))

    async def _reload_aof(self, on_done: Callable[[bool], None]) -> None:
        try:
            await self.persistence.reload()
        except LoadError as error:
            self.log.warning(str(error))
            on_done(False)
        else:
            on_done(True)

    def rewrite_aof(self, on_done: Callable[[str | None], None]) -> bool | None:
        """Runs BGREWRITEAOF. True if a rewrite began, False if it is scheduled, None if ``on_done`` will be called."""
        return self.persistence.start_rewrite(on_done)


class Duration:
    """For how long a condition has held, as far as it is looked at."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._before = 0.0
        self._since: float | None = None

    def look(self, holds: bool) -> None:
        if holds and self._since is None:
            self._since = time.monotonic()
        elif not holds and self._since is not None:
            self._before += time.monotonic() - self._since
            self._since = None

    def current_ms(self) -> int:
        """For how long it has held without interruption; 0 if it does not hold."""
        return 0 if self._since is None else round((time.monotonic() - self._since) * 1000)

    def total_ms(self) -> int:
        return round(self._before * 1000) + self.current_ms()


class Rate:
    """The mean increase per second of a counter over the last sixteen samples."""

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._last = (time.monotonic(), 0)

    def sample(self, value: int) -> None:
        now = time.monotonic()
        then, before = self._last
        if now > then:
            self._samples = [*self._samples[-15:], max(value - before, 0) / (now - then)]
        self._last = (now, value)

    def reset(self) -> None:
        """Starts again, with the counter at 0."""
        self._samples.clear()
        self._last = (time.monotonic(), 0)

    @property
    def per_second(self) -> float:
        return sum(self._samples) / len(self._samples) if self._samples else 0.0


def _uvloop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    return uvloop.new_event_loop

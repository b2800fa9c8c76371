"""The process around the server: running in the background, the pid file, and messages to a supervisor."""

import os
import signal
import socket
import time
from collections.abc import Mapping

from pyredis.ground.server_log import Log

DEFAULT_PIDFILE = "/var/run/redis.pid"


def daemonize() -> None:
    """Continues in a grandchild without a terminal, standard streams on ``/dev/null``; the other processes exit with 0.

    The umask and the current folder do not change. Call it before any thread is started.
    """
    for step in (os.setsid, None):
        if os.fork():
            os._exit(0)
        if step:
            step()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if null > 2:
        os.close(null)


class PidFile:
    """A file that holds the process id while the server runs. As in Redis, a failure is only logged."""

    def __init__(self, path: str, log: Log) -> None:
        self.path = path
        self.log = log
        self.written = False

    def __enter__(self) -> "PidFile":
        if self.path:
            try:
                with open(self.path, "w", encoding="ascii") as file:
                    file.write(f"{os.getpid()}\n")
                self.written = True
            except OSError as error:
                self.log.warning(f"Failed to write PID file '{self.path}': {error.strerror}")
        return self

    def __exit__(self, *_: object) -> None:
        if not self.written:
            return
        self.log.notice("Removing the pid file.")
        try:
            os.unlink(self.path)
        except OSError as error:
            self.log.warning(f"Failed to remove PID file '{self.path}': {error.strerror}")


class Supervisor:
    """The supervisor of the process: systemd, upstart, or none. Any module may make its own.

    The start calls `starting`. The server calls `status` while it loads, `ready` when it accepts commands, `alive` at
    every tick of its cron, and `stopping` when it begins to shut down.
    """

    def __init__(self, mode: str, log: Log, environment: Mapping[str, str] = os.environ) -> None:
        """``mode`` is the directive ``supervised``. If the environment shows no such supervisor, `starting` warns."""
        self.log = log
        self.address = environment.get("NOTIFY_SOCKET", "")
        upstart = "UPSTART_JOB" in environment
        if mode == "auto":
            mode = "upstart" if upstart else "systemd" if self.address else "no"
        present = {"systemd": bool(self.address), "upstart": upstart, "no": True}
        self.mode = mode if present[mode] else "no"
        self.missing = mode if not present[mode] else ""
        # Seconds within which systemd must hear of the process, if the unit has WatchdogSec.
        self.watchdog = watchdog_seconds(environment) if self.mode == "systemd" else 0.0
        self._heard_at = 0.0

    @property
    def present(self) -> bool:
        return self.mode != "no"

    def starting(self) -> None:
        """Reports that the server is about to load. For upstart the process stops itself until it receives SIGCONT."""
        if self.missing:
            variable = {"systemd": "NOTIFY_SOCKET", "upstart": "UPSTART_JOB"}[self.missing]
            self.log.warning(f"{self.missing} supervision requested, but {variable} not found!")
        elif self.mode == "upstart":
            self.log.notice("supervised by upstart, will stop to signal readiness.")
            signal.raise_signal(signal.SIGSTOP)
        elif self.mode == "systemd":
            self.log.notice("supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec.")
            self.notify("STATUS=Loading...")

    def ready(self) -> None:
        self.notify("STATUS=Ready to accept connections", "READY=1")

    def stopping(self) -> None:
        self.notify("STOPPING=1", "STATUS=Shutting down")

    def alive(self) -> None:
        """Reports to systemd's watchdog, three times as often as it asks for."""
        if self.watchdog and time.monotonic() - self._heard_at >= self.watchdog / 3:
            self._heard_at = time.monotonic()
            self.notify("WATCHDOG=1")

    def status(self, text: str) -> None:
        self.notify(f"STATUS={text}")

    def notify(self, *assignments: str) -> None:
        """Sends one datagram to systemd's socket. Its address is a path or, after ``@``, an abstract name."""
        if self.mode != "systemd":
            return
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto("\n".join(assignments).encode(), address)
        except OSError as error:
            self.log.warning(f"systemd supervision error: {error.strerror}")


def watchdog_seconds(environment: Mapping[str, str]) -> float:
    """Returns the interval of systemd's watchdog; 0 if there is none, or if it watches another process."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    interval = environment.get("WATCHDOG_USEC", "")
    return int(interval) / 1e6 if interval.isdecimal() else 0.0

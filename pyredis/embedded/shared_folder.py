"""The files by which the processes that share a database find its server, start it, and show that they use it.

    shared.sock     the server's socket
    users.lock      locked by every process that uses the database, shared; the server, exclusively, when nobody does
    start.lock      locked by the process that starts the server, so that only one does
    shared.log      the server's log

The locks are flock's: the system drops them when a process ends, however that happens. The server tries to lock
``users.lock`` exclusively all the time. When it can, nobody uses the database, and it ends, holding the lock to the
last: whoever comes meanwhile waits for the lock, finds no server, and starts one. So a user that has the lock can rely
on the server, unless somebody kills it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pyredis.embedded.options import command_line, configure
from pyredis.server import StartError

SOCKET = "shared.sock"
USERS = "users.lock"
STARTER = "start.lock"
LOG = "shared.log"
# The longest path of a unix socket that every system accepts, in bytes.
LONGEST = 100
# Seconds between two looks at something that another process is doing.
PATIENCE = 0.003
# Seconds in which a server listens after it has locked the files.
ORPHANED = 2.0
# Seconds in which a server must answer a PING, unless it loads its files.
ANSWER = 10.0


class SharedFolder:
    """A process's use of a shared database, from `join` to `leave`. May be used by any number of threads."""

    def __init__(self, path: str | os.PathLike[str], directives: Mapping[str, Any], timeout: float) -> None:
        os.makedirs(path, exist_ok=True)
        self.path = Path(os.path.realpath(path))
        self.timeout = timeout
        self.arguments = command_line({**directives, **self._of_server()}, self.path)
        configure(directives, self.path)
        self._mutex = threading.Lock()
        self._users = -1
        self._log_begins = 0

    def __repr__(self) -> str:
        return repr(os.fspath(self.path))

    def __deepcopy__(self, memo: object) -> SharedFolder:
        return self

    def _of_server(self) -> dict[str, Any]:
        return {
            "port": 0,
            "unixsocket": os.fspath(self.socket),
            "unixsocketperm": "700",
            "logfile": os.fspath(self.path / LOG),
        }

    @property
    def socket(self) -> Path:
        """The path of the socket; through a link where its own would be too long."""
        own = self.path / SOCKET
        return own if len(os.fsencode(own)) <= LONGEST else short_link(self.path) / SOCKET

    # ---- using it ----

    def join(self) -> None:
        """Takes part, and starts the server if there is none. Does nothing if the process takes part already.

        Raises StartError if the server does not start.
        """
        with self._mutex:
            if self._users >= 0:
                return
            fd = os.open(self.path / USERS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                wait_for_lock(fd, fcntl.LOCK_SH, self.timeout)
                self.ensure_server()
            except BaseException:
                os.close(fd)
                raise
            self._users = fd

    def leave(self) -> None:
        """Takes part no more. The server ends when nobody does."""
        with self._mutex:
            fd, self._users = self._users, -1
            if fd >= 0:
                os.close(fd)

    # ---- the server ----

    def ensure_server(self) -> None:
        """Returns when the server answers, and starts one if none does. Raises StartError."""
        deadline = time.monotonic() + self.timeout
        last_try = min(deadline, time.monotonic() + ORPHANED)
        while not self._wait_until_loaded(deadline):
            with self._starting(deadline):
                if self.server_state() == "absent" and not self._start(deadline):
                    self._explain(last_try)

    def server_state(self) -> str:
        """Returns ``ready``, ``loading`` or ``absent``."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(ANSWER)
            try:
                client.connect(os.fspath(self.socket))
                client.sendall(b"PING\r\n")
                reply = client.recv(64)
            except (FileNotFoundError, ConnectionError):
                return "absent"
        if not reply:
            return "absent"
        return "loading" if reply.startswith(b"-LOADING") else "ready"

    def _wait_until_loaded(self, deadline: float) -> bool:
        """Returns whether there is a server, when it has loaded its files."""
        while (state := self.server_state()) == "loading":
            pause(deadline, "the server has not loaded its files yet")
        return state == "ready"

    @contextlib.contextmanager
    def _starting(self, deadline: float) -> Iterator[None]:
        fd = os.open(self.path / STARTER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            wait_for_lock(fd, fcntl.LOCK_EX, deadline - time.monotonic())
            yield
        finally:
            os.close(fd)

    def _start(self, deadline: float) -> bool:
        """Starts a server. Returns True when it listens, False if it has ended before that."""
        self._log_begins = log_size(self.path / LOG)
        alive, for_server = os.pipe()
        try:
            launch(self.path, self.arguments, for_server)
        finally:
            os.close(for_server)
        os.set_blocking(alive, False)
        try:
            while self.server_state() == "absent":
                # The pipe ends when the last process that was started has ended.
                if has_ended(alive):
                    return self.server_state() != "absent"
                pause(deadline, f"the server does not start; its log is {self.path / LOG}")
            return True
        finally:
            os.close(alive)

    def _explain(self, last_try: float) -> None:
        """After a start that failed. Raises StartError with the reason, unless a server may be about to listen."""
        with open(self.path / LOG, "rb") as file:
            file.seek(self._log_begins)
            lines = file.read().decode(errors="replace").strip().splitlines() or ["it has logged nothing"]
        failure = f"the server of {self.path} does not start: {lines[-1]}"
        if "in use by process" not in failure:
            raise StartError(failure)
        # That process may be a server whose starter was killed.
        pause(last_try, failure)


def pause(deadline: float, failure: str) -> None:
    """Waits a little. Raises StartError after the deadline."""
    if time.monotonic() > deadline:
        raise StartError(failure)
    time.sleep(PATIENCE)


def wait_for_lock(fd: int, kind: int, timeout: float) -> None:
    """Locks a file. Raises StartError after so many seconds, OSError where the file system has no locks."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            pause(deadline, "another process is starting or ending the server and does not finish")


def has_ended(pipe: int) -> bool:
    try:
        return not os.read(pipe, 1)
    except BlockingIOError:
        return False


def log_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def short_link(folder: Path) -> Path:
    """Returns a short path that is a link to a folder, in a folder that only this user can write."""
    home = Path(tempfile.gettempdir()) / f"pyredis-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=0o700)
    if home.is_symlink() or home.stat().st_uid != os.getuid() or home.stat().st_mode & 0o022:
        raise StartError(f"{home} can be changed by other users")
    link = home / hashlib.sha256(os.fsencode(folder)).hexdigest()[:24]
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder)
    return link


def launch(folder: Path, arguments: list[str], alive: int) -> None:
    """Starts a server that is nobody's child. It inherits the descriptor ``alive``."""
    inherited = 3 if alive != 3 else 4
    command = [python(), "-P", "-m", "pyredis.embedded.shared_server", os.fspath(folder), *arguments]
    process = os.posix_spawn(
        command[0],
        command,
        environment(),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.fspath(folder / LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, alive, inherited),
        ],
        setsigmask=[],
    )
    # The process goes to the background at once. If the program reaps all children itself, it may be first.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process, 0)


def python() -> str:
    """Returns the interpreter, which is not the executable of the process if a program embeds Python."""
    if "python" in os.path.basename(sys.executable).lower():
        return sys.executable
    return os.path.join(sys.prefix, "bin", "python3")


def environment() -> dict[str, str]:
    """Returns the environment in which an interpreter finds the package."""
    above = os.fspath(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys([above, *filter(None, inherited)]))}

"""Rewrites the append-only file: when, in which steps, and what follows a failure.

A rewrite switches to a new incremental file at the moment a snapshot of memory begins. It writes the snapshot to a
temporary file in the folder (``persistence/snapshot``) and makes that file the base when it is on the disk
(``manifest``). Only then are the older files deleted. Calls that may take long run in a thread, one at a time because
they change the same manifest.

    idle -> opening the files (thread) -> snapshot (slices of ``work``) -> placing the base (thread)
         -> deleting what it replaced (thread) -> idle

How the incremental file begins depends on the reason for the rewrite:

* "listed", the ordinary case: it continues the existing files. Only in this case, and not after a failed fsync, are the
  files opened in the thread. Otherwise the caller needs the result at once, or there is no file that clients wait for.
* "held back", when ``appendonly`` was turned on while serving: the file is not listed before it has a base.
* "none", with ``appendonly no``: there is no incremental file.

After a failed fsync, the bytes still in the ring are first written to a file of their own. They may belong before the
snapshot's position. They must not be in the file after the snapshot too, where they would be executed a second time.
"""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pyredis.call.handlers import CommandError
from pyredis.persistence.manifest import AppendOnlyDir, IncrementalMode, ManifestError

if TYPE_CHECKING:
    from pyredis._core import Core
    from pyredis.ground.server_log import Log
    from pyredis.persistence.server_parts import ServerParts
    from pyredis.persistence.snapshot import Snapshot
    from pyredis.shell.hub import Hub

IN_PROGRESS = "ERR Background append only file rewriting already in progress"
CANNOT_BEGIN = "ERR Can't execute an AOF background rewriting. Please check the server logs for more information."
# Seconds. After a failure, the server waits 1, 2, 4, … seconds before it begins a rewrite itself, at most:
LONGEST_DELAY = 60

OnDone = Callable[[str | None], None]


class Files(Protocol):
    """What a rewrite needs from ``Persistence``, which owns the files."""

    server: "ServerParts"
    core: "Core"
    log: "Log"
    folder: AppendOnlyDir | None
    awaiting_base: bool

    @property
    def appending(self) -> bool: ...
    @property
    def needs_base(self) -> bool: ...
    @property
    def current_size(self) -> int: ...
    def rewritten_folder(self) -> AppendOnlyDir: ...
    def switch(self, fd: int, undo: Callable[[], object] | None = None) -> None: ...
    @property
    def hub(self) -> "Hub": ...
    def on_base(self, position: int, size: int) -> None: ...


class Rewriting:
    """The rewrites of one server, one at a time. All methods run in the loop's thread."""

    def __init__(self, persistence: "Files") -> None:
        self.persistence = persistence
        self.server = persistence.server
        self.core = persistence.core
        self.log = persistence.log
        self.scheduled = False
        self.begun = 0
        self.failures = 0
        self.last_seconds = -1
        self.size_at_end = 0
        self._snapshot: Snapshot | None = None
        self._base = Path()
        self._opening = False
        self._placing = False
        self._began = 0.0
        self._not_before = 0.0
        self._call: tuple[Future[Any], Callable[[Future[Any]], None]] | None = None

    # ---- state ----

    @property
    def in_progress(self) -> bool:
        return self._opening or self._snapshot is not None or self._placing

    @property
    def busy(self) -> bool:
        """Whether a rewrite is changing the folder's files, so that nothing else may."""
        return self._snapshot is not None or self._call is not None

    @property
    def seconds(self) -> int:
        """Seconds since the current rewrite began, -1 without one."""
        return int(time.monotonic() - self._began) if self.in_progress else -1

    @property
    def keys(self) -> int:
        return self._snapshot.keys if self._snapshot else 0

    # ---- when ----

    def on_request(self, on_done: OnDone) -> bool | None:
        """BGREWRITEAOF: returns True if a rewrite began, False if it is scheduled. Raises CommandError.

        Returns None while the files are being opened. ``on_done`` is called afterwards, with the text of an error or,
        if the rewrite began, with None.
        """
        if self.in_progress:
            raise CommandError(IN_PROGRESS)
        if self.busy or self.core.in_transaction:
            # In the middle of a transaction, the file and the memory have different states.
            self.scheduled = True
            self._not_before = 0.0
            return False
        began = self.begin(on_done)
        if began is False:
            raise CommandError(CANNOT_BEGIN)
        return began

    def cron(self) -> None:
        """Begins a rewrite if one is due. Must be called periodically."""
        if self.busy or self.core.loading or self.core.busy or time.monotonic() < self._not_before:
            return
        if self.scheduled or self.persistence.needs_base:
            self.begin()
        elif self.persistence.appending and self._has_grown():
            growth = self.persistence.current_size * 100 // max(self.size_at_end, 1) - 100
            self.log.notice(f"Starting automatic rewriting of AOF on {growth}% growth")
            self.begin()

    def _has_grown(self) -> bool:
        config = self.server.config
        percentage, size = config["auto-aof-rewrite-percentage"], self.persistence.current_size
        if not percentage or size < config["auto-aof-rewrite-min-size"]:
            return False
        return (size - self.size_at_end) * 100 >= percentage * max(self.size_at_end, 1)

    # ---- the steps ----

    def begin(self, on_done: OnDone = lambda failure: None) -> bool | None:
        """Begins a rewrite. True if it began, False if that failed, None if ``on_done`` will be called with the result.

        Must not be called in a transaction.
        """
        persistence = self.persistence
        self.scheduled = False
        self._began = time.monotonic()
        try:
            folder = persistence.rewritten_folder()
            if persistence.appending and not persistence.needs_base:
                self._opening = True
                self._in_thread(lambda done: self._on_opened(done, folder, on_done), self._open_files, folder, "listed")
                return None
            if persistence.appending and self.core.aof_sync_failed:
                self._leave_failed_file(folder)
            self._start(folder, *self._open_files(folder, self._incremental()))
        except (OSError, ManifestError) as error:
            self._note_vain(error)
            return False
        return True

    def _on_opened(self, future: Future[Any], folder: AppendOnlyDir, on_done: OnDone) -> None:
        wanted, self._opening = self._opening, False
        try:
            fd, out = future.result()
            if wanted and not self.core.aof_sync_failed:
                self._start(folder, fd, out)
            else:
                os.close(out)
                self._give_back(folder, fd, "listed")
                self.scheduled = wanted
        except (OSError, ManifestError) as error:
            self._note_vain(error)
        on_done(None if self._snapshot is not None or self.scheduled else CANNOT_BEGIN)

    def _incremental(self) -> IncrementalMode:
        if self.persistence.awaiting_base:
            return "held back"
        return "listed" if self.persistence.appending else "none"

    def _give_back(self, folder: AppendOnlyDir, fd: int | None, incremental: IncrementalMode) -> None:
        """Undoes the opening of a rewrite's files. Even after an OSError another rewrite may be tried."""
        if fd is not None:
            os.close(fd)
        try:
            if incremental == "listed":
                folder.withdraw_incr()
        finally:
            folder.abort_rewrite(self._base)

    def _note_vain(self, error: Exception) -> None:
        self.log.warning(f"Can't begin rewriting the append only file: {error}")
        self._note_failure()

    def _leave_failed_file(self, folder: AppendOnlyDir) -> None:
        if self.persistence.awaiting_base:
            fd = folder.begin_rewrite("held back")
            assert fd is not None
            self.persistence.switch(fd)
            folder.abort_rewrite()
        else:
            self.persistence.switch(folder.open_new_incr(), folder.withdraw_incr)

    def _open_files(self, folder: AppendOnlyDir, incremental: IncrementalMode) -> tuple[int | None, int]:
        """Opens the incremental file after the snapshot, if there is to be one, and the new base: their descriptors."""
        # Imported here, usually in the thread, and not at the start: it imports a module for each kind of value.
        import pyredis.persistence.snapshot  # noqa: F401

        fd = folder.begin_rewrite(incremental)
        try:
            self._base = folder.temporary_base()
            return fd, os.open(self._base, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o644)
        except OSError:
            self._give_back(folder, fd, incremental)
            raise

    def _start(self, folder: AppendOnlyDir, fd: int | None, out: int) -> None:
        """Begins a snapshot of the data to ``out``; later changes go to ``fd``. Takes over both, even on an OSError."""
        from pyredis.persistence.snapshot import Snapshot

        try:
            if fd is not None:
                self.persistence.switch(fd, folder.withdraw_incr if self._incremental() == "listed" else None)
            self._snapshot = Snapshot(self.core, out)
        except OSError:
            os.close(out)
            folder.abort_rewrite(self._base)
            raise
        self.begun += 1
        self.follow_pause()
        self.log.notice("Background append only file rewriting started")
        self.server.wake_work()

    def follow_pause(self) -> None:
        """Follows no-appendfsync-on-rewrite: pauses fsyncs during a rewrite, unless clients wait for one."""
        paused = self.in_progress and self.server.config["no-appendfsync-on-rewrite"]
        self.core.aof_pause_sync(paused and not self.core.aof_sync_failed)

    def work(self, budget_us: int) -> bool:
        """Does one slice of the current snapshot. True while more is left to do."""
        snapshot = self._snapshot
        if snapshot is None:
            return False
        if snapshot.work(budget_us):
            return True
        self._snapshot = None
        keys, size, position = snapshot.keys, snapshot.written, snapshot.position
        error = snapshot.finish()
        if error:
            self._fail(os.strerror(error))
            return False
        self.log.notice(f"Append only file base written: {keys} keys, {size} bytes")
        self._placing = True
        folder = self.persistence.folder
        assert folder is not None
        self._in_thread(lambda future: self._on_base(future, position, size), folder.finish_rewrite, self._base, False)
        return False

    def _on_base(self, future: Future[Any], position: int, size: int) -> None:
        self._placing = False
        error = future.exception()
        if error is not None:
            self._fail(str(error))
            return
        folder = self.persistence.folder
        assert folder is not None
        self.failures = 0
        self._not_before = 0.0
        self.last_seconds = int(time.monotonic() - self._began)
        self._in_thread(self._on_deleted, folder.delete_history)
        self.follow_pause()
        self.persistence.on_base(position, size)
        self.size_at_end = self.persistence.current_size
        self.log.notice("Background AOF rewrite finished successfully")

    def _on_deleted(self, future: Future[Any]) -> None:
        error = future.exception()
        if error is not None:
            self.log.warning(f"Can't delete the append-only files that were replaced: {error}")

    # ---- the end of a rewrite that failed or is cancelled ----

    def _fail(self, reason: str) -> None:
        self._drop()
        self.last_seconds = int(time.monotonic() - self._began)
        self.log.warning(f"Background AOF rewrite failed: {reason}")
        self._note_failure()

    def _note_failure(self) -> None:
        self.failures += 1
        self._not_before = time.monotonic() + min(2 ** min(self.failures - 1, 10), LONGEST_DELAY)

    def _drop(self) -> None:
        folder = self.persistence.folder
        assert folder is not None
        self.follow_pause()
        try:
            folder.abort_rewrite(self._base)
        except OSError as error:
            self.log.warning(f"Can't delete {self._base}: {error}")

    def cancel(self) -> None:
        """Ends what is under way before it returns: gives up a snapshot, but puts a complete base in its place."""
        self._opening = False
        if self._snapshot is not None:
            self._snapshot.abandon()
            self._snapshot = None
            self._drop()
        while self._call is not None:
            future = self._call[0]
            wait([future])
            self._finish_call(future)
        self.scheduled = False

    # ---- calls in the thread ----

    def _in_thread(self, then: Callable[[Future[Any]], None], function: Callable[..., Any], *arguments: Any) -> None:
        loop = self.persistence.hub.loop
        future: Future[Any] = Future()
        self._call = future, then
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(self._finish_call, done))
        # Not a pool of concurrent.futures: it accepts nothing after the end of the main thread, when threads of the
        # program may still use a database.
        threading.Thread(target=settle, args=(future, function, *arguments), name="aof-files", daemon=True).start()

    def _finish_call(self, future: Future[Any]) -> None:
        if self._call is not None and self._call[0] is future:
            then = self._call[1]
            self._call = None
            then(future)


def settle(future: Future[Any], function: Callable[..., Any], *arguments: Any) -> None:
    """Gives the future the result of the function."""
    try:
        future.set_result(function(*arguments))
    except BaseException as error:  # noqa: BLE001 - the loop's thread handles it
        future.set_exception(error)

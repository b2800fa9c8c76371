"""The append-only file's life: loading, appending, rewriting, and what happens when the disk fails.

At the start the files that the manifest lists are loaded, base first; then the last one is appended to. A rewrite opens a
new incremental file at the exact moment a snapshot of memory begins, and makes the snapshot the base when it is on the
disk (``_snapshot``, ``aof_manifest``). Only then are the files before it deleted.

When a write fails, what was to be written stays in the ring, replies to it wait, and writes are refused with MISCONF
until the ring has been drained. When an fsync fails, the file is left: a rewrite makes a fresh base and a fresh
incremental file, and only when both are on the disk are writes served again. With ``appendfsync always`` a failed fsync
ends the process, for nothing can be answered that was promised.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyredis._dispatch import CommandError
from pyredis._loader import AofLoader, DamagedFile
from pyredis._snapshot import Snapshot
from pyredis.aof_manifest import AppendOnlyDir, FileMissing, ManifestError
from pyredis.config import ConfigRejected

if TYPE_CHECKING:
    from pyredis.server import Server

LOAD_SLICE_US = 5000
RETRY_SECONDS = 1.0


class LoadError(Exception):
    """The data cannot be loaded; the text says what stands in the way and where."""


class Persistence:
    """The append-only file of one server. All methods run in the loop's thread."""

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.core = server.core
        self.log = server.log
        self.last_save = int(time.time())
        self.failure = ""
        self.folder: AppendOnlyDir | None = None
        self.loading: dict[str, Any] = {}
        # The rewrite under way, and the figures of the last one.
        self.snapshot: Snapshot | None = None
        self.scheduled = False
        self.rewrites = 0
        self.last_rewrite_ok = True
        self.last_rewrite_seconds = -1
        self._rewrite_began = 0.0
        self._finishing: asyncio.Task[None] | None = None
        self._base_path: Path | None = None
        self._leaving_file = False
        self._retry_at = 0.0
        self._size_at_rewrite = 0
        self._size_before_incr = 0
        self._woken_by = -1
        config = server.config
        config.on_change("appendonly", self._on_appendonly)
        config.on_change("appendfsync", self.core.aof_policy)

    # ---- the start ----

    async def start(self) -> None:
        """Loads what there is and opens the file for appending. Raises LoadError."""
        if not self.server.config["appendonly"]:
            return
        began = time.monotonic()
        folder = self._open_folder()
        try:
            folder.load()
            folder.remove_temporaries()
            if folder.adopt_old_file():
                self.log.notice(f"Successfully migrated an old-style AOF into {folder.path}")
            paths = folder.files_to_load()
        except ManifestError as error:
            raise LoadError("".join(error.log_lines())) from error
        except (FileMissing, OSError) as error:
            raise LoadError(f"Can't open the append-only files: {error}") from error
        await self._load(paths)
        if paths:
            self.log.notice(f"DB loaded from append only file: {time.monotonic() - began:.3f} seconds")
        self._append()
        folder.delete_history()

    async def reload(self) -> None:
        """DEBUG LOADAOF: loads the files in place of what is in memory. Raises LoadError where it cannot begin.

        Once memory has been emptied there is no way back: a damaged file ends the process, as it does at the start.
        """
        await self._settle()
        assert self.folder is not None
        paths = self.folder.files_to_load()
        self.core.loading = True
        self.core.empty()
        try:
            await self._load(paths)
        except LoadError as error:
            self.log.warning(f"{error} Exiting...")
            os._exit(1)
        self.core.loading = False

    async def _settle(self) -> None:
        """Ends the rewrite under way, and has the files hold all that memory holds."""
        if self._woken_by < 0:
            raise LoadError("There is no append only file to load: appendonly is no")
        if self._finishing is not None:
            await self._finishing
        if self.snapshot is not None:
            self.snapshot.abandon()
            self.snapshot = None
            self._drop_base()
            self.scheduled = True
        self.server.hub.flush()
        error = self.core.aof_sync()
        if error:
            raise LoadError(f"The append only file could not be completed: {os.strerror(error)}")

    def _open_folder(self) -> AppendOnlyDir:
        config = self.server.config
        self.folder = AppendOnlyDir(os.path.join(config["dir"], config["appenddirname"]), config["appendfilename"])
        return self.folder

    async def _load(self, paths: list[Path]) -> None:
        total = sum(path.stat().st_size for path in paths)
        self.loading = {"start": int(time.time()), "began": time.monotonic(), "total": total, "loaded": 0}
        for path in paths:
            await self._load_file(path, last=path is paths[-1])
        self.loading = {}

    async def _load_file(self, path: Path, last: bool) -> None:
        with open(path, "rb") as file:
            if file.read(5) == b"REDIS":
                raise LoadError(f"{path} is an RDB file, which this version cannot load; rewrite it in Redis with "
                                "aof-use-rdb-preamble no")
        loader = AofLoader(self.core, path)
        before = self.loading["loaded"]
        told = time.monotonic()
        try:
            while loader.step(LOAD_SLICE_US):
                self.loading["loaded"] = before + loader.loaded_bytes
                if time.monotonic() - told > 5:
                    told = time.monotonic()
                    self.log.notice(f"Loading {path.name}: {self.loading['loaded'] * 100 // self.loading['total']}%")
                await asyncio.sleep(0)
            self.loading["loaded"] = before + loader.file_size
            torn, valid = loader.torn, loader.valid_size
        except DamagedFile as error:
            raise LoadError(
                f"Bad file format reading the append only file {path} at offset {error.offset}: {error.reason}. "
                "Make a backup of the file; redis-check-aof --fix cuts it there."
            ) from error
        finally:
            loader.close()
        if torn:
            self._cut(path, valid, last)

    def _cut(self, path: Path, valid: int, last: bool) -> None:
        """A torn tail: cut off, where that may be."""
        size = path.stat().st_size
        if not last or not self.server.config["aof-load-truncated"]:
            reason = "aof-load-truncated is no" if last else "it is not the last file"
            raise LoadError(f"Unexpected end of file reading the append only file {path} at offset {valid} of {size}; "
                            f"it is not cut there because {reason}")
        self.log.warning(f"!!! Warning: short read while loading the AOF file {path.name}!!!")
        self.log.warning(f"Truncating the AOF {path.name} at offset {valid}, {size - valid} bytes are dropped")
        with open(path, "r+b") as file:
            file.truncate(valid)
            os.fsync(file.fileno())
        self.log.warning("AOF loaded anyway because aof-load-truncated is enabled")

    def _append(self) -> None:
        """From now on the newest incremental file takes what changes."""
        assert self.folder is not None
        try:
            fd, size = self.folder.open_incr()
            self._attach(fd, size)
            self._size_before_incr = self.folder.total_size() - size
        except OSError as error:
            raise LoadError(f"Can't open the append-only file for appending: {error}") from error
        self._size_at_rewrite = self.folder.total_size()

    def _attach(self, fd: int, size: int) -> None:
        self.core.aof_open(fd, size, self.server.config["appendfsync"])
        if self._woken_by < 0:
            self._woken_by = self.core.aof_wake_fd
            asyncio.get_running_loop().add_reader(self._woken_by, self.server.hub.release)

    def _close(self) -> int:
        if self._woken_by >= 0:
            asyncio.get_running_loop().remove_reader(self._woken_by)
            self._woken_by = -1
        return self.core.aof_close()

    # ---- while serving ----

    def flush(self) -> None:
        """After background work that may have changed something: nobody waits, but the file is to have it."""
        if self._woken_by >= 0:
            self.server.hub.drain()

    def cron(self) -> None:
        """What is to be done now and then: retries, and rewriting when the file has grown."""
        if self._woken_by < 0:
            return
        self.server.hub.release()
        config = self.server.config
        if self.snapshot is None and self._finishing is None and not self.core.loading:
            if self.scheduled or (self._leaving_file and time.monotonic() >= self._retry_at):
                self._begin()
            elif self._has_grown(config["auto-aof-rewrite-percentage"], config["auto-aof-rewrite-min-size"]):
                growth = self.current_size * 100 // max(self._size_at_rewrite, 1) - 100
                self.log.notice(f"Starting automatic rewriting of AOF on {growth}% growth")
                self._begin()

    def _has_grown(self, percentage: int, least: int) -> bool:
        size = self.current_size
        if not percentage or size < least or self.core.loading:
            return False
        return (size - self._size_at_rewrite) * 100 >= percentage * max(self._size_at_rewrite, 1)

    @property
    def current_size(self) -> int:
        """Bytes in the files that count, as far as written."""
        return self._size_before_incr + self.core.aof_state()[0]

    # ---- rewriting ----

    def start_rewrite(self) -> bool:
        """BGREWRITEAOF: True when a rewrite began, False when it waits for the one under way to end."""
        if self.snapshot is not None or self._finishing is not None:
            raise CommandError("ERR Background append only file rewriting already in progress")
        return self._begin()

    def _begin(self) -> bool:
        self.scheduled = False
        self._retry_at = time.monotonic() + RETRY_SECONDS
        appending = self._woken_by >= 0
        folder = self.folder or self._open_folder()
        base = None
        try:
            fd = folder.begin_rewrite("listed" if appending else "none")
            self._base_path = base = folder.temporary_base()
            if fd is not None:
                before = self.current_size
                self._attach(fd, 0)
                self._size_before_incr = before
            out = os.open(base, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o644)
            self.snapshot = Snapshot(self.core, out)
        except OSError as error:
            self.log.warning(f"Can't begin rewriting the append only file: {error}")
            folder.abort_rewrite(base)
            self.last_rewrite_ok = False
            return False
        self._rewrite_began = time.monotonic()
        self.core.aof_pause_sync(self.server.config["no-appendfsync-on-rewrite"] and not self._leaving_file)
        self.log.notice("Background append only file rewriting started")
        self.server.wake_work()
        return True

    def work(self, budget_us: int) -> bool:
        """One slice of the rewrite under way; True while there is more."""
        snapshot = self.snapshot
        if snapshot is None:
            return False
        if snapshot.work(budget_us):
            return True
        self.snapshot = None
        if snapshot.void or snapshot.error:
            self._abandon(snapshot)
            return False
        keys, size = snapshot.keys, snapshot.written
        error = snapshot.finish()
        if error:
            self._fail(os.strerror(error))
            return False
        self.log.notice(f"Append only file base written: {keys} keys, {size} bytes")
        self._finishing = asyncio.get_running_loop().create_task(self._finish(snapshot.position))
        return False

    def _abandon(self, snapshot: Snapshot) -> None:
        void = snapshot.void
        error = snapshot.error
        snapshot.abandon()
        if void:
            self.log.notice("The rewrite starts over: a database was flushed or swapped")
            self._drop_base()
            self.scheduled = True
        else:
            self._fail(os.strerror(error))

    def _drop_base(self) -> None:
        assert self.folder is not None
        self.core.aof_pause_sync(False)
        self.folder.abort_rewrite(self._base_path)

    def _fail(self, reason: str) -> None:
        self._drop_base()
        self.last_rewrite_ok = False
        self.last_rewrite_seconds = int(time.monotonic() - self._rewrite_began)
        self.log.warning(f"Background AOF rewrite failed: {reason}")

    async def _finish(self, position: int) -> None:
        """The base takes its place; file system calls that may take long run in a thread."""
        assert self.folder is not None
        assert self._base_path is not None
        try:
            base = await asyncio.to_thread(self.folder.finish_rewrite, self._base_path, False)
        except OSError as error:
            self._fail(str(error))
            return
        finally:
            self._finishing = None
        self.core.aof_pause_sync(False)
        self._vouch(position)
        self._size_before_incr = base.stat().st_size
        self._size_at_rewrite = self.current_size
        self.rewrites += 1
        self.last_rewrite_ok = True
        self.last_rewrite_seconds = int(time.monotonic() - self._rewrite_began)
        self.log.notice("Background AOF rewrite finished successfully")
        try:
            await asyncio.to_thread(self.folder.delete_history)
        except OSError as error:
            self.log.warning(f"Can't delete the append-only files that were replaced: {error}")

    def _vouch(self, position: int) -> None:
        """The base is on the disk: whatever became of the files before it, service may resume."""
        if self._woken_by < 0:
            return
        self.core.aof_vouch(position)
        self._leaving_file = False
        self.server.hub.release()

    # ---- CONFIG SET appendonly ----

    def _on_appendonly(self, on: bool) -> None:
        if on and self._woken_by < 0:
            self._turn_on()
        elif not on and self._woken_by >= 0:
            self._turn_off()

    def _turn_on(self) -> None:
        folder = self._open_folder()
        base = None
        try:
            folder.load()
            fd = folder.begin_rewrite("held back")
            assert fd is not None
            self._base_path = base = folder.temporary_base()
            self._attach(fd, 0)
            self._size_before_incr = 0
            out = os.open(base, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o644)
            self.snapshot = Snapshot(self.core, out)
        except (OSError, ManifestError) as error:
            if self._woken_by >= 0:
                self._close()
            folder.abort_rewrite(base)
            self.log.warning(f"Can't turn the append only file on: {error}")
            raise ConfigRejected("Unable to turn on AOF. Check server logs.") from error
        self._rewrite_began = time.monotonic()
        self.server.wake_work()

    def _turn_off(self) -> None:
        if self.snapshot is not None:
            self.snapshot.abandon()
            self.snapshot = None
            self._drop_base()
        error = self._close()
        if error:
            self.log.warning(f"Closing the append only file: {os.strerror(error)}")
        self.server.hub.flush()
        self.server.hub.release()

    # ---- failure ----

    def on_error(self, error: int) -> None:
        """Writing or syncing began to fail with an errno, or, with 0, works again."""
        if not error:
            self.core.write_error = False
            self.failure = ""
            self.log.warning("AOF write error looks solved. The server can write again.")
            return
        self.failure = os.strerror(error)
        self.core.write_error = True
        if not self.core.aof_sync_failed:
            self.log.warning(f"Error writing to the AOF file: {self.failure}; writes are refused until it works again")
            return
        if self.server.config["appendfsync"] == "always":
            self.log.warning(
                f"Can't persist AOF for fsync error when the AOF fsync policy is 'always': {self.failure}. Exiting..."
            )
            os._exit(1)
        self.log.warning(f"Fsync of the AOF file failed: {self.failure}; it is left for a fresh one, made from memory")
        self._leaving_file = True
        self._retry_at = 0.0

    # ---- the end ----

    def stop(self, save: bool | None) -> bool:
        """Keeps what is not kept yet; False when that failed. ``save`` is SHUTDOWN's choice, None for the default."""
        if save:
            self.log.warning("Saving an RDB file is not supported by this version")
            return False
        if self.snapshot is not None:
            self.snapshot.abandon()
            self.snapshot = None
            self._drop_base()
        if self._woken_by < 0:
            if save is None and self.server.config["save"] and not self.server.config["appendonly"]:
                self.log.warning("appendonly is no: the data are not kept")
            return True
        self.log.notice("Calling fsync() on the AOF file.")
        error = self.core.aof_sync()
        if error:
            self.log.warning(f"The append only file could not be completed: {os.strerror(error)}")
            return False
        self.server.hub.flush()
        self.server.hub.release()
        self._close()
        return True

    # ---- INFO ----

    def info(self) -> dict[str, Any]:
        """The fields of INFO persistence, in Redis's order."""
        size, buffered, _, syncing = self.core.aof_state()
        rewriting = self.snapshot is not None or self._finishing is not None
        fields: dict[str, Any] = {
            "loading": int(self.core.loading),
            "async_loading": 0,
            "current_cow_peak": 0,
            "current_cow_size": 0,
            "current_cow_size_age": 0,
            "current_fork_perc": "0.00",
            "current_save_keys_processed": self.snapshot.keys if self.snapshot else 0,
            "current_save_keys_total": sum(row[1] for row in self.core.sizes()) if self.snapshot else 0,
            "rdb_changes_since_last_save": self.core.dirty,
            "rdb_bgsave_in_progress": 0,
            "rdb_last_save_time": self.last_save,
            "rdb_last_bgsave_status": "ok",
            "rdb_last_bgsave_time_sec": -1,
            "rdb_current_bgsave_time_sec": -1,
            "rdb_saves": 0,
            "rdb_last_cow_size": 0,
            "rdb_last_load_keys_expired": 0,
            "rdb_last_load_keys_loaded": 0,
            "aof_enabled": int(self._woken_by >= 0),
            "aof_rewrite_in_progress": int(rewriting),
            "aof_rewrite_scheduled": int(self.scheduled),
            "aof_last_rewrite_time_sec": self.last_rewrite_seconds,
            "aof_current_rewrite_time_sec": int(time.monotonic() - self._rewrite_began) if rewriting else -1,
            "aof_last_bgrewrite_status": "ok" if self.last_rewrite_ok else "err",
            "aof_rewrites": self.rewrites,
            "aof_rewrites_consecutive_failures": int(not self.last_rewrite_ok),
            "aof_last_write_status": "err" if self.failure else "ok",
            "aof_last_cow_size": 0,
            "module_fork_in_progress": 0,
            "module_fork_last_cow_size": 0,
        }
        if self._woken_by >= 0:
            fields |= {
                "aof_current_size": self.current_size,
                "aof_base_size": self._size_at_rewrite,
                "aof_pending_rewrite": 0,
                "aof_buffer_length": buffered,
                "aof_pending_bio_fsync": int(syncing),
                "aof_delayed_fsync": 0,
            }
        return fields | self._loading_info()

    def _loading_info(self) -> dict[str, Any]:
        state = self.loading
        if not state:
            return {}
        elapsed = time.monotonic() - state["began"]
        total, loaded = state["total"], state["loaded"]
        eta = int(elapsed * (total - loaded) / loaded) if loaded else -1
        return {
            "loading_start_time": state["start"],
            "loading_total_bytes": total,
            "loading_rdb_used_mem": 0,
            "loading_loaded_bytes": loaded,
            "loading_loaded_perc": f"{loaded * 100 / total if total else 100:.2f}",
            "loading_eta_seconds": eta if eta >= 0 else 1,
        }

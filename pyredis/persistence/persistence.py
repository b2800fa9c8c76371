"""The append-only file's life: loading, appending, and what happens when the disk fails.

At the start, the files that the manifest lists are loaded, base first (``recovery``). Then changes are appended to the
last one. From time to time or on request, ``rewriting`` replaces the files by a snapshot and the changes after it.

When a write fails, its bytes stay in the ring, the replies that depend on them wait, and write commands are refused
with MISCONF until the ring has been drained. When an fsync fails, the file is abandoned: a rewrite makes a new base and
a new incremental file, and write commands are refused until both are on the disk. With ``appendfsync always`` a failed
fsync ends the server, because the replies that wait for it can never be sent.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyredis.config import ConfigRejected
from pyredis.persistence.folder_lock import FolderInUse, FolderLock
from pyredis.persistence.manifest import AppendOnlyDir, FileMissing, ManifestError
from pyredis.persistence.recovery import LoadError, Loading, refuse_rdb
from pyredis.persistence.rewriting import Rewriting
from pyredis.shell.hub import Hub

if TYPE_CHECKING:
    from pyredis.persistence.server_parts import ServerParts

__all__ = ["LoadError", "Persistence"]


class Persistence:
    """The append-only file of one server. All methods run in the loop's thread."""

    def __init__(self, server: "ServerParts") -> None:
        self.server = server
        self.core = server.core
        self.log = server.log
        self.last_save = int(time.time())
        self.failure = ""
        self.folder: AppendOnlyDir | None = None
        self._lock: FolderLock | None = None
        self.loading: Loading | None = None
        # appendonly was turned on while serving: the file is not listed before it has a base.
        self.awaiting_base = False
        self.rewriting = Rewriting(self)
        self._size_before_incr = 0
        self._woken_by = -1
        config = server.config
        config.on_change("appendonly", self._on_appendonly)
        config.on_change("appendfsync", self.core.aof_policy)
        config.on_change("no-appendfsync-on-rewrite", lambda _: self.rewriting.follow_pause())

    @property
    def appending(self) -> bool:
        """Whether changes are appended to a file."""
        return self._woken_by >= 0

    @property
    def needs_base(self) -> bool:
        """Whether a rewrite must make a base before the file can be relied on."""
        return self.awaiting_base or self.core.aof_sync_failed

    @property
    def current_size(self) -> int:
        """Bytes written to the files in use."""
        return self._size_before_incr + self.core.aof_state()[0]

    @property
    def hub(self) -> Hub:
        """The server's hub, which exists once the server has started."""
        assert self.server.hub is not None
        return self.server.hub

    # ---- the folder is this server's alone ----

    def claim(self) -> None:
        """Locks the folder, if there is to be a file. Raises LoadError if another server uses it.

        Must be called before anything is touched that such a server may use, its socket for example.
        """
        if not self.server.config["appendonly"]:
            return
        try:
            self._lock_folder()
        except FolderInUse as error:
            raise LoadError(f"Can't open the append-only files: {error}") from error

    def _lock_folder(self) -> None:
        """Locks the folder that the configuration names. Raises FolderInUse."""
        config = self.server.config
        path = config.path_below(config["appenddirname"])
        if self._lock is not None and self._lock.folder == path:
            return
        self.unlock()
        self._lock = FolderLock(path)
        if self._lock.failure:
            self.log.warning(
                f"Can't lock {path}: {self._lock.failure.strerror}. Make sure that no other server uses this folder."
            )

    def unlock(self) -> None:
        """Lets others use the folder. Must be called when the server ends, however it ends."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # ---- the start ----

    async def start(self) -> None:
        """Loads the existing files and opens the last one for appending. Raises LoadError."""
        if not self.server.config["appendonly"]:
            return
        began = time.monotonic()
        folder, paths = self._find_files()
        self.loading = Loading(self.core, self.server.config, self.log, paths)
        await self.loading.run()
        if self.loading.stopped:
            return
        self.loading = None
        if paths:
            self.log.notice(f"DB loaded from append only file: {time.monotonic() - began:.3f} seconds")
        self._append(folder)

    def _find_files(self) -> tuple[AppendOnlyDir, list[Path]]:
        try:
            folder = self._open_folder()
            folder.load()
            folder.remove_temporaries()
            old = folder.old_file()
            if old:
                refuse_rdb(old)
                folder.adopt_old_file()
                self.log.notice(f"Successfully migrated an old-style AOF into {folder.path}")
            paths = folder.files_to_load()
        except ManifestError as error:
            raise LoadError("".join(error.log_lines()).strip("\n")) from error
        except FileMissing as error:
            raise LoadError(str(error)) from error
        except OSError as error:
            raise LoadError(f"Can't open the append-only files: {error}") from error
        for path in folder.unlisted_files() if not paths else []:
            self.log.warning(f"No manifest lists {path}: it is not loaded")
        return folder, paths

    def _open_folder(self) -> AppendOnlyDir:
        """Locks the folder. Raises FolderInUse."""
        self._lock_folder()
        config = self.server.config
        self.folder = AppendOnlyDir(config.path_below(config["appenddirname"]), config["appendfilename"])
        return self.folder

    def _append(self, folder: AppendOnlyDir) -> None:
        """Appends changes to the newest incremental file from now on. Raises LoadError."""
        try:
            fd, size = folder.open_incr()
            self._attach(fd, size)
            self._size_before_incr = folder.total_size() - size
            # As in Redis after a start: the size of the files after the last rewrite is not recorded anywhere.
            self.rewriting.size_at_end = folder.base_size()
        except OSError as error:
            raise LoadError(f"Can't open the append-only file for appending: {error}") from error
        try:
            folder.delete_history()
        except OSError as error:
            self.log.warning(f"Can't delete the append-only files that were replaced: {error}")

    def _attach(self, fd: int, size: int) -> None:
        """Takes over the descriptor, even on an OSError."""
        try:
            self.core.aof_open(fd, size, self.server.config["appendfsync"])
        except OSError:
            os.close(fd)
            raise
        if self._woken_by < 0:
            assert self.server.hub is not None
            self._woken_by = self.core.aof_wake_fd
            self.hub.loop.add_reader(self._woken_by, self.hub.release)

    async def reload(self) -> None:
        """DEBUG LOADAOF: replaces the data in memory with those in the files. Raises LoadError if it cannot begin.

        Once memory has been emptied, there is no way back: a damaged file ends the process, as it does at the start.
        """
        if not self.appending or self.awaiting_base:
            raise LoadError("There is no append only file to load")
        assert self.folder is not None
        self.rewriting.cancel()
        error = self.core.aof_sync()
        if error:
            raise LoadError(f"Can't write the rest of the append only file: {os.strerror(error)}")
        self.loading = Loading(self.core, self.server.config, self.log, self.folder.files_to_load())
        self.core.loading = True
        self.core.empty()
        try:
            await self.loading.run()
        except LoadError as damage:
            self.log.warning(f"{damage} Exiting...")
            self.server.give_up()
            return
        self.loading = None
        self.core.loading = False

    # ---- while serving ----

    def flush(self) -> None:
        """Drains the ring after background work that may have changed data, on which no client waits.

        Does nothing during an fsync, because a write might take as long as the fsync; the next drain writes these bytes
        too.
        """
        if self.appending and not self.core.aof_syncing:
            assert self.server.hub is not None
            self.hub.drain()

    def work(self, budget_us: int) -> bool:
        """Does one slice of the current rewrite. True while more is left to do."""
        return self.rewriting.work(budget_us)

    def cron(self) -> None:
        """Retries writes that failed, and begins rewrites that are due. Must be called periodically."""
        if self.appending:
            assert self.server.hub is not None
            if not self.core.aof_syncing:
                self.hub.release()
            if self.core.aof_sync_failed and self._broke_promise():
                return
        elif not self.server.config["appendonly"] and not self.rewriting.busy:
            self.unlock()
        self.rewriting.cron()

    def start_rewrite(self, on_done: Callable[[str | None], None]) -> bool | None:
        """BGREWRITEAOF; see ``Rewriting.on_request``."""
        return self.rewriting.on_request(on_done)

    # ---- called by the rewrite ----

    def rewritten_folder(self) -> AppendOnlyDir:
        """Returns the folder to rewrite, with its present manifest."""
        if self.appending and self.folder is not None:
            return self.folder
        folder = self._open_folder()
        folder.load()
        return folder

    def switch(self, fd: int, undo: Callable[[], object] | None = None) -> None:
        """Appends changes to a new, empty file from now on. On an OSError it calls ``undo``, and the old file stays."""
        _, buffered, *_ = self.core.aof_state()
        # Bytes not written yet still go to the old file, unless its fsync has failed.
        before = self.current_size + (0 if self.core.aof_sync_failed else buffered)
        try:
            self._attach(fd, 0)
        except OSError:
            if undo:
                undo()
            raise
        self._size_before_incr = before

    def on_base(self, position: int, size: int) -> None:
        """Notes that a base made from memory at ``position`` is on the disk: older files do not matter any more."""
        self._size_before_incr = size
        if not self.appending:
            return
        self.awaiting_base = False
        self.core.aof_vouch(position)
        self.server.deliver_all()

    # ---- CONFIG SET appendonly ----

    def _on_appendonly(self, on: bool) -> None:
        if self.core.in_transaction:
            # The file must get the complete transaction or nothing of it, so the transaction ends first.
            self.hub.loop.call_soon(self._follow_appendonly)
        elif on and not self.appending:
            self._turn_on()
        elif not on and self.appending:
            self._turn_off()

    def _follow_appendonly(self) -> None:
        try:
            self._on_appendonly(self.server.config["appendonly"])
        except ConfigRejected:
            self.server.config.adjust("appendonly", False)

    def _turn_on(self) -> None:
        self.rewriting.cancel()
        self.awaiting_base = True
        self._size_before_incr = 0
        if self.rewriting.begin():
            return
        self.awaiting_base = False
        self._close()
        raise ConfigRejected("Unable to turn on AOF. Check server logs.")

    def _turn_off(self) -> None:
        self.rewriting.cancel()
        self.awaiting_base = False
        error = self._close()
        if error:
            self.log.warning(f"Error closing the append only file: {os.strerror(error)}")
        self._note_success()

    def _close(self) -> int:
        """Drains, syncs and closes the file, and sends the replies that waited for it. Returns an errno, 0 for none."""
        if not self.appending:
            return 0
        self.hub.loop.remove_reader(self._woken_by)
        self._woken_by = -1
        error = self.core.aof_close()
        self.server.deliver_all()
        return error

    # ---- failure ----

    def on_error(self, error: int) -> None:
        """Handles that writing or syncing has begun to fail with this errno, or works again if it is 0."""
        if not error:
            self._note_success()
            self.log.warning("AOF write error looks solved. The server can write again.")
            return
        self.failure = os.strerror(error)
        self.core.write_error = True
        if not self.core.aof_sync_failed:
            self.log.warning(f"Error writing to the AOF file: {self.failure}; refusing write commands until that works")
            return
        if self._broke_promise():
            return
        self.log.warning(f"Fsync of the AOF file failed: {self.failure}; replacing the file by one made from memory")
        self.rewriting.follow_pause()

    def _note_success(self) -> None:
        self.core.write_error = False
        self.failure = ""

    def _broke_promise(self) -> bool:
        """Ends the server after a failed fsync under ``always``: the replies that wait for it can never be sent."""
        if self.server.config["appendfsync"] != "always":
            return False
        self.log.warning(
            f"Can't persist AOF for fsync error when the AOF fsync policy is 'always': {self.failure}. Exiting..."
        )
        self.server.give_up()
        return True

    # ---- the end ----

    def stop(self, save: bool | None) -> bool:
        """Writes and syncs the rest of the file. Returns whether the server may end.

        ``save`` is SHUTDOWN's choice, None for the default.
        """
        if self.loading is not None:
            self.loading.stop()
            return True
        if self.awaiting_base:
            self.log.warning("Writing initial AOF, can't exit")
            return False
        if save and not self.appending:
            self.log.warning("Can't save the data: RDB files are not supported and appendonly is no")
            return False
        self.rewriting.cancel()
        if not self.appending:
            if save is None and self.server.config["save"]:
                self.log.warning("The data are not saved: appendonly is no")
            return True
        self.log.notice("Calling fsync() on the AOF file.")
        error = self.core.aof_sync()
        if error:
            self.log.warning(f"Can't write the rest of the append only file: {os.strerror(error)}")
            return save is False
        self._close()
        return True

    # ---- INFO ----

    def info(self) -> dict[str, Any]:
        """Returns the fields of INFO persistence, in Redis's order."""
        rewriting = self.rewriting
        fields: dict[str, Any] = {
            "loading": int(self.core.loading),
            "async_loading": 0,
            "current_cow_peak": 0,
            "current_cow_size": 0,
            "current_cow_size_age": 0,
            "current_fork_perc": "0.00",
            "current_save_keys_processed": rewriting.keys,
            "current_save_keys_total": sum(row[1] for row in self.core.sizes()) if rewriting.in_progress else 0,
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
            "aof_enabled": int(self.appending),
            "aof_rewrite_in_progress": int(rewriting.in_progress),
            "aof_rewrite_scheduled": int(rewriting.scheduled),
            "aof_last_rewrite_time_sec": rewriting.last_seconds,
            "aof_current_rewrite_time_sec": rewriting.seconds,
            "aof_last_bgrewrite_status": "err" if rewriting.failures else "ok",
            "aof_rewrites": rewriting.begun,
            "aof_rewrites_consecutive_failures": rewriting.failures,
            "aof_last_write_status": "err" if self.failure else "ok",
            "aof_last_cow_size": 0,
            "module_fork_in_progress": 0,
            "module_fork_last_cow_size": 0,
        }
        if self.appending:
            fields |= self._file_info()
        return fields | (self.loading.info() if self.loading else {})

    def _file_info(self) -> dict[str, Any]:
        _, buffered, _, syncing = self.core.aof_state()
        return {
            "aof_current_size": self.current_size,
            "aof_base_size": self.rewriting.size_at_end,
            "aof_pending_rewrite": 0,
            "aof_buffer_length": buffered,
            "aof_pending_bio_fsync": int(syncing),
            "aof_delayed_fsync": 0,
        }

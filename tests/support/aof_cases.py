"""Cases for the append-only file's writer on a misbehaving disk; each runs in its own process.

`run_case` starts the process with ``disk_shim.c`` preloaded; cases set the shim's variables through `Disk`. A case is a
function that is given an empty folder and asserts.
"""

import contextlib
import ctypes
import errno
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.client import wait_until
from support.paths import choose_package, preloading, server_environment

SHIM_SOURCE = Path(__file__).with_name("disk_shim.c")
SECOND, MILLISECOND = 10**9, 10**6
UNIT = b"*1\r\n$4\r\nPING\r\n"


def build_shim(folder: Path) -> Path:
    if not sys.platform.startswith("linux"):
        pytest.skip("the shim is made for Linux")
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("cc is not installed: apt-get install gcc")
    shim = folder / "disk_shim.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(shim), str(SHIM_SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return shim


# An assertion that fails in a thread must end the process: outside pytest it would only print to standard error.
FAIL_WITH_THREADS = (
    "import os, sys, threading; threading.excepthook = lambda raised: (sys.excepthook(*raised[:3]), os._exit(1))"
)


def run_case(name: str, folder: Path, shim: Path | None = None, tracer: list[str] | None = None) -> None:
    """Run one case in a new process and assert that it succeeds.

    `tracer` is a command to run it under; `shim` is preloaded.
    """
    environment = server_environment() | {"PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    if shim:
        environment |= {**preloading(shim), "DISK_SHIM": str(shim)}
    run = f"import pathlib; from support.aof_cases import {name}; {name}(pathlib.Path(sys.argv[1]))"
    code = f"{FAIL_WITH_THREADS}; {run}"
    command = [*(tracer or []), sys.executable, "-c", code, str(folder)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr


class Disk:
    """The preloaded shim's variables as attributes."""

    WIDE = ("write_budget", "write_chunk", "synced_size", "clock_ns", "woken_at", "begun_from", "begun_to")

    def __init__(self) -> None:
        vars(self)["shim"] = ctypes.CDLL(os.environ["DISK_SHIM"])

    def _variable(self, name: str):
        kind = ctypes.c_int64 if name in self.WIDE else ctypes.c_int
        return kind.in_dll(vars(self)["shim"], name)

    def __getattr__(self, name: str) -> int:
        return self._variable(name).value

    def __setattr__(self, name: str, value: int) -> None:
        self._variable(name).value = value

    @contextlib.contextmanager
    def holding(self, calls: str) -> Iterator[None]:
        """Hold every call of this kind ("sync", "write" or "begin") that starts in the block until the block ends."""
        setattr(self, f"{calls}_held", 1)
        try:
            yield
        finally:
            setattr(self, f"{calls}_held", 0)


class Log:
    """A writer with its files in `folder`, and the bytes that it was given so far."""

    def __init__(self, folder: Path, policy: str, ring_size: int = 4096) -> None:
        choose_package()
        from pyredis.journal.aof_handle import AofWriter
        from pyredis.journal.log_handle import LogWriter

        self.folder = folder
        self.given = b""
        self.names: list[Path] = []
        self.changes = LogWriter(ring_size)
        self.writer = AofWriter(self.changes, policy)
        assert self.switch() == 0

    def switch(self) -> int:
        path = self.folder / f"{len(self.names)}.aof"
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        error = self.writer.attach(fd, 0)
        if error:
            os.close(fd)
            path.unlink()
        else:
            self.names.append(path)
        return error

    def give(self, *units: bytes) -> int:
        for unit in units:
            self.changes.append(unit)
            self.changes.publish()
            self.given += unit
        return self.writer.drain()

    def await_durable(self) -> None:
        wait_until(lambda: self.writer.durable == len(self.given), "all bytes to be durable")

    def contents(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.names)


def woken(log: Log) -> bool:
    return bool(select.select([log.writer.wake_fd], [], [], 0)[0])


# ---- Errors of writes ----


def a_short_write_is_continued(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "everysec")
    disk.write_chunk = 7
    assert log.give(UNIT * 20) == 0
    assert disk.write_count == 40
    assert log.contents() == log.given


def a_full_disk_keeps_the_file_whole_and_the_data_for_later(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "everysec", 64)
    assert log.give(UNIT) == 0
    disk.write_budget, disk.write_error = 5, errno.ENOSPC
    assert log.give(UNIT, UNIT) == errno.ENOSPC
    assert log.contents() == UNIT
    assert (log.writer.written, log.writer.buffered) == (len(UNIT), 2 * len(UNIT))
    assert log.writer.error == errno.ENOSPC
    assert not log.writer.sync_failed
    assert log.give(UNIT * 100) == errno.ENOSPC
    assert log.switch() == errno.ENOSPC
    disk.write_error = 0
    assert log.writer.drain() == 0
    assert log.contents() == log.given
    assert log.writer.error == 0
    assert log.writer.file_size == len(log.given)


def a_torn_unit_that_cannot_be_cut_off_is_cut_off_before_the_next_write(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "everysec")
    disk.write_budget, disk.write_error, disk.truncate_error = 5, errno.ENOSPC, errno.EIO
    assert log.give(UNIT) == errno.ENOSPC
    assert log.contents() == UNIT[:5]
    disk.write_error = 0
    assert log.writer.drain() == errno.EIO
    assert log.contents() == UNIT[:5]
    disk.truncate_error = 0
    assert log.writer.drain() == 0
    assert log.contents() == UNIT


def under_always_a_full_disk_wakes_the_loop_and_the_next_drain_tries_again(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always", 64)
    disk.write_budget, disk.write_error = 5, errno.ENOSPC
    log.give(UNIT)
    wait_until(lambda: log.writer.error == errno.ENOSPC, "the error")
    wait_until(lambda: woken(log), "the wake-up")
    assert log.contents() == b""
    assert log.writer.sync() == errno.ENOSPC
    log.give(*[UNIT] * 50)
    assert (log.writer.durable, log.writer.released) == (0, 0)
    disk.write_error = 0
    log.writer.drain()
    log.await_durable()
    assert log.contents() == log.given
    assert log.writer.error == 0


def a_limit_on_the_file_size_is_an_error_like_others(folder: Path) -> None:
    import resource

    log = Log(folder, "everysec")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    assert log.give(UNIT * 5) == 0
    assert log.give(UNIT * 5) == errno.EFBIG
    assert log.contents() == UNIT * 5
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert log.writer.drain() == 0
    assert log.contents() == log.given


def an_injected_write_error_is_survived(folder: Path) -> None:
    log = Log(folder, "everysec")
    assert [log.give(UNIT), log.give(UNIT), log.give(UNIT)] == [0, errno.EIO, 0]
    assert log.contents() == log.given


def a_file_s_own_select_that_a_full_disk_cuts_short_is_written_again(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "everysec")
    log.changes.append(b"select")
    log.changes.selected(7)
    log.changes.publish()
    log.give(UNIT)
    assert log.switch() == 0
    select = b"*2\r\n$6\r\nSELECT\r\n$1\r\n7\r\n"
    log.changes.append(UNIT)
    log.changes.publish()
    for written in (len(select) - 1, len(select), len(select) + 1):
        disk.write_budget, disk.write_error = written, errno.ENOSPC
        assert log.writer.drain() == errno.ENOSPC
        assert log.names[1].read_bytes() == b""
        assert log.writer.file_size == 0
    disk.write_error = 0
    disk.write_chunk = 3
    assert log.writer.drain() == 0
    assert log.names[1].read_bytes() == select + UNIT
    assert log.writer.file_size == len(select + UNIT)


# ---- Errors of fsync ----


def after_a_failed_fsync_nothing_is_written_until_a_new_file_and_a_base_are_there(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "everysec", 64)
    disk.sync_error = errno.EIO
    log.give(UNIT)
    wait_until(lambda: log.writer.sync_failed, "the failure")
    assert woken(log)
    disk.sync_error = 0
    assert log.give(UNIT * 30) == errno.EIO
    assert log.writer.sync() == errno.EIO
    assert disk.sync_count == 1
    assert log.names[0].read_bytes() == UNIT

    assert log.switch() == 0
    base = log.changes.position
    assert log.switch() == 0
    assert log.contents() == log.given
    assert log.names[2].read_bytes() == b""
    assert (log.give(UNIT), log.writer.durable) == (errno.EIO, 0)
    assert log.names[2].read_bytes() == UNIT

    log.writer.vouch(base)
    assert (log.writer.error, log.writer.durable >= base) == (0, True)
    assert log.writer.sync() == 0
    assert log.writer.durable == len(log.given)


def under_always_what_was_not_durable_moves_to_the_new_file(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always", 256)
    log.give(UNIT)
    log.await_durable()
    disk.sync_error = errno.EIO
    log.give(UNIT + b"second", UNIT)
    wait_until(lambda: log.writer.sync_failed, "the failure")
    log.give(UNIT * 50)
    assert log.writer.durable == len(UNIT)
    assert log.switch() == errno.EIO, "the truncation was synced although fdatasync fails"
    disk.sync_error = 0
    assert log.switch() == 0
    log.await_durable()
    assert log.names[0].read_bytes() == UNIT
    assert log.contents() == log.given
    assert log.writer.error == 0


def a_file_that_goes_on_amid_the_stream_begins_with_the_database_in_force(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always", 1 << 16)
    for database in range(100):
        log.changes.append(b"select")
        log.changes.selected(database)
        log.changes.append(UNIT)
        log.changes.publish()
        log.given += b"select" + UNIT
    assert log.writer.sync() == 0
    disk.sync_error = errno.EIO
    log.give(UNIT)
    wait_until(lambda: log.writer.sync_failed, "the failure")
    log.changes.append(b"select")
    log.changes.selected(5)
    log.give(UNIT)
    disk.sync_error = 0
    assert log.switch() == 0
    assert log.writer.sync() == 0
    select = b"*2\r\n$6\r\nSELECT\r\n$2\r\n99\r\n"
    assert log.names[1].read_bytes() == select + UNIT + b"select" + UNIT
    assert log.writer.file_size == len(log.names[1].read_bytes())
    assert log.writer.durable == log.changes.position


def after_a_failed_fsync_durable_stands_still_until_a_base_is_vouched_for(folder: Path) -> None:
    """However well the files that follow are synced, the data before them may be lost."""
    for policy in ("everysec", "no"):
        (folder / policy).mkdir()
        disk, log = Disk(), Log(folder / policy, policy)
        log.give(UNIT)
        assert log.writer.sync() == 0
        disk.sync_error = errno.EIO
        log.give(UNIT, UNIT)
        assert log.writer.sync() == errno.EIO
        lost = log.changes.position
        disk.sync_error = 0
        for _ in range(2):
            assert log.switch() == 0
            log.give(UNIT)
            assert log.writer.sync() == errno.EIO
            assert log.writer.durable == len(UNIT)
        base = log.changes.position
        assert log.switch() == 0
        log.give(UNIT)
        assert log.writer.sync() == errno.EIO
        assert (log.writer.durable, log.writer.sync_failed) == (len(UNIT), True)
        log.writer.vouch(lost - 1)
        assert (log.writer.durable, log.writer.sync_failed) == (lost - 1, True)
        log.writer.vouch(base)
        assert (log.writer.durable, log.writer.sync_failed) == (len(log.given), False)
        assert log.contents() == log.given


def a_file_left_behind_that_fails_its_fsync_leaves_doubt_but_does_not_stop_its_successor(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "no")
    log.give(UNIT)
    disk.sync_error = errno.EIO
    assert log.switch() == 0
    wait_until(lambda: log.writer.sync_failed, "the failure")
    disk.sync_error = 0
    assert log.give(UNIT) == errno.EIO
    assert log.contents() == log.given
    log.writer.vouch(len(UNIT))
    assert log.writer.drain() == 0


def a_file_attached_while_the_failing_one_had_data_to_take_stays_empty(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always")
    disk.sync_error = errno.EIO
    with disk.holding("sync"):
        log.give(UNIT)
        wait_until(lambda: log.writer.written, "the first group to be written")
        log.give(UNIT)
        assert log.switch() == 0
    wait_until(lambda: log.writer.sync_failed, "the failure")
    disk.sync_error = 0
    assert log.switch() == 0
    log.await_durable()
    assert [path.read_bytes() for path in log.names] == [b"", b"", UNIT * 2]


def an_injected_fsync_error_is_reported(folder: Path) -> None:
    log = Log(folder, "everysec")
    log.give(UNIT)
    assert log.writer.sync() == errno.EIO
    assert log.writer.sync_failed


# ---- Order and waiting ----


def durable_never_runs_ahead_of_fsync_and_groups_form(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always", 1024)
    for _ in range(2000):
        log.give(UNIT)
        durable = log.writer.durable
        assert durable <= disk.synced_size
        assert log.writer.released <= disk.synced_size
    assert log.writer.sync() == 0
    assert log.writer.durable == disk.synced_size == len(log.given)
    assert disk.sync_count <= disk.write_count < 2000


def a_group_is_everything_published_while_the_disk_was_busy(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always")
    with disk.holding("sync"):
        log.give(UNIT)
        wait_until(lambda: disk.sync_entered == 1, "the first sync")
        for _ in range(100):
            log.give(UNIT)
        assert (log.writer.durable, disk.write_count) == (0, 1)
    log.await_durable()
    assert (disk.write_count, disk.sync_count) == (2, 2)


def two_gather(disk: Disk, log: Log, sync_ms: int) -> None:
    """Sync one unit in `sync_ms` while two more arrive, so that the next group can expect three."""
    disk.clock_ns = SECOND
    with disk.holding("sync"):
        log.give(UNIT)
        wait_until(lambda: disk.sync_entered == 1, "the first sync")
        log.give(UNIT)
        log.give(UNIT)
        disk.clock_ns += sync_ms * MILLISECOND
    wait_until(lambda: log.writer.durable >= len(UNIT), "the first sync's end")


def await_looks(disk: Disk) -> None:
    """Wait until the native thread has read the current clock and acted on it."""
    before = disk.clock_reads
    wait_until(lambda: disk.clock_reads > before + 8, "the thread to look at the clock")


def await_patience(disk: Disk) -> None:
    """Wait until the native thread has read the clock at least twice; it must not have written anything."""
    before = disk.clock_reads
    wait_until(lambda: disk.write_count > 1 or disk.clock_reads > before + 2, "the thread to look at the clock")
    assert disk.write_count == 1


def on_a_slow_disk_a_group_waits_for_those_that_were_answered(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always")
    two_gather(disk, log, sync_ms=100)
    await_patience(disk)
    log.give(UNIT)
    log.await_durable()
    assert (disk.write_count, disk.sync_count) == (2, 2)


def on_a_slow_disk_a_group_does_not_wait_long_for_those_that_stay_away(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always")
    two_gather(disk, log, sync_ms=8)
    await_patience(disk)
    disk.clock_ns += MILLISECOND - 1
    await_patience(disk)
    disk.clock_ns += 1
    log.await_durable()
    assert (disk.write_count, disk.sync_count) == (2, 2)


def however_slow_the_disk_a_group_waits_two_milliseconds_at_most(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always")
    two_gather(disk, log, sync_ms=1000)
    disk.clock_ns += 2 * MILLISECOND - 1
    await_patience(disk)
    disk.clock_ns += 1
    log.await_durable()


def on_a_fast_disk_nobody_is_waited_for(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always")
    two_gather(disk, log, sync_ms=0)
    log.await_durable()
    assert (disk.write_count, disk.sync_count) == (2, 2)


def a_full_ring_waits_for_the_disk(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always", 64)
    with disk.holding("sync"):
        log.give(UNIT * 4)
        wait_until(lambda: disk.sync_entered == 1, "the first sync")
        producer = threading.Thread(target=log.give, args=(UNIT * 3,))
        producer.start()
        producer.join(0.05)
        assert producer.is_alive()
        assert log.changes.position == len(UNIT * 4)
    producer.join()
    log.await_durable()
    assert log.changes.memory == 64
    assert log.contents() == log.given


def in_another_thread(action: Callable[[], object], done: Callable[[], bool]) -> threading.Thread:
    """Start an action that should block on a held call; return when it blocks, or is `done` without blocking."""
    thread = threading.Thread(target=action)
    thread.start()
    looks = 0

    def waits() -> bool:
        nonlocal looks
        looks += "State:\tS" in Path(f"/proc/self/task/{thread.native_id}/status").read_text()
        return looks == 5

    wait_until(lambda: done() or waits(), "the other thread to wait")
    return thread


def the_ring_does_not_grow_while_a_group_is_written_from_it(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always", 4096)
    with disk.holding("write"):
        log.give(UNIT * 100)
        wait_until(lambda: disk.write_entered == 1, "the first group")
        thread = in_another_thread(lambda: log.give(UNIT * 1000), lambda: log.changes.memory > 4096)
        assert log.changes.memory == 4096
    thread.join()
    assert log.writer.sync() == 0
    assert log.changes.memory > 4096
    assert log.contents() == log.given


def the_policy_does_not_change_while_a_group_is_written(folder: Path) -> None:
    """Otherwise two threads would write the same bytes."""
    disk, log = Disk(), Log(folder, "always")

    def change() -> None:
        log.writer.set_policy("everysec")
        log.give(UNIT)

    with disk.holding("write"):
        log.give(UNIT * 10)
        wait_until(lambda: disk.write_entered == 1, "the first group")
        thread = in_another_thread(change, lambda: disk.write_entered == 2)
        assert disk.write_entered == 1
    thread.join()
    assert log.writer.sync() == 0
    assert log.contents() == log.given


def everysec_syncs_again_a_second_after_the_last_sync_began(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "everysec")
    disk.clock_ns = SECOND
    log.give(UNIT)
    log.await_durable()
    for second in range(2, 5):
        log.give(UNIT)
        await_looks(disk)
        assert (disk.sync_entered, disk.woken_at) == (second - 1, second * SECOND)
        disk.clock_ns = second * SECOND - 1
        await_looks(disk)
        assert (disk.sync_entered, log.writer.durable) == (second - 1, len(log.given) - len(UNIT))
        with disk.holding("sync"):
            disk.clock_ns = second * SECOND
            wait_until(lambda: disk.sync_entered > disk.sync_count, "the sync")
            disk.clock_ns += 700 * MILLISECOND
        log.await_durable()


def everysec_writes_at_once_while_a_sync_is_running(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "everysec")
    with disk.holding("sync"):
        log.give(UNIT)
        wait_until(lambda: disk.sync_entered == 1, "the sync")
        assert log.writer.fsync_pending
        log.give(UNIT)
        assert log.contents() == log.given
        assert log.switch() == 0
        log.give(UNIT)
        assert log.contents() == log.given
        assert log.writer.durable == 0
        wait_until(lambda: log.writer.fsync_lag_ms > 0, "a lag")
    log.await_durable()
    wait_until(lambda: log.writer.fsync_lag_ms == 0, "no lag")
    assert not log.writer.fsync_pending


def everysec_has_the_system_begin_to_write_what_a_second_gathers(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "everysec", 4 << 20)
    disk.clock_ns = time.monotonic_ns() + 3600 * SECOND
    log.give(UNIT)
    log.await_durable()
    piece = bytes(256 << 10)
    log.give(*[piece] * 3)
    log.give(*[piece] * 2)
    wait_until(lambda: disk.begun_count == 1, "the first megabyte")
    assert (disk.begun_from, disk.begun_to) == (len(UNIT), len(log.given))
    before = len(log.given)
    log.give(*[piece] * 4)
    wait_until(lambda: disk.begun_count == 2, "the second megabyte")
    assert (disk.begun_from, disk.begun_to) == (before, len(log.given))
    log.writer.set_policy("no")
    log.give(*[piece] * 8)
    assert log.writer.sync() == 0
    assert disk.begun_count == 2
    assert log.contents() == log.given


def a_file_stays_open_while_the_system_is_asked_to_begin_writing_it(folder: Path) -> None:
    """This holds even if the rest of the data cannot be written, when nothing else waits for the native thread."""
    disk, log = Disk(), Log(folder, "everysec", 4 << 20)
    log.give(UNIT)
    log.await_durable()
    with disk.holding("begin"):
        log.give(bytes(2 << 20))
        wait_until(lambda: disk.begin_entered == 1, "the thread to start writeback")
        disk.write_error = errno.ENOSPC
        assert log.give(UNIT) == errno.ENOSPC
        ended: list[int] = []
        thread = in_another_thread(lambda: ended.append(log.writer.detach()), lambda: bool(ended))
        assert not ended
    thread.join()
    assert ended == [errno.ENOSPC]


def what_was_written_during_a_sync_lags_on_after_it(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "everysec")
    disk.clock_ns = SECOND
    with disk.holding("sync"):
        log.give(UNIT)
        wait_until(lambda: disk.sync_entered == 1, "the sync")
        log.give(UNIT)
    wait_until(lambda: log.writer.durable == len(UNIT), "the end of the sync")
    wait_until(lambda: log.writer.fsync_lag_ms > 0, "a lag")
    disk.clock_ns += SECOND
    log.await_durable()
    wait_until(lambda: log.writer.fsync_lag_ms == 0, "no lag")


def no_never_syncs_but_what_is_left_or_asked_for(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "no")
    log.give(UNIT)
    assert disk.sync_count == 0
    assert log.switch() == 0
    log.await_durable()
    assert disk.sync_count == 1
    log.give(UNIT)
    assert log.writer.sync() == 0
    assert disk.sync_count == 2


def a_pause_of_syncing_releases_what_is_written(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always", 64)
    log.writer.pause_sync(True)
    log.give(*[UNIT] * 30)
    wait_until(lambda: log.writer.released == len(log.given), "the writes")
    assert (disk.sync_count, log.writer.durable) == (0, 0)
    log.writer.pause_sync(False)
    log.await_durable()


def a_change_of_policy_takes_what_has_gathered_along(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always")
    with disk.holding("sync"):
        log.give(UNIT)
        wait_until(lambda: disk.sync_entered == 1, "the sync")
        log.changes.append(UNIT)
        log.changes.publish()
        log.given += UNIT
        log.writer.set_policy("everysec")
        assert log.writer.drain() == 0
        assert log.contents() == log.given
        log.changes.append(UNIT)
        log.changes.publish()
        log.given += UNIT
        log.writer.set_policy("always")
    log.writer.drain()
    log.await_durable()
    assert log.contents() == log.given


def a_change_of_policy_gives_back_the_room_of_what_is_written(folder: Path) -> None:
    disk, log = Disk(), Log(folder, "always", 64)
    with disk.holding("sync"):
        log.give(UNIT * 4)
        wait_until(lambda: disk.sync_entered == 1, "the sync")
        log.writer.set_policy("everysec")
        log.give(UNIT * 4)
        assert log.changes.memory == 64
        assert log.contents() == log.given


def writers_that_go_away(folder: Path) -> None:
    def census() -> tuple[int, int]:
        return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

    before = census()
    for policy in ("no", "everysec", "always"):
        log = Log(folder, policy)
        log.give(UNIT)
        assert census()[0] == before[0] + 1
        del log
        (folder / "0.aof").unlink()
        # The kernel may still list a thread for a moment after it is joined.
        wait_until(lambda: census() == before, "the thread and the descriptors to be gone")


def groups_for_a_trace(folder: Path) -> None:
    log = Log(folder, "always")
    for _ in range(20):
        log.give(UNIT)
        log.await_durable()


def a_storm(folder: Path) -> None:
    """All policies, switches, growth and full rings at once, for a build that detects data races."""
    log = Log(folder, "always", 256)
    for i in range(600):
        log.give(UNIT * (i % 40), UNIT)
        assert log.writer.durable <= log.changes.position
        if i % 7 == 0:
            log.writer.set_policy(("always", "everysec", "no")[i % 3])
        if i % 11 == 0:
            assert log.switch() == 0
        if i % 13 == 0:
            log.writer.pause_sync(i % 2 == 0)
        if i % 50 == 0:
            assert log.writer.sync() == 0
        _ = log.writer.file_size, log.writer.fsync_lag_ms, log.writer.fsync_pending, log.changes.memory
    assert log.writer.detach() == 0
    assert log.contents() == log.given

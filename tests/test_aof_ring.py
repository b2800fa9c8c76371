"""The append-only file's writer: its ring, its files and its native thread, on working and on failing disks."""

import errno
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyredis.journal.aof_handle import AofWriter
from pyredis.journal.log_handle import LogWriter
from support.aof_cases import UNIT, Log, build_shim, run_case
from support.client import wait_until
from support.fsfaults import fill_disk, small_disk
from support.paths import ROOT

POLICIES = ("no", "everysec", "always")

CASES = (
    "a_short_write_is_continued",
    "a_full_disk_keeps_the_file_whole_and_the_data_for_later",
    "a_torn_unit_that_cannot_be_cut_off_is_cut_off_before_the_next_write",
    "under_always_a_full_disk_wakes_the_loop_and_the_next_drain_tries_again",
    "a_limit_on_the_file_size_is_an_error_like_others",
    "a_file_s_own_select_that_a_full_disk_cuts_short_is_written_again",
    "after_a_failed_fsync_nothing_is_written_until_a_new_file_and_a_base_are_there",
    "after_a_failed_fsync_durable_stands_still_until_a_base_is_vouched_for",
    "under_always_what_was_not_durable_moves_to_the_new_file",
    "a_file_that_goes_on_amid_the_stream_begins_with_the_database_in_force",
    "a_file_left_behind_that_fails_its_fsync_leaves_doubt_but_does_not_stop_its_successor",
    "a_file_attached_while_the_failing_one_had_data_to_take_stays_empty",
    "durable_never_runs_ahead_of_fsync_and_groups_form",
    "a_group_is_everything_published_while_the_disk_was_busy",
    "on_a_slow_disk_a_group_waits_for_those_that_were_answered",
    "on_a_slow_disk_a_group_does_not_wait_long_for_those_that_stay_away",
    "however_slow_the_disk_a_group_waits_two_milliseconds_at_most",
    "on_a_fast_disk_nobody_is_waited_for",
    "a_full_ring_waits_for_the_disk",
    "the_ring_does_not_grow_while_a_group_is_written_from_it",
    "the_policy_does_not_change_while_a_group_is_written",
    "everysec_syncs_again_a_second_after_the_last_sync_began",
    "everysec_writes_at_once_while_a_sync_is_running",
    "everysec_has_the_system_begin_to_write_what_a_second_gathers",
    "a_file_stays_open_while_the_system_is_asked_to_begin_writing_it",
    "what_was_written_during_a_sync_lags_on_after_it",
    "no_never_syncs_but_what_is_left_or_asked_for",
    "a_pause_of_syncing_releases_what_is_written",
    "a_change_of_policy_takes_what_has_gathered_along",
    "a_change_of_policy_gives_back_the_room_of_what_is_written",
    "a_storm",
)


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    return build_shim(tmp_path_factory.mktemp("shim"))


@pytest.mark.parametrize("case", CASES)
def test_on_a_disk_that_obeys_the_test(case, shim, tmp_path):
    run_case(case, tmp_path, shim)


def strace(*arguments: str) -> list[str]:
    tool = shutil.which("strace")
    if tool is None:
        pytest.skip("strace is not installed: apt-get install strace")
    probe = subprocess.run([tool, "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"strace may not trace here: {probe.stderr.strip()}")
    return [tool, "-f", *arguments]


def test_a_write_error_from_the_kernel_is_survived(tmp_path):
    file = str(tmp_path / "0.aof")
    run_case("an_injected_write_error_is_survived", tmp_path, tracer=strace(
        "-o", os.devnull, "-P", file, "-e", "trace=write,writev", "-e", "inject=write,writev:error=EIO:when=2",
    ))  # fmt: skip


def test_an_fsync_error_from_the_kernel_is_reported(tmp_path):
    run_case("an_injected_fsync_error_is_reported", tmp_path, tracer=strace(
        "-o", os.devnull, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO",
    ))  # fmt: skip


def test_the_loop_is_woken_only_after_what_was_written_is_on_the_disk(tmp_path):
    trace = tmp_path / "trace"
    run_case("groups_for_a_trace", tmp_path, tracer=strace("-o", str(trace), "-e", "trace=write,writev,fdatasync"))
    steps = []
    for line in trace.read_text().splitlines():
        if "PING" in line:
            steps.append("write")
        elif re.search(r"fdatasync.*= 0", line):
            steps.append("sync")
        elif r"\1\0\0\0\0\0\0\0" in line:
            steps.append("wake")
    assert steps == ["write", "sync", "wake"] * 20


# ---- The ring ----


@pytest.mark.parametrize("policy", POLICIES)
def test_bytes_cross_the_seam_in_order(policy, tmp_path):
    log = Log(tmp_path, policy, 64)
    for i in range(1, 200):
        assert log.give(bytes([i]) * (i % 63 + 1)) == 0
    assert log.writer.sync() == 0
    assert log.contents() == log.given
    assert log.changes.memory == 64
    assert log.writer.durable == log.writer.written == log.changes.position == len(log.given)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_unit_larger_than_the_ring_makes_it_grow_and_in_time_shrink(policy, tmp_path):
    log = Log(tmp_path, policy, 64)
    log.give(UNIT)
    for piece in (UNIT * 10, b"x" * 100_000, UNIT):
        log.changes.append(piece)
        log.given += piece
    log.changes.publish()
    log.writer.drain()
    assert log.writer.sync() == 0
    assert log.changes.memory == 1 << 17
    assert log.contents() == log.given
    for _ in range(1100):
        log.writer.drain()
    assert log.changes.memory == 64
    log.give(UNIT)
    assert log.writer.sync() == 0
    assert log.contents() == log.given


@pytest.mark.parametrize("policy", POLICIES)
def test_a_ring_that_a_very_large_unit_made_grow_shrinks_once_that_is_written(policy, tmp_path):
    log = Log(tmp_path, policy, 1 << 16)
    log.give(UNIT * (40_000_000 // len(UNIT)))
    assert log.writer.sync() == 0
    log.writer.drain()
    assert log.changes.memory == 1 << 16
    log.give(UNIT)
    assert log.writer.sync() == 0
    assert log.contents() == log.given


def test_what_is_not_published_is_not_written(tmp_path):
    log = Log(tmp_path, "everysec", 64)
    log.changes.append(UNIT)
    assert log.writer.drain() == 0
    assert log.contents() == b""
    log.changes.append(UNIT * 10)
    assert log.contents() == b""
    log.changes.publish()
    assert log.writer.drain() == 0
    assert log.contents() == UNIT * 11


def test_a_writer_takes_what_is_published_after_its_first_file_has_come(tmp_path):
    changes = LogWriter(64)
    other = changes.join()
    writer = AofWriter(changes)
    changes.append(UNIT * 20)
    changes.publish()
    assert writer.sync() == errno.EBADF
    path = tmp_path / "late.aof"
    assert writer.attach(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 0) == 0
    assert writer.durable == writer.written == len(UNIT * 20)
    changes.append(UNIT)
    changes.publish()
    assert writer.drain() == 0
    assert path.read_bytes() == UNIT
    assert other.read() == UNIT * 21


def test_a_writer_does_not_join_amid_a_unit(tmp_path):
    changes = LogWriter(64)
    other = changes.join()
    writer = AofWriter(changes)
    path = tmp_path / "early.aof"
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    changes.append(UNIT)
    assert writer.attach(fd, 0) == errno.EBUSY
    changes.publish()
    assert writer.attach(fd, 0) == 0
    changes.append(UNIT)
    changes.publish()
    assert writer.drain() == 0
    assert path.read_bytes() == UNIT
    assert other.read() == UNIT * 2


def test_a_ring_of_an_odd_size_is_refused():
    with pytest.raises(ValueError, match="power of two"):
        LogWriter(100)


# ---- Files ----


@pytest.mark.parametrize("policy", POLICIES)
def test_each_byte_goes_to_the_file_that_was_newest_when_it_was_published(policy, tmp_path):
    log = Log(tmp_path, policy, 128)
    parts = []
    for i in range(50):
        parts.append(b"%d " % i * (i % 30))
        log.give(parts[-1])
        assert log.switch() == 0
    assert log.writer.sync() == 0
    assert [path.read_bytes() for path in log.names] == [*parts, b""]


def test_a_file_left_behind_is_synced_and_closed(tmp_path):
    log = Log(tmp_path, "everysec")
    path = str(log.names[0].resolve())
    log.give(UNIT)
    assert log.switch() == 0
    log.await_durable()
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("open files are listed on Linux only")

    def is_open():
        return any(path == os.readlink(folder / name) for name in os.listdir(folder) if (folder / name).is_symlink())

    wait_until(lambda: not is_open(), "the file to be closed")


def test_an_existing_file_is_continued(tmp_path):
    path = tmp_path / "old.aof"
    path.write_bytes(UNIT)
    changes = LogWriter(64)
    writer = AofWriter(changes)
    assert writer.attach(os.open(path, os.O_WRONLY | os.O_APPEND), len(UNIT)) == 0
    assert writer.file_size == len(UNIT)
    changes.append(UNIT)
    changes.publish()
    assert writer.drain() == 0
    assert writer.file_size == 2 * len(UNIT)
    assert path.read_bytes() == UNIT * 2


@pytest.mark.parametrize("policy", POLICIES)
def test_detaching_syncs_and_positions_go_on_with_the_next_file(policy, tmp_path):
    log = Log(tmp_path, policy)
    log.give(UNIT * 3)
    assert log.writer.detach() == 0
    assert log.writer.durable == log.changes.position == len(log.given)
    assert log.contents() == log.given
    assert log.writer.detach() == 0
    assert log.switch() == 0
    log.give(UNIT)
    assert log.writer.sync() == 0
    assert log.names[1].read_bytes() == UNIT


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are listed on Linux only")
@pytest.mark.parametrize("policy", ["everysec", "always"])
def test_a_policy_that_asks_for_syncs_has_what_was_written_before_synced(policy, tmp_path):
    """It is synced at once, even if nothing more is written, because a client may be waiting for it."""
    log = Log(tmp_path, "no")
    log.give(UNIT)
    wait_until(all_others_sleep, "the native thread to rest")
    assert log.writer.durable == 0
    log.writer.set_policy(policy)
    log.await_durable()


def all_others_sleep() -> bool:
    """Whether no thread except this one is running."""
    tasks = [path for path in Path("/proc/self/task").iterdir() if path.name != str(threading.get_native_id())]
    return all((path / "stat").read_text().rpartition(")")[2].split()[0] == "S" for path in tasks)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_base_that_is_vouched_for_takes_back_nothing_that_is_durable(policy, tmp_path):
    log = Log(tmp_path, policy)
    log.give(UNIT)
    assert log.switch() == 0
    log.give(UNIT)
    assert log.writer.sync() == 0
    log.writer.vouch(1)
    assert log.writer.durable == len(log.given)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are listed on Linux only")
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("policy", POLICIES)
def test_detaching_leaves_the_errors_of_the_old_file_behind(policy, tmp_path):
    """A newly attached file has no errors, even if the previous one failed."""
    changes = LogWriter(4096)
    writer = AofWriter(changes, policy)
    assert writer.attach(os.open("/dev/full", os.O_WRONLY), 0) == 0
    changes.append(UNIT)
    changes.publish()
    writer.drain()
    wait_until(lambda: writer.error == errno.ENOSPC, "the failure")
    assert writer.detach() == errno.ENOSPC
    assert (writer.error, writer.sync_failed) == (0, False)
    path = tmp_path / "next.aof"
    assert writer.attach(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 0) == 0
    assert writer.drain() == 0
    changes.append(UNIT)
    changes.publish()
    assert writer.sync() == 0
    assert path.read_bytes() == UNIT
    assert writer.durable == writer.written == changes.position == 2 * len(UNIT)


def test_a_writer_that_goes_away_takes_its_thread_and_descriptors_along(tmp_path):
    """Runs in its own process: the kernel may still list another test's thread for a moment after it is joined."""
    run_case("writers_that_go_away", tmp_path)


def test_a_small_disk_fills_up_and_recovers(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        log = Log(disk, "everysec")
        assert log.give(UNIT) == 0
        ballast = fill_disk(disk, leave=8192)
        assert log.give(UNIT * 2000) == errno.ENOSPC
        assert log.contents() == UNIT
        ballast.unlink()
        assert log.writer.drain() == 0
        assert log.contents() == log.given
        assert log.writer.detach() == 0


# ---- Against a model ----

STEPS = st.one_of(
    st.tuples(st.just("append"), st.integers(0, 200)),
    st.tuples(st.just("policy"), st.sampled_from(POLICIES)),
    st.tuples(st.just("pause"), st.booleans()),
    st.tuples(st.sampled_from(["publish", "drain", "sync", "switch"]), st.none()),
)


class Model:
    """A writer, and what its files must contain."""

    def __init__(self, folder: Path, policy: str) -> None:
        self.log = Log(folder, policy, 64)
        self.writer = self.log.writer
        self.changes = self.log.changes
        self.policy = policy
        self.parts = [b""]
        self.pending = b""

    def append(self, size: int) -> None:
        piece = bytes((self.changes.position + i) % 251 for i in range(size))
        self.changes.append(piece)
        self.pending += piece

    def publish(self, _: None = None) -> None:
        self.changes.publish()
        self.parts[-1] += self.pending
        self.pending = b""

    def drain(self, _: None) -> None:
        assert self.writer.drain() == 0
        if self.policy != "always":
            assert self.log.contents() == b"".join(self.parts)

    def sync(self, _: None) -> None:
        assert self.writer.sync() == 0
        assert self.log.contents() == b"".join(self.parts)
        assert self.writer.durable == self.changes.position

    def switch(self, _: None) -> None:
        self.publish()
        assert self.log.switch() == 0
        self.parts.append(b"")

    def set_policy(self, policy: str) -> None:
        self.writer.set_policy(policy)
        self.policy = policy

    def check(self) -> None:
        durable, written = self.writer.durable, self.writer.written
        assert durable <= written <= self.changes.position == sum(map(len, self.parts))

    def finish(self) -> None:
        self.publish()
        assert self.writer.detach() == 0
        assert [path.read_bytes() for path in self.log.names] == self.parts


@settings(max_examples=60)
@given(policy=st.sampled_from(POLICIES), steps=st.lists(STEPS, max_size=40))
def test_the_files_hold_what_a_model_says(policy, steps, tmp_path_factory):
    model = Model(tmp_path_factory.mktemp("model"), policy)
    actions = {"policy": model.set_policy, "pause": model.writer.pause_sync}
    for name, value in steps:
        actions.get(name, getattr(model, name, None))(value)
        model.check()
    model.finish()


@pytest.mark.long
@pytest.mark.skipif(not os.environ.get("PYREDIS_LONG"), reason="builds with a sanitizer: PYREDIS_LONG=1")
def test_the_two_threads_never_race(shim, tmp_path):
    library = subprocess.run(["cc", "-print-file-name=libtsan.so"], capture_output=True, text=True, check=True)
    if not os.path.isabs(library.stdout.strip()):
        pytest.skip("the compiler has no thread sanitizer")
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    ignore = shutil.ignore_patterns("*.so", "*.c", "__pycache__", "types", "commands")
    shutil.copytree(ROOT / "pyredis", tmp_path / "pyredis", ignore=ignore)
    for source in (tmp_path / "pyredis").rglob("*.pyx"):
        if source.stem not in ("log", "log_handle", "aof", "aof_handle"):
            source.unlink()
    build = [sys.executable, "setup.py", "build_ext", "--inplace"]
    subprocess.run(build, cwd=tmp_path, env=os.environ | {"PYREDIS_SANITIZE": "thread"}, check=True)
    built = tmp_path / "pyredis" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"
    code = (
        "import importlib.util, pathlib, sys; import pyredis;"
        "from support import aof_cases; aof_cases.choose_package = lambda: None;"
        "import pyredis.journal.aof; assert pyredis.journal.aof.__file__ == sys.argv[2], pyredis.journal.aof.__file__;"
        "aof_cases.a_storm(pathlib.Path(sys.argv[1]))"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / "tests")]),
        "LD_PRELOAD": library.stdout.strip(),
        "TSAN_OPTIONS": "exitcode=66:halt_on_error=0",
    }
    files = tmp_path / "files"
    files.mkdir()
    command = [sys.executable, "-c", code, str(files), str(built)]
    result = subprocess.run(command, env=environment, cwd=files, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr

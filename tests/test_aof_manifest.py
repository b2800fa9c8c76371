"""The manifest of the append-only files and their folder: Redis's format, and no file is lost in a crash."""

import errno
import os
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyredis.persistence import manifest
from pyredis.persistence.manifest import (
    AofFile,
    AppendOnlyDir,
    FileMissing,
    IncrementalMode,
    Manifest,
    ManifestError,
    parse_manifest,
)
from support.client import encode_command, wait_until
from support.power_loss import Recorder, Stopped

NAME = "appendonly.aof"


def command(*words: str) -> bytes:
    return encode_command(*words)


def append(fd: int, data: bytes) -> None:
    """Write and sync data, as before a client gets its reply."""
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)


def loaded(folder: Path) -> bytes:
    """The data that a server reads when it starts in this folder."""
    directory = AppendOnlyDir(folder / "appendonlydir", NAME)
    directory.load()
    directory.adopt_old_file()
    return b"".join(path.read_bytes() for path in directory.files_to_load())


def opened(folder: Path) -> AppendOnlyDir:
    directory = AppendOnlyDir(folder / "appendonlydir", NAME)
    directory.load()
    return directory


def manifest_text(folder: Path) -> str:
    return (folder / "appendonlydir" / f"{NAME}.manifest").read_text()


# ---- The text ----


def test_a_manifest_is_read_as_it_was_written():
    text = (
        b'file "a b\\"c.aof.4.base.rdb" seq 4 type b\n'
        b"file appendonly.aof.3.incr.aof seq 3 type h\n"
        b"file appendonly.aof.4.incr.aof seq 4 type i\n"
        b"file appendonly.aof.6.incr.aof seq 6 type i\n"
    )
    manifest = parse_manifest(text)
    assert manifest.format() == text
    assert manifest.base == AofFile('a b"c.aof.4.base.rdb', 4, "b")
    assert (manifest.base_seq, manifest.incr_seq) == (4, 6)
    assert [file.seq for file in manifest.files()] == [4, 4, 6]


def test_comments_blanks_case_and_unknown_keys_are_taken_as_redis_takes_them():
    text = b'FILE a SEQ 3 type base extra x\n# c\n  file "b\\x2eaof" seq 7 type i  \n'
    manifest = parse_manifest(text)
    assert manifest.files() == [AofFile("a", 3, "b"), AofFile("b.aof", 7, "i")]


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40))
def test_any_file_name_comes_back(name):
    manifest = Manifest(base=AofFile(name, 1, "b"), base_seq=1)
    assert parse_manifest(manifest.format()) == manifest


BAD_MANIFESTS = [
    b"",
    b"\n",
    b"file a seq 1\n",
    b"file a seq 1 type b",
    b"#c\nfile a/b seq 1 type b\n",
    b"file a seq x type b\n",
    b"file a seq 0 type b\n",
    b"file a seq 1 type z\n",
    b"file a seq 1 type b\nfile b seq 2 type b\n",
    b"file a seq 2 type i\nfile b seq 2 type i\n",
    b'file "a seq 2 type i\n',
    b"file a seq 1 type b odd\n",
    b"file %s seq 1 type b\n" % (b"x" * 1100),
]


@pytest.mark.parametrize("text", BAD_MANIFESTS, ids=repr)
def test_what_is_wrong_with_a_manifest_is_told_in_the_oracles_words(text, start_oracle):
    server = start_oracle("--appendonly", "yes", start=False)
    folder = server.folder / "appendonlydir"
    folder.mkdir(parents=True)
    (folder / f"{NAME}.manifest").write_bytes(text)
    server.start(wait=False)
    wait_until(lambda: not server.running(), "the oracle to give up")
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text)
    log = re.sub(r"(?m)^\d+:M .*? # ", "", server.log())
    told = log[log.index("\n*** FATAL") :]
    assert "".join(f"{line}\n" for line in caught.value.log_lines()) == told


def test_a_file_without_a_name_is_refused():
    with pytest.raises(ManifestError, match="Invalid AOF manifest file format"):
        parse_manifest(b"file '' seq 1 type b\n")


# ---- The folder ----


def test_a_first_start_makes_a_base_and_an_incremental_file_together(tmp_path):
    directory = opened(tmp_path)
    assert directory.files_to_load() == []
    fd = directory.begin_rewrite("held back")
    assert not directory.manifest_path.exists()
    directory.temporary_base().write_bytes(b"base ")
    directory.finish_rewrite(directory.temporary_base(), is_rdb=True)
    append(fd, b"one")
    assert manifest_text(tmp_path) == (
        "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"
    )
    assert loaded(tmp_path) == b"base one"


def test_a_restart_continues_the_newest_incremental_file(tmp_path):
    append(opened(tmp_path).open_incr()[0], b"one ")
    fd, size = opened(tmp_path).open_incr()
    assert size == 4
    append(fd, b"two")
    assert loaded(tmp_path) == b"one two"
    assert opened(tmp_path).total_size() == 7
    assert opened(tmp_path).base_size() == 0


def test_a_rewrite_replaces_what_came_before_and_keeps_what_came_after(tmp_path):
    directory = opened(tmp_path)
    append(directory.open_incr()[0], b"one ")
    fd = directory.begin_rewrite()
    assert loaded(tmp_path) == b"one "
    append(fd, b"two ")
    append(directory.open_new_incr(), b"three ")
    directory.temporary_base().write_bytes(b"base ")
    directory.finish_rewrite(directory.temporary_base(), is_rdb=False)
    assert manifest_text(tmp_path) == (
        "file appendonly.aof.1.base.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type h\n"
        "file appendonly.aof.2.incr.aof seq 2 type i\nfile appendonly.aof.3.incr.aof seq 3 type i\n"
    )
    assert directory.delete_history() == ["appendonly.aof.1.incr.aof"]
    assert sorted(os.listdir(directory.path)) == [
        "appendonly.aof.1.base.aof",
        "appendonly.aof.2.incr.aof",
        "appendonly.aof.3.incr.aof",
        "appendonly.aof.manifest",
    ]
    assert loaded(tmp_path) == b"base two three "


def test_a_rewrite_with_appendonly_off_leaves_the_base_alone_there(tmp_path):
    directory = opened(tmp_path)
    append(directory.open_incr()[0], b"one")
    assert directory.begin_rewrite("none") is None
    directory.temporary_base().write_bytes(b"base")
    directory.finish_rewrite(directory.temporary_base(), is_rdb=True)
    directory.delete_history()
    assert manifest_text(tmp_path) == "file appendonly.aof.1.base.rdb seq 1 type b\n"


def test_an_aborted_rewrite_keeps_what_was_appended_during_it(tmp_path):
    directory = opened(tmp_path)
    append(directory.open_incr()[0], b"one ")
    append(directory.begin_rewrite(), b"two")
    directory.temporary_base().write_bytes(b"half")
    directory.abort_rewrite(directory.temporary_base())
    assert loaded(tmp_path) == b"one two"
    assert directory.remove_temporaries() == []


def test_an_aborted_start_over_leaves_the_old_files_as_they_were(tmp_path):
    directory = opened(tmp_path)
    append(directory.open_incr()[0], b"one")
    append(directory.begin_rewrite("held back"), b"two")
    directory.abort_rewrite()
    assert loaded(tmp_path) == b"one"
    assert sorted(os.listdir(directory.path)) == ["appendonly.aof.1.incr.aof", "appendonly.aof.manifest"]


def test_rewrites_do_not_overlap(tmp_path):
    directory = opened(tmp_path)
    with pytest.raises(RuntimeError):
        directory.finish_rewrite(tmp_path / "base", is_rdb=True)
    os.close(directory.begin_rewrite())
    with pytest.raises(RuntimeError):
        directory.begin_rewrite()


def test_a_missing_file_is_named_as_redis_names_it(tmp_path):
    directory = opened(tmp_path)
    os.close(directory.open_incr()[0])
    (directory.path / "appendonly.aof.1.incr.aof").unlink()
    expected = "Unable to obtain the AOF file appendonly.aof.1.incr.aof length. stat: No such file or directory"
    with pytest.raises(FileMissing) as caught:
        directory.files_to_load()
    assert str(caught.value) == expected
    assert caught.value.errno == errno.ENOENT


def test_files_whose_manifest_is_lost_are_not_overwritten(tmp_path):
    directory = opened(tmp_path)
    append(directory.open_incr()[0], b"one")
    directory.manifest_path.unlink()
    directory = opened(tmp_path)
    append(directory.open_incr()[0], b"two")
    assert (directory.path / "appendonly.aof.1.incr.aof").read_bytes() == b"one"
    assert manifest_text(tmp_path) == "file appendonly.aof.2.incr.aof seq 2 type i\n"


def test_leftovers_of_a_process_that_died_are_removed_at_the_start(tmp_path):
    directory = opened(tmp_path)
    assert directory.remove_temporaries() == []
    append(directory.open_incr()[0], b"one")
    directory.temporary_base().write_bytes(b"half a base")
    manifest = directory.path / f"temp-{NAME}.manifest"
    manifest.write_bytes(b"half a manifest")
    bystander = directory.path / "temp-other"
    bystander.write_bytes(b"not ours")
    assert set(opened(tmp_path).remove_temporaries()) == {directory.temporary_base(), manifest}
    assert bystander.exists()
    assert loaded(tmp_path) == b"one"


def test_a_single_file_of_older_versions_becomes_the_base(tmp_path):
    (tmp_path / NAME).write_bytes(b"old ")
    directory = opened(tmp_path)
    assert directory.adopt_old_file()
    assert not directory.adopt_old_file()
    append(directory.open_incr()[0], b"new")
    assert manifest_text(tmp_path) == (
        "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"
    )
    assert not (tmp_path / NAME).exists()
    assert loaded(tmp_path) == b"old new"


def test_a_single_file_beside_a_folder_in_use_is_left_alone(tmp_path):
    append(opened(tmp_path).open_incr()[0], b"one")
    (tmp_path / NAME).write_bytes(b"old")
    assert not opened(tmp_path).adopt_old_file()
    assert loaded(tmp_path) == b"one"


# ---- Crashes ----


class Life:
    """A server's data over its operations; `answered` is the data that must never be lost."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answered = b""

    def prepare(self) -> None:
        directory = opened(self.folder)
        self.answer(directory.open_incr()[0], b"one ")
        self.answer(directory.open_new_incr(), b"two ")

    def answer(self, fd: int, data: bytes) -> None:
        os.write(fd, data)
        os.fsync(fd)
        os.close(fd)
        self.answered += data


def rewrite(life: Life) -> None:
    """A rewrite whose base repeats the answered data, so that nothing is lost if the data loaded equals it."""
    directory = opened(life.folder)
    fd = directory.begin_rewrite()
    assert fd is not None
    directory.temporary_base().write_bytes(life.answered)
    directory.finish_rewrite(directory.temporary_base(), is_rdb=True)
    os.close(fd)
    directory.delete_history()


def rewrite_twice(life: Life) -> None:
    rewrite(life)
    rewrite(life)


def open_another(life: Life) -> None:
    os.close(opened(life.folder).open_new_incr())


def withdraw(life: Life) -> None:
    directory = opened(life.folder)
    os.close(directory.open_new_incr())
    directory.withdraw_incr()


def abort(life: Life) -> None:
    directory = opened(life.folder)
    fd = directory.begin_rewrite()
    assert fd is not None
    directory.temporary_base().write_bytes(b"half a base")
    os.close(fd)
    directory.abort_rewrite(directory.temporary_base())
    directory.remove_temporaries()


def abort_start_over(life: Life) -> None:
    directory = opened(life.folder)
    fd = directory.begin_rewrite("held back")
    assert fd is not None
    directory.temporary_base().write_bytes(b"half a base")
    os.write(fd, b"what counts for nothing before the base")
    os.close(fd)
    directory.abort_rewrite(directory.temporary_base())


def start_over(life: Life) -> None:
    directory = opened(life.folder)
    fd = directory.begin_rewrite("held back")
    assert fd is not None
    directory.temporary_base().write_bytes(life.answered)
    directory.finish_rewrite(directory.temporary_base(), is_rdb=True)
    os.close(fd)
    directory.delete_history()


def first_start(life: Life) -> None:
    start_over(life)


def adopt(life: Life) -> None:
    directory = opened(life.folder)
    directory.adopt_old_file()
    os.close(directory.open_incr()[0])


OPERATIONS = {
    "a rewrite": (rewrite, Life.prepare),
    "two rewrites": (rewrite_twice, Life.prepare),
    "a new file": (open_another, Life.prepare),
    "a new file withdrawn": (withdraw, Life.prepare),
    "a rewrite given up": (abort, Life.prepare),
    "starting over": (start_over, Life.prepare),
    "starting over given up": (abort_start_over, Life.prepare),
    "a first start": (first_start, lambda life: None),
    "adopting an old file": (adopt, lambda life: _old_file(life)),
}


def _old_file(life: Life) -> None:
    (life.folder / NAME).write_bytes(b"old ")
    life.answered = b"old "


def _new_life(folder: Path, prepare) -> Life:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    life = Life(folder)
    prepare(life)
    return life


def _number_of_calls(monkeypatch, folder, operation, prepare) -> int:
    life = _new_life(folder, prepare)
    recorder = Recorder(folder)
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "os", recorder)
        operation(life)
    assert loaded(folder) == life.answered
    return len(recorder.calls)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the recorder needs Linux's list of open files")
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_crash_or_power_loss_at_any_call_loses_nothing(name, tmp_path, monkeypatch):
    operation, prepare = OPERATIONS[name]
    folder = tmp_path / "life"
    calls = _number_of_calls(monkeypatch, folder, operation, prepare)
    assert calls >= 5
    for stop in range(1, calls + 1):
        life = _new_life(folder, prepare)
        recorder = Recorder(folder, stop)
        with monkeypatch.context() as patch:
            patch.setattr(manifest, "os", recorder)
            with pytest.raises(Stopped):
                operation(life)
        for tree in recorder.after_power_loss(tmp_path / "tree"):
            assert loaded(tree) == life.answered, (stop, recorder.calls)
        assert loaded(folder) == life.answered, (stop, recorder.calls)
        operation(life)
        assert loaded(folder) == life.answered, (stop, recorder.calls)


def _next_process(life: Life, recorder: Recorder, check) -> None:
    """Start with the files that the previous process left, append to them, and delete the files that were replaced."""
    directory = opened(life.folder)
    directory.remove_temporaries()
    directory.adopt_old_file()
    fd, _ = directory.open_incr()
    recorder.write(fd, b"more ")
    recorder.fsync(fd)
    os.close(fd)
    life.answered += b"more "
    check()

    def remove(path: Path) -> None:
        recorder.unlink(path)
        check()

    directory.delete_history(remove)
    check()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the recorder needs Linux's list of open files")
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_power_loss_after_the_start_that_follows_a_crash_loses_nothing(name, tmp_path, monkeypatch):
    """Changes that the first process did not sync may still be lost while the second one is running."""
    operation, prepare = OPERATIONS[name]
    folder = tmp_path / "life"
    for stop in range(1, _number_of_calls(monkeypatch, folder, operation, prepare) + 1):
        life = _new_life(folder, prepare)
        recorder = Recorder(folder, stop)

        def check(life=life, recorder=recorder) -> None:
            for tree in recorder.after_power_loss(tmp_path / "tree"):
                assert loaded(tree) == life.answered, (recorder.stop_after, recorder.calls)

        with monkeypatch.context() as patch:
            patch.setattr(manifest, "os", recorder)
            with pytest.raises(Stopped):
                operation(life)
            _next_process(life, recorder, check)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the recorder needs Linux's list of open files")
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_error_at_any_call_is_raised_and_the_next_attempt_works(name, tmp_path, monkeypatch):
    operation, prepare = OPERATIONS[name]
    folder = tmp_path / "life"
    calls = _number_of_calls(monkeypatch, folder, operation, prepare)
    for stop in range(calls):
        life = _new_life(folder, prepare)
        with monkeypatch.context() as patch:
            patch.setattr(manifest, "os", Recorder(folder, stop, OSError(errno.EIO, "Input/output error")))
            with pytest.raises(OSError, match="Input/output error"):
                operation(life)
        assert loaded(folder) == life.answered, stop
        operation(life)
        assert loaded(folder) == life.answered, stop


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the recorder needs Linux's list of open files")
@pytest.mark.parametrize("kind", ["an old file", "a base"])
def test_a_file_is_on_the_disk_before_it_takes_its_place(kind, tmp_path, monkeypatch):
    """The process that wrote it may not have synced it."""
    life = _new_life(tmp_path / "life", _old_file if kind == "an old file" else Life.prepare)
    directory = opened(life.folder) if kind == "an old file" else _written_base(life)
    written = life.folder / NAME if kind == "an old file" else directory.temporary_base()
    recorder = Recorder(life.folder)
    recorder.contents[written.stat().st_ino] = b""
    monkeypatch.setattr(manifest, "os", recorder)
    if kind == "an old file":
        assert directory.adopt_old_file()
    else:
        directory.finish_rewrite(written, is_rdb=True)
    for tree in recorder.after_power_loss(tmp_path / "tree"):
        assert loaded(tree) == life.answered


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the recorder needs Linux's list of open files")
def test_after_a_new_file_in_vain_the_one_still_written_to_is_the_last_a_loader_finds(tmp_path, monkeypatch):
    """A torn end is accepted only in the last file."""
    folder = tmp_path / "life"
    for stop in range(_number_of_calls(monkeypatch, folder, open_another, Life.prepare)):
        life = _new_life(folder, Life.prepare)
        directory = opened(folder)
        before = directory.manifest.files()
        with monkeypatch.context() as patch:
            patch.setattr(manifest, "os", Recorder(folder, stop, OSError(errno.EIO, "Input/output error")))
            with pytest.raises(OSError, match="Input/output error"):
                directory.open_new_incr()
        assert directory.manifest.files() == opened(folder).manifest.files() == before, stop
        os.close(directory.open_new_incr())
        assert loaded(folder) == life.answered


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the recorder needs Linux's list of open files")
def test_a_folder_that_was_removed_and_made_again_is_on_the_disk(tmp_path, monkeypatch):
    life = _new_life(tmp_path / "life", Life.prepare)
    directory = opened(life.folder)
    os.close(directory.open_incr()[0])
    shutil.rmtree(directory.path)
    recorder = Recorder(life.folder)
    monkeypatch.setattr(manifest, "os", recorder)
    os.close(directory.begin_rewrite("held back"))
    directory.temporary_base().write_bytes(life.answered)
    directory.finish_rewrite(directory.temporary_base(), is_rdb=True)
    for tree in recorder.after_power_loss(tmp_path / "tree"):
        assert loaded(tree) == life.answered


def _written_base(life: Life) -> AppendOnlyDir:
    """A rewrite whose base is written but not yet installed."""
    directory = opened(life.folder)
    fd = directory.begin_rewrite()
    assert fd is not None
    os.close(fd)
    directory.temporary_base().write_bytes(life.answered)
    return directory


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the recorder needs Linux's list of open files")
@pytest.mark.parametrize("restarted", [False, True], ids=["by the same process", "by the next process"])
def test_nothing_is_deleted_before_the_manifest_s_name_is_on_the_disk(restarted, tmp_path, monkeypatch):
    """The manifest is renamed, but the sync of its folder failed: a power loss may bring the old one back."""
    life = _new_life(tmp_path / "life", Life.prepare)
    directory = _written_base(life)
    with monkeypatch.context() as patch:
        recorder = Recorder(life.folder)
        patch.setattr(manifest, "os", recorder)
        directory.finish_rewrite(directory.temporary_base(), is_rdb=True)
    last = len(recorder.calls) - 1
    assert recorder.calls[last] == "fsync"

    life = _new_life(tmp_path / "life", Life.prepare)
    directory = _written_base(life)
    recorder = Recorder(life.folder, last, OSError(errno.EIO, "Input/output error"))
    monkeypatch.setattr(manifest, "os", recorder)
    with pytest.raises(OSError, match="Input/output error"):
        directory.finish_rewrite(directory.temporary_base(), is_rdb=True)
    assert [tree for tree in recorder.after_power_loss(tmp_path / "tree") if "type h" not in manifest_text(tree)]
    if restarted:
        directory = opened(life.folder)
    deleted = []

    def remove(path: Path) -> None:
        recorder.unlink(path)
        deleted.append(path)
        for tree in recorder.after_power_loss(tmp_path / "tree"):
            assert loaded(tree) == life.answered

    directory.delete_history(remove)
    assert len(deleted) == 2


@pytest.mark.parametrize("incremental", ["listed", "held back", "none"])
def test_a_rewrite_that_fails_can_be_aborted_and_repeated_by_the_same_process(incremental, tmp_path, monkeypatch):
    life = _new_life(tmp_path / "life", Life.prepare)
    directory = opened(life.folder)
    stop = 0
    failed = True
    while failed:
        with monkeypatch.context() as patch:
            patch.setattr(manifest, "os", Recorder(life.folder, stop, OSError(errno.ENOSPC, "No space left")))
            failed = _try_rewrite(directory, life, incremental)
        if failed:
            directory.abort_rewrite(directory.temporary_base())
        assert parse_manifest(directory.manifest_path.read_bytes()).files() == directory.manifest.files()
        assert loaded(life.folder) == life.answered
        stop += 1
    assert stop > 10


def test_what_has_been_replaced_stays_until_the_manifest_that_says_so_is_durable(tmp_path, monkeypatch):
    """This holds for every attempt while the folder cannot be synced."""
    directory = opened(tmp_path)
    append(directory.open_incr()[0], command("SET", "a", "1"))
    append(directory.begin_rewrite(), command("SET", "b", "2"))
    directory.temporary_base().write_bytes(command("SET", "a", "1"))
    sync = manifest._sync_path

    def fail(path):
        if Path(path) == directory.path and directory.manifest.history:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(path)

    monkeypatch.setattr(manifest, "_sync_path", fail)
    with pytest.raises(OSError, match="Input/output error"):
        directory.finish_rewrite(directory.temporary_base(), is_rdb=False)
    directory.abort_rewrite(directory.temporary_base())
    replaced = [directory.path / file.name for file in directory.manifest.history]
    assert replaced
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output error"):
            directory.delete_history()
        assert all(path.exists() for path in replaced)
    monkeypatch.undo()
    assert directory.delete_history() == [path.name for path in replaced]
    assert not any(path.exists() for path in replaced)
    assert loaded(tmp_path) == command("SET", "a", "1") + command("SET", "b", "2")


def _try_rewrite(directory: AppendOnlyDir, life: Life, incremental: IncrementalMode) -> bool:
    """Run a rewrite; return whether it failed."""
    fd = None
    try:
        fd = directory.begin_rewrite(incremental)
        directory.temporary_base().write_bytes(life.answered)
        directory.finish_rewrite(directory.temporary_base(), is_rdb=True)
        directory.delete_history()
    except OSError:
        return True
    finally:
        if fd is not None:
            os.close(fd)
    return False


# ---- Compared with the oracle ----


@pytest.mark.parametrize("filename", ["appendonly.aof", 'a b"c.aof'])
def test_manifests_are_the_oracles_byte_for_byte(filename, start_oracle, tmp_path):
    server = start_oracle("--appendonly", "yes", "--appendfilename", filename, "--aof-disable-auto-gc", "yes")
    theirs = server.folder / "appendonlydir" / f"{filename}.manifest"
    directory = AppendOnlyDir(tmp_path / "ours", filename)
    modes = ["held back", "listed", "listed", "listed"]
    with server.client() as client:
        for number, mode in enumerate(modes, start=1):
            if mode == "listed":
                client.must("BGREWRITEAOF")
                wait_until(lambda seq=number: f".{seq}.base.rdb".encode() in theirs.read_bytes(), "the rewrite")
            os.close(directory.begin_rewrite(mode))
            directory.temporary_base().write_bytes(b"")
            directory.finish_rewrite(directory.temporary_base(), is_rdb=True)
            assert directory.manifest_path.read_bytes() == theirs.read_bytes()
            assert parse_manifest(theirs.read_bytes()) == directory.manifest
        client.must("CONFIG", "SET", "aof-disable-auto-gc", "no")
    directory.delete_history()
    wait_until(lambda: directory.manifest_path.read_bytes() == theirs.read_bytes(), "the oracle to delete its history")
    wait_until(lambda: sorted(os.listdir(theirs.parent)) == sorted(os.listdir(directory.path)), "the same files")


def test_the_oracle_starts_from_our_folder_after_every_kind_of_change(start_oracle):
    server = start_oracle("--appendonly", "yes", "--aof-use-rdb-preamble", "no", start=False)
    server.folder.mkdir(parents=True, exist_ok=True)
    directory = opened(server.folder)
    append(directory.open_incr()[0], command("SET", "a", "1"))
    append(directory.begin_rewrite(), command("SET", "c", "3"))
    directory.temporary_base().write_bytes(command("SET", "a", "1") + command("SET", "b", "2"))
    directory.finish_rewrite(directory.temporary_base(), is_rdb=False)
    append(directory.open_new_incr(), command("SET", "d", "4"))
    server.start()
    with server.client() as client:
        assert client.do("MGET", "a", "b", "c", "d") == [b"1", b"2", b"3", b"4"]
        client.must("SET", "e", "5")
    server.kill()
    directory = opened(server.folder)
    assert loaded(server.folder).endswith(command("SET", "e", "5"))
    directory.delete_history()
    append(directory.open_incr()[0], command("SET", "f", "6"))
    server.start()
    with server.client() as client:
        assert client.do("DBSIZE") == 6


def test_the_oracle_adopts_an_old_file_as_we_do(start_oracle, tmp_path):
    server = start_oracle("--appendonly", "yes", start=False)
    for folder in (server.folder, tmp_path / "ours"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NAME).write_bytes(command("SELECT", "0") + command("SET", "a", "1"))
    server.start()
    directory = opened(tmp_path / "ours")
    assert directory.adopt_old_file()
    os.close(directory.open_incr()[0])
    assert manifest_text(tmp_path / "ours") == manifest_text(server.folder)

"""Two servers and one folder of append-only files: the second is refused, and nothing stale remains."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest
import redis

import pyredis
from pyredis.persistence import folder_lock
from pyredis.persistence.folder_lock import FolderInUse, FolderLock, lock_path
from support.client import wait_until
from support.paths import server_environment

HOLD = """
    import sys
    from pyredis.persistence.folder_lock import FolderLock
    lock = FolderLock(sys.argv[1])
    print("held", flush=True)
    sys.stdin.read()
"""
OPEN = """
    import sys, pyredis
    db = pyredis.open(sys.argv[1])
    db.execute_command("SET", "k", 1)
    print("held", flush=True)
    sys.stdin.read()
"""


def start_program(source, *arguments):
    program = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(source), *map(str, arguments)],
        env=server_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == "held\n"
    return program


@pytest.fixture
def holder():
    """A function that runs a program until the test ends. It must print ``held``."""
    programs = []

    def start(source, *arguments):
        programs.append(start_program(source, *arguments))
        return programs[-1]

    yield start
    for program in programs:
        program.kill()
        program.communicate()


def is_free(folder) -> bool:
    try:
        FolderLock(folder).release()
    except FolderInUse:
        return False
    return True


# ---- the lock ----


def test_the_lock_of_another_process_names_it(tmp_path, holder):
    program = holder(HOLD, tmp_path / "f")
    with pytest.raises(FolderInUse, match=rf"f is in use by process {program.pid}$"):
        FolderLock(tmp_path / "f")


def test_a_second_lock_of_the_same_process_is_refused_under_any_spelling(tmp_path):
    (tmp_path / "f").mkdir()
    (tmp_path / "link").symlink_to("f")
    first = FolderLock(tmp_path / "f")
    for spelling in (tmp_path / "f", tmp_path / "link", tmp_path / "f" / ".." / "f"):
        with pytest.raises(FolderInUse, match="in use by this process already"):
            FolderLock(spelling)
    first.release()
    assert is_free(tmp_path / "f")


def test_a_killed_process_leaves_no_lock(tmp_path, holder):
    program = holder(HOLD, tmp_path / "f")
    program.kill()
    program.wait()
    lock = FolderLock(tmp_path / "f")
    assert int(lock_path(tmp_path / "f").read_text()) == os.getpid()
    lock.release()


def test_a_copy_of_the_files_does_not_lose_the_lock(tmp_path):
    lock = FolderLock(tmp_path / "f")
    shutil.copy(lock_path(tmp_path / "f"), tmp_path / "copy")
    assert not is_free(tmp_path / "f")
    lock.release()


def test_a_forked_child_that_lives_on_does_not_keep_the_lock(tmp_path, holder):
    program = holder(
        """
        import os, sys
        from pyredis.persistence.folder_lock import FolderLock
        lock = FolderLock(sys.argv[1])
        if os.fork() == 0:
            print("held", flush=True)
            sys.stdin.read()
            os._exit(0)
        os.waitpid(-1, 0)
        """,
        tmp_path / "f",
    )
    assert not is_free(tmp_path / "f")
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    assert is_free(tmp_path / "f")


def test_a_lock_that_is_collected_is_released(tmp_path):
    lock = FolderLock(tmp_path / "f")
    assert lock.failure is None
    del lock
    assert is_free(tmp_path / "f")


def test_a_number_that_is_not_written_yet_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_lock, "TRIES", 2)
    path = lock_path(tmp_path / "f")
    with path.open("w+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(FolderInUse, match="in use by another process"):
            FolderLock(tmp_path / "f")
        file.write(b"%d\n" % (1 << 22))
        file.flush()
        with pytest.raises(FolderInUse, match="in use by process 4194304, which is not to be seen from here"):
            FolderLock(tmp_path / "f")


def test_a_file_of_another_user_is_locked_all_the_same(tmp_path, monkeypatch):
    lock_path(tmp_path / "f").touch()
    opened = os.open

    def refuse_writing(path, flags, *mode):
        if flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *mode)

    monkeypatch.setattr(os, "open", refuse_writing)
    lock = FolderLock(tmp_path / "f")
    assert lock.failure is None
    with pytest.raises(FolderInUse):
        FolderLock(tmp_path / "f")
    lock.release()


def test_a_file_system_without_locks_is_used_without(tmp_path, monkeypatch):
    def fail(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(folder_lock.fcntl, "flock", fail)
    assert FolderLock(tmp_path / "f").failure.errno == errno.ENOLCK


# ---- servers ----


def test_a_second_server_is_refused_and_leaves_the_socket_of_the_first(start_ours):
    first = start_ours("--appendonly", "yes", "--unixsocket", "redis.sock", name="same")
    socket = first.folder / "redis.sock"
    before = socket.stat().st_ino
    second = start_ours("--appendonly", "yes", "--unixsocket", "redis.sock", name="same", wait=False)
    assert second.wait_exit() == 1
    assert f"appendonlydir is in use by process {first.pid}" in second.log()
    assert socket.stat().st_ino == before
    with first.client() as client:
        client.must("SET", "k", "1")
    first.restart()
    first.restart(crash=True)
    with first.client() as client:
        assert client.must("GET", "k") == b"1"


def test_a_folder_is_locked_while_appendonly_is_on(start_ours, tmp_path):
    server = start_ours("--appendonly", "no", name="same")
    folder = server.folder / "appendonlydir"
    with server.client() as client:
        assert is_free(folder)
        client.must("CONFIG", "SET", "appendonly", "yes")
        assert not is_free(folder)
        wait_until(lambda: "aof_rewrite_in_progress:0" in client.must("INFO", "persistence").decode(), "a base")
        client.must("CONFIG", "SET", "appendonly", "no")
        wait_until(lambda: is_free(folder), "the lock's end")
        client.must("BGREWRITEAOF")
        wait_until(lambda: is_free(folder), "the end of the rewrite")
        other = FolderLock(folder)
        assert "check the server logs" in str(client.call("BGREWRITEAOF"))
        assert "Unable to turn on AOF" in str(client.call("CONFIG", "SET", "appendonly", "yes"))
        other.release()
        client.must("CONFIG", "SET", "appendonly", "yes")


def test_servers_and_databases_of_one_process_do_not_share_a_folder(tmp_path):
    with pyredis.Server(dir=tmp_path) as server:
        with pytest.raises(pyredis.LoadError, match="appendonlydir is in use by this process already"):
            pyredis.Server(dir=tmp_path).start()
        with pytest.raises(pyredis.LoadError, match="in use by this process already"):
            pyredis.open(tmp_path)
        redis.Redis.from_url(server.url).set("k", 1)
    with pyredis.open(tmp_path) as db:
        assert db.execute_command("GET", "k") == b"1"
        with pytest.raises(pyredis.LoadError, match="in use by this process already"):
            pyredis.Server(dir=tmp_path).start()
    with pyredis.Server(dir=tmp_path) as server:
        assert redis.Redis.from_url(server.url).get("k") == b"1"


def test_a_database_of_another_process_is_named_and_lost_when_that_is_killed(tmp_path, holder):
    program = holder(OPEN, tmp_path)
    with pytest.raises(pyredis.LoadError, match=f"in use by process {program.pid}$"):
        pyredis.open(tmp_path)
    program.kill()
    program.wait()
    with pyredis.open(tmp_path) as db:
        assert db.execute_command("GET", "k") == b"1"


def test_a_start_that_fails_later_keeps_no_lock(tmp_path):
    (tmp_path / "appendonlydir").mkdir()
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense")
    for _ in range(2):
        with pytest.raises(pyredis.LoadError, match=r"(?i)manifest"):
            pyredis.open(tmp_path)
    assert is_free(tmp_path / "appendonlydir")


def test_shutdown_by_a_client_releases_the_folder(tmp_path):
    with pyredis.Server(dir=tmp_path) as server:
        redis.Redis.from_url(server.url).shutdown()
        wait_until(lambda: not server.running, "the end")
        with pyredis.open(tmp_path):
            pass


def test_a_folder_without_locks_gets_a_warning(tmp_path, monkeypatch, caplog):
    def fail(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(folder_lock.fcntl, "flock", fail)
    with pyredis.open(tmp_path) as db:
        db.execute_command("SET", "k", 1)
    assert "appendonlydir: No locks available. Make sure that no other server uses this folder." in caplog.text

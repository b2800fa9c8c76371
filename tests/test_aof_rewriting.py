"""Rewriting the append-only file: on request, automatically, under load, turned off and on, and when it fails."""

import os
import signal
import threading
from contextlib import contextmanager, suppress

import pytest

from support.aof_folder import info, listed, present
from support.client import wait_until
from support.fsfaults import SyncGate, injected

ONCE = ("--appendonly", "yes", "--auto-aof-rewrite-percentage", "0")


def rewrite(client):
    """Run BGREWRITEAOF and wait until the rewrite has ended."""
    before = int(info(client)["aof_rewrites"])
    client.must("BGREWRITEAOF")
    wait_until(lambda: int(info(client)["aof_rewrites"]) > before, "the start of the rewrite")
    rewritten(client)


def rewritten(client):
    wait_until(lambda: info(client)["aof_rewrite_in_progress"] == "0", "the end of the rewrite")


def digest(server):
    with server.client() as client:
        return client.must("DEBUG", "DIGEST")


def survives(server, **options):
    """Assert that the data is the same after SIGKILL and a restart."""
    before = digest(server)
    server.restart(crash=True)
    assert digest(server) == before


def fill(client, count=2000):
    client.pipeline([["SET", f"key{number}", "x" * 100] for number in range(count)])
    client.must("SET", "expiring", "v", "PX", 10_000_000)
    client.must("SET", "number", 12345)
    client.must("HSET", "small", "f", "v")
    client.must("HSET", "large", *[f"f{number}" for number in range(1000)])
    client.must("HPEXPIRE", "large", 10_000_000, "FIELDS", 2, "f0", "f2")
    client.must("PEXPIRE", "large", 20_000_000)
    client.must("SELECT", 5)
    client.must("SET", "five", "5")
    client.must("SELECT", 0)


class Load:
    """Clients that increment counters, each in its own thread; every change that was answered must exist afterwards."""

    def __init__(self, server, clients=3):
        self.answered = [0] * clients
        self._stop = threading.Event()
        self._server = server
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]

    def _run(self, number):
        with self._server.client() as client:
            while not self._stop.is_set():
                self.answered[number] = client.must("INCR", f"counter{number}")
                client.must("HINCRBY", "counters", number, 1)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        wait_until(lambda: all(self.answered), "the load")
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def check(self, client):
        for number, answered in enumerate(self.answered):
            assert client.must("GET", f"counter{number}") == b"%d" % answered
            assert client.must("HGET", "counters", number) == b"%d" % answered


def test_a_rewrite_keeps_everything_and_shrinks_the_file(start_ours):
    server = start_ours(*ONCE)
    with server.client() as client:
        for _ in range(5):
            fill(client)
        before = info(client)
        rewrite(client)
        after = info(client)
        assert int(after["aof_current_size"]) < int(before["aof_current_size"]) // 3
        assert after["aof_base_size"] == after["aof_current_size"]
        assert after["aof_last_bgrewrite_status"] == "ok"
        assert after["aof_rewrites"] == "1"
        assert after["aof_rewrites_consecutive_failures"] == "0"
        client.must("SET", "after", "1")
    kept = [("appendonly.aof.1.base.aof", "b"), ("appendonly.aof.2.incr.aof", "i")]
    wait_until(lambda: listed(server.folder) == kept, "the old files to be deleted")
    assert len(present(server.folder)) == 3
    survives(server)


def test_many_rewrites_in_a_row_under_load_lose_and_repeat_nothing(start_ours):
    server = start_ours(*ONCE)
    with server.client() as client:
        fill(client)
        with Load(server) as load:
            for _ in range(12):
                rewrite(client)
        load.check(client)
    before = digest(server)
    server.restart(crash=True)
    assert digest(server) == before
    with server.client() as client:
        load.check(client)


@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
@pytest.mark.parametrize("paused", ["yes", "no"])
def test_rewrites_under_load_in_every_mode(start_ours, fsync, paused):
    server = start_ours(*ONCE, "--appendfsync", fsync, "--no-appendfsync-on-rewrite", paused)
    with server.client() as client:
        fill(client)
        with Load(server) as load:
            for _ in range(3):
                rewrite(client)
    server.restart(crash=True)
    with server.client() as client:
        load.check(client)


def test_what_changes_while_the_snapshot_is_made_is_in_it_once(start_ours):
    """Each change happens before, during or after the iteration; appended text would show a second execution."""
    server = start_ours(*ONCE)
    with server.client() as client:
        client.pipeline([["SET", f"k{number}", "0"] for number in range(60000)])
        _, told = client.pipeline([["BGREWRITEAOF"], ["INFO", "persistence"]])
        assert b"aof_rewrite_in_progress:1\r\n" in told.decoded
        for start in range(0, 59500, 700):
            numbers = range(start, start + 700, 7)
            client.pipeline([["APPEND", f"k{number}", "1"] for number in numbers])
            client.pipeline([["RENAME", f"k{number + 1}", f"renamed{number}"] for number in numbers])
            client.pipeline([["DEL", f"k{number + 2}"] for number in numbers])
            client.pipeline([["PEXPIRE", f"k{number + 3}", 10_000_000] for number in numbers])
        rewritten(client)
    survives(server)


def test_a_flush_amid_a_rewrite_does_not_disturb_it(start_ours):
    server = start_ours(*ONCE)
    with server.client() as client:
        client.pipeline([["SET", f"k{number}", "0"] for number in range(60000)])
        amid = [["SET", "early", "1"], ["FLUSHALL"], ["SET", "late", "1"], ["INFO", "persistence"]]
        *_, told = client.pipeline([["BGREWRITEAOF"], *amid])
        assert b"aof_rewrite_in_progress:1\r\n" in told.decoded
        rewritten(client)
        assert info(client)["aof_rewrites"] == "1"
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("KEYS", "*") == [b"late"]


def test_a_large_hash_is_rewritten_while_it_is_written(start_ours):
    server = start_ours(*ONCE)
    with server.client() as client:
        for start in range(0, 300_000, 5000):
            client.must("HSET", "large", *[text for n in range(start, start + 5000) for text in (n, "x" * 10)])
        client.must("HPEXPIRE", "large", 10_000_000, "FIELDS", 3, "1", "2", "3")
        changes = rewrites = 0
        while changes <= 10:
            # On a busy machine a rewrite may end before our request is handled.
            assert rewrites < 20, "no client is served during a rewrite"
            rewrites += 1
            client.must("BGREWRITEAOF")
            while info(client)["aof_rewrite_in_progress"] == "1":
                client.must("HSET", "large", changes * 7919 % 300_000, "changed", f"new:{changes}", "new")
                client.must("HDEL", "large", changes * 104729 % 300_000)
                changes += 1
    survives(server)


def test_databases_swapped_amid_a_rewrite_are_kept(start_ours):
    server = start_ours(*ONCE)
    with server.client() as client:
        client.pipeline([["SET", f"k{number}", "0"] for number in range(60000)])
        client.must("BGREWRITEAOF")
        client.must("SWAPDB", 0, 1)
        client.must("SET", "now in 0", "1")
        rewritten(client)
        assert info(client)["aof_rewrites"] == "1"
    survives(server)


def test_the_file_is_rewritten_by_itself_when_it_has_grown(start_ours):
    server = start_ours("--appendonly", "yes", "--auto-aof-rewrite-min-size", "100kb")
    with server.client() as client:
        for _ in range(30):
            client.pipeline([["SET", "same", "x" * 100]] * 200)
        wait_until(lambda: info(client)["aof_rewrites"] != "0", "a rewrite")
        rewritten(client)
        assert int(info(client)["aof_base_size"]) < 500_000
    assert "Starting automatic rewriting of AOF on" in server.log()
    survives(server)


def on_disk(server, kinds="bi"):
    """Bytes in the files that the manifest lists."""
    folder = server.folder / "appendonlydir"
    return sum((folder / name).stat().st_size for name, kind in listed(server.folder) if kind in kinds)


def test_the_sizes_told_are_those_of_the_files_before_amid_and_after_a_rewrite(start_ours, tmp_path):
    """The base cannot be finished until the gate opens; the other files are not synced."""
    gate = SyncGate(tmp_path, "fdatasync")
    server = start_ours(*ONCE, "--appendfsync", "no", environment=gate.environment)

    def check(client):
        client.must("SET", "more", "x" * 1000)
        assert int(info(client)["aof_current_size"]) == on_disk(server)

    with server.client() as client:
        for _ in range(3):
            fill(client, 100)
            check(client)
            with gate.shut():
                client.must("BGREWRITEAOF")
                wait_until(lambda: info(client)["aof_rewrite_in_progress"] == "1", "the start of the rewrite")
                check(client)
            rewritten(client)
            told = info(client)
            assert int(told["aof_base_size"]) == int(told["aof_current_size"]) == on_disk(server)
            check(client)
    server.restart()
    with server.client() as client:
        assert int(info(client)["aof_base_size"]) == on_disk(server, "b")
        check(client)


def test_a_second_request_is_refused_and_one_inside_a_transaction_waits(start_ours):
    server = start_ours(*ONCE)
    with server.client() as client:
        client.pipeline([["SET", f"k{number}", "0"] for number in range(60000)])
        first, second = client.pipeline([["BGREWRITEAOF"], ["BGREWRITEAOF"]])
        assert first.decoded == "Background append only file rewriting started"
        assert second.raw == b"-ERR Background append only file rewriting already in progress\r\n"
        rewritten(client)
        client.pipeline([["MULTI"], ["INCR", "n"], ["BGREWRITEAOF"], ["INCR", "n"]])
        assert client.must("EXEC") == [1, "Background append only file rewriting scheduled", 2]
        wait_until(lambda: info(client)["aof_rewrites"] == "2", "the scheduled rewrite")
        rewritten(client)
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("GET", "n") == b"2"


@pytest.mark.parametrize("mode", ["SKIP", "OFF"])
def test_client_reply_withholds_the_reply_of_a_rewrite(start_ours, mode):
    """The reply is sent only when the rewrite's files are open, long after the command has returned."""
    server = start_ours(*ONCE)
    with server.client() as client:
        client.send("CLIENT", "REPLY", mode)
        client.send("BGREWRITEAOF")
        client.send("CLIENT", "REPLY", "ON")
        client.send("PING")
        assert [client.read().decoded for _ in range(2)] == ["OK", "PONG"]
        rewritten(client)


def test_a_scheduled_rewrite_is_forgotten_when_the_file_is_turned_off(start_ours):
    server = start_ours(*ONCE)
    with server.client() as client:
        fill(client)
        client.pipeline([["MULTI"], ["BGREWRITEAOF"], ["CONFIG", "SET", "appendonly", "no"]])
        assert client.must("EXEC") == ["Background append only file rewriting scheduled", "OK"]
        wait_until(lambda: info(client)["aof_enabled"] == "0", "the file to be turned off")
        told = info(client)
        assert (told["aof_rewrite_scheduled"], told["aof_rewrite_in_progress"], told["aof_rewrites"]) == ("0", "0", "0")


# ---- how large the files are ----


def sizes_told(client, server):
    """INFO's (current size, base size), and the bytes of the listed files by type ("b": base, "i": incremental)."""
    folder = server.folder / "appendonlydir"
    files = dict.fromkeys("bi", 0)
    for name, kind in listed(server.folder):
        if kind in files:
            files[kind] += (folder / name).stat().st_size
    told = info(client)
    return (int(told["aof_current_size"]), int(told["aof_base_size"])), files


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_the_size_told_is_that_of_all_files_that_count(start_ours):
    server = start_ours(*ONCE)

    def check(client):
        (current, base), files = sizes_told(client, server)
        assert (current, base) == (files["b"] + files["i"], files["b"])
        return files

    with server.client() as client:
        fill(client)
        assert check(client)["b"] == 0
        # Two failed rewrites leave three incremental files.
        for number in range(2):
            place = server.folder / "appendonlydir" / f"temp-rewriteaof-bg-{server.process.pid}.aof"
            place.symlink_to("/dev/full")
            client.must("BGREWRITEAOF")
            wait_until(lambda count=number + 1: failures(client) == count, "the failure")
            client.must("SET", f"after{number}", "x" * 1000)
            assert check(client)["i"] > 100_000
        assert len(listed(server.folder)) == 3
        rewrite(client)
        client.must("SET", "later", "x" * (check(client)["b"] // 2))
        files = check(client)
    server.restart()
    with server.client() as client:
        assert check(client) == files
        # After a start, growth is measured from the size of the base: the files have grown by half since.
        client.must("CONFIG", "SET", "auto-aof-rewrite-min-size", "1")
        client.must("CONFIG", "SET", "auto-aof-rewrite-percentage", "40")
        wait_until(lambda: info(client)["aof_rewrites"] == "1", "an automatic rewrite")


def failures(client):
    return int(info(client)["aof_rewrites_consecutive_failures"])


# ---- off and on ----


def test_turned_on_while_serving_everything_is_kept_once_the_base_is_there(start_ours):
    server = start_ours("--appendonly", "no")
    with server.client() as client:
        fill(client)
        assert info(client)["aof_enabled"] == "0"
        with Load(server) as load:
            client.must("CONFIG", "SET", "appendonly", "yes")
            rewritten(client)
        assert info(client)["aof_enabled"] == "1"
    before = digest(server)
    server.kill()
    server.arguments[server.arguments.index("no")] = "yes"
    server.start()
    assert digest(server) == before
    with server.client() as client:
        load.check(client)


def test_turned_off_and_on_again_what_came_between_is_kept_and_replies_go_out(start_ours):
    server = start_ours(*ONCE)
    with server.client() as client:
        fill(client)
        replies = client.pipeline(
            [
                ["SET", "a", "1"],
                ["CONFIG", "SET", "appendonly", "no"],
                ["SET", "a", "2"],
                ["CONFIG", "SET", "appendonly", "yes"],
                ["SET", "a", "3"],
                ["GET", "a"],
            ]
        )
        assert [reply.decoded for reply in replies] == ["OK"] * 5 + [b"3"]
        rewritten(client)
        client.must("CONFIG", "SET", "appendonly", "no")
        client.must("SET", "b", "untold")
        client.must("CONFIG", "SET", "appendonly", "yes")
        rewritten(client)
    survives(server)


def test_turned_on_amid_another_rewrite_and_flushed_meanwhile_the_base_comes_later(start_ours):
    server = start_ours("--appendonly", "no")
    with server.client() as client:
        client.pipeline([["SET", f"k{number}", "0"] for number in range(60000)])
        client.must("BGREWRITEAOF")
        client.must("CONFIG", "SET", "appendonly", "yes")
        client.must("SET", "early", "1")
        client.must("FLUSHALL")
        client.must("SET", "late", "1")
        wait_until(lambda: "finished successfully" in server.log(), "the base")
    server.kill()
    server.arguments[server.arguments.index("no")] = "yes"
    server.start()
    with server.client() as client:
        assert client.must("KEYS", "*") == [b"late"]


@pytest.mark.parametrize("values", [["yes", "no"], ["yes", "no", "yes", "no"]], ids=" ".join)
def test_turned_off_before_there_is_a_base_it_stays_off(start_ours, values):
    """The cron runs many times meanwhile; each time it would start to write a missing base."""
    server = start_ours("--appendonly", "no", "--hz", "500")
    with server.client() as client:
        client.must("SET", "a", "1")
        turned = client.pipeline([["CONFIG", "SET", "appendonly", value] for value in values])
        assert [reply.decoded for reply in turned] == ["OK"] * len(values)
        client.must("SET", "short", "1", "PX", 100)
        wait_until(lambda: client.must("GET", "short") is None, "many runs of the cron")
        told = info(client)
        assert (told["aof_enabled"], told["aof_rewrite_in_progress"]) == ("0", "0")
        assert int(told["aof_rewrites"]) == values.count("yes")
        client.send("SHUTDOWN")
        assert client.read_to_end() == b""
    assert server.wait_exit() == 0


def test_turned_off_and_on_inside_a_transaction(start_ours):
    server = start_ours(*ONCE)
    with server.client() as client:
        client.pipeline([["MULTI"], ["SET", "a", "1"], ["CONFIG", "SET", "appendonly", "no"], ["SET", "b", "1"]])
        assert client.must("EXEC") == ["OK"] * 3
        wait_until(lambda: info(client)["aof_enabled"] == "0", "the file to be turned off")
        client.pipeline([["MULTI"], ["INCR", "n"], ["CONFIG", "SET", "appendonly", "yes"], ["INCR", "n"]])
        assert client.must("EXEC") == [1, "OK", 2]
        wait_until(lambda: info(client)["aof_last_rewrite_time_sec"] != "-1", "the base")
    survives(server)


def test_a_rewrite_with_appendonly_no_makes_a_base(start_ours):
    server = start_ours("--appendonly", "no")
    with server.client() as client:
        fill(client)
        rewrite(client)
        rewrite(client)
    wait_until(lambda: listed(server.folder) == [("appendonly.aof.2.base.aof", "b")], "the old file to be deleted")
    before = digest(server)
    server.kill()
    server.arguments[server.arguments.index("no")] = "yes"
    server.start()
    assert digest(server) == before


# ---- the server ends during a rewrite ----


@pytest.mark.parametrize("how", ["SIGTERM", "SHUTDOWN", "SIGKILL"])
def test_the_server_may_end_amid_a_rewrite(start_ours, how):
    server = start_ours(*ONCE)
    with server.client() as client:
        client.pipeline([["SET", f"k{number}", "0"] for number in range(60000)])
        client.must("BGREWRITEAOF")
        client.must("SET", "last", "1")
        before = client.must("DBSIZE")
        if how == "SHUTDOWN":
            client.send("SHUTDOWN")
        elif how == "SIGTERM":
            server.process.send_signal(signal.SIGTERM)
        else:
            server.kill()
        status = server.wait_exit()
    assert status == (-signal.SIGKILL if how == "SIGKILL" else 0)
    server.start()
    with server.client() as client:
        assert client.must("DBSIZE") == before
        assert client.must("GET", "last") == b"1"
    assert not any(name.startswith("temp-") for name in present(server.folder))


def test_the_first_base_is_not_left_unfinished_by_a_shutdown(start_ours, tmp_path):
    server = start_ours("--appendonly", "no")
    with server.client() as client:
        client.pipeline([["SET", f"k{number}", "0"] for number in range(60000)])
        turned, refused = client.pipeline([["CONFIG", "SET", "appendonly", "yes"], ["SHUTDOWN"]])
        assert turned.decoded == "OK"
        assert refused.raw == b"-ERR Errors trying to SHUTDOWN. Check logs.\r\n"
        rewritten(client)
        assert client.must("PING") == "PONG"
    assert "Writing initial AOF, can't exit" in server.log()


# ---- while the files of a rewrite are being opened ----


@pytest.fixture
def gate(tmp_path):
    return SyncGate(tmp_path, "fsync")


@contextmanager
def being_opened(server, client, gate):
    """Request a rewrite and hold the syncs of its files for the block; the client must read the reply after it."""
    with gate.shut():
        client.send("BGREWRITEAOF")
        with server.client() as other:
            wait_until(lambda: info(other)["aof_rewrite_in_progress"] == "1", "the start of the rewrite")
            yield other


def open_files(server):
    """The names of the append-only files that the server has open, including deleted ones."""
    links = []
    for entry in os.scandir(f"/proc/{server.process.pid}/fd"):
        with suppress(FileNotFoundError):
            links.append(os.readlink(entry.path))
    return [link.rpartition("/")[2] for link in links if "/appendonlydir/" in link]


def newest_alone_is_open(server):
    """Wait until only the file being written is open; the previous one is closed by another thread."""
    if not os.path.exists("/proc/self/fd"):
        return
    newest = [name for name, kind in listed(server.folder) if kind == "i"][-1]
    wait_until(lambda: open_files(server) == [newest], "the other files to be closed")


def test_others_are_served_while_the_files_are_opened_and_lose_nothing(start_ours, gate):
    server = start_ours(*ONCE, environment=gate.environment)
    with server.client() as client:
        fill(client)
        with being_opened(server, client, gate) as other:
            for number in range(100):
                assert other.must("SET", f"meanwhile{number}", number) == "OK"
            assert other.call("BGREWRITEAOF").raw.startswith(b"-ERR Background append only file rewriting already in")
            assert client.is_silent(0)
        assert client.read().decoded == "Background append only file rewriting started"
        rewritten(client)
    survives(server)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_the_server_may_end_while_the_files_are_opened(start_ours, gate, how):
    server = start_ours(*ONCE, environment=gate.environment)
    with server.client() as client:
        fill(client)
        with being_opened(server, client, gate) as other:
            other.must("SET", "meanwhile", 1)
            before = other.must("DEBUG", "DIGEST")
            assert client.is_silent(0)
            server.process.send_signal(getattr(signal, how))
        server.wait_exit()
    server.start()
    assert digest(server) == before


def test_appendonly_may_be_turned_off_while_the_files_are_opened(start_ours, tmp_path):
    """CONFIG SET waits for the files to be opened, so a gate cannot be used; instead, one sync is slow."""
    server = start_ours(*ONCE)
    with server.client() as client, server.client() as other:
        fill(client)
        with injected(server.pid, tmp_path, "fsync:delay_enter=2000000:when=1"):
            client.send("BGREWRITEAOF")
            wait_until(lambda: info(other)["aof_rewrite_in_progress"] == "1", "the start of the rewrite")
            assert other.must("CONFIG", "SET", "appendonly", "no") == "OK"
            assert other.must("SET", "meanwhile", 1) == "OK"
        assert client.read().raw.startswith(b"-ERR Can't execute an AOF background rewriting.")
        assert info(client)["aof_rewrite_in_progress"] == "0"
        client.must("CONFIG", "SET", "appendonly", "yes")
        rewritten(client)
        newest_alone_is_open(server)
    survives(server)


# ---- failures ----


def test_a_base_that_cannot_be_written_leaves_everything_as_it_was(start_ours, tmp_path):
    server = start_ours(*ONCE)
    with server.client() as client:
        fill(client)
        base = server.folder / "appendonlydir" / f"temp-rewriteaof-bg-{server.process.pid}.aof"
        with injected(server.pid, tmp_path, "write,writev:error=EIO", file=base):
            client.must("BGREWRITEAOF")
            wait_until(lambda: info(client)["aof_last_bgrewrite_status"] == "err", "the failure")
            assert client.must("SET", "a", "1") == "OK"
        assert not base.exists()
        assert info(client)["aof_rewrites_consecutive_failures"] == "1"
        newest_alone_is_open(server)
        rewrite(client)
        assert info(client)["aof_last_bgrewrite_status"] == "ok"
    survives(server)


def test_a_base_that_cannot_take_its_place_leaves_everything_as_it_was(start_ours, tmp_path):
    server = start_ours(*ONCE)
    with server.client() as client:
        fill(client)
        with injected(server.pid, tmp_path, "rename,renameat,renameat2:error=EIO"):
            reply = client.call("BGREWRITEAOF")
            assert reply.raw.startswith(b"-ERR Can't execute an AOF background rewriting.")
            assert client.must("SET", "a", "1") == "OK"
        newest_alone_is_open(server)
        rewrite(client)
        newest_alone_is_open(server)
    survives(server)


def test_a_rewrite_that_cannot_even_be_given_up_properly_does_not_prevent_the_next(start_ours, tmp_path):
    """The base cannot be created, and the manifest, which now lists the new file, cannot be rewritten without it."""
    server = start_ours(*ONCE)
    with server.client() as client:
        fill(client)
        base = server.folder / "appendonlydir" / f"temp-rewriteaof-bg-{server.process.pid}.aof"
        base.mkdir()
        with injected(server.pid, tmp_path, "rename,renameat,renameat2:error=EIO:when=2"):
            reply = client.call("BGREWRITEAOF")
            assert reply.raw.startswith(b"-ERR Can't execute an AOF background rewriting.")
            assert client.must("SET", "a", "1") == "OK"
        base.rmdir()
        rewrite(client)
        newest_alone_is_open(server)
        assert info(client)["aof_last_bgrewrite_status"] == "ok"
    survives(server)


def test_debug_loadaof_brings_back_what_the_file_says(start_ours):
    server = start_ours(*ONCE)
    with server.client() as client:
        fill(client)
        before = client.must("DEBUG", "DIGEST")
        replies = client.pipeline([["SET", "a", "1"], ["DEBUG", "LOADAOF"], ["GET", "a"], ["DEL", "a"]])
        assert [reply.decoded for reply in replies] == ["OK", "OK", b"1", 1]
        assert client.must("DEBUG", "DIGEST") == before

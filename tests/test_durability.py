"""The guarantees of each ``appendfsync``, on disks that are full, slow or broken.

A reply to a change means that it is kept: whatever happened before, no answered change is missing after SIGKILL.
"""

import pytest

from support.aof_folder import info
from support.client import RawClient, encode_command, wait_until
from support.fsfaults import SyncGate, file_size_limit, fill_disk, injected, small_disk

MODES = ["always", "everysec", "no"]
MISCONF = b"-MISCONF Errors writing to the AOF file: "


@pytest.fixture
def durable(start_ours):
    """A function that starts a server with the given ``appendfsync``."""

    def start(fsync, *arguments, **options):
        fixed = ("--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0")
        return start_ours(*fixed, *arguments, **options)

    return start


def incremental(server):
    """The incremental file being appended to."""
    return max(server.folder.glob("appendonlydir/*.incr.aof"), key=lambda path: int(path.name.split(".")[2]))


def wait_refused(client):
    """Wait until writes are refused. No write is tried before the failure is reported: its reply would be held back."""
    wait_until(lambda: info(client)["aof_last_write_status"] == "err", "the failure")
    assert client.call("SET", "probe", "1").raw.startswith(MISCONF)


def wait_accepted(client):
    wait_until(lambda: client.call("SET", "probe", "2").raw == b"+OK\r\n", "the recovery")


def check_refusing(server, held: RawClient, reply: bytes):
    """While the file cannot be written, reads are served, writes refused, and the executed write has no reply yet."""
    with server.client() as client:
        wait_refused(client)
        assert client.must("GET", "before") == b"kept"
        assert client.call("PING").raw.startswith(MISCONF)
        assert client.must("MULTI") == "OK"
        assert client.call("SET", "a", "1").raw.startswith(MISCONF)
        assert client.call("EXEC").raw.startswith(b"-EXECABORT")
        assert client.must("CONFIG", "GET", "appendonly") == [b"appendonly", b"yes"]
    assert held.is_silent(0.05)
    yield
    assert held.read().raw == reply


# ---- full disks ----


@pytest.mark.parametrize("fsync", MODES)
def test_a_full_disk_refuses_writes_serves_reads_and_recovers(durable, tmp_path, fsync):
    with small_disk(tmp_path / "disk", "2m") as disk:
        server = durable(fsync, name="disk/server")
        with server.client() as held, server.client() as client:
            held.must("SET", "before", "kept")
            ballast = fill_disk(disk)
            commands = [("SET", "large", "x" * 100_000), ("GET", "before"), ("INCR", "n")]
            held.send_bytes(b"".join(encode_command(*command) for command in commands))
            for _ in check_refusing(server, held, b"+OK\r\n"):
                ballast.unlink()
            assert held.read().decoded == b"kept"
            assert held.read().raw == b":1\r\n", "it was executed before the full disk was noticed"
            wait_accepted(client)
            assert client.must("STRLEN", "large") == 100_000
            assert info(client)["aof_last_write_status"] == "ok"
        assert "Error writing to the AOF file: No space left on device" in server.log()
        assert "AOF write error looks solved" in server.log()
        server.restart(crash=True)
        with server.client() as client:
            assert client.must("STRLEN", "large") == 100_000
            assert client.must("MGET", "before", "probe") == [b"kept", b"2"]
        server.kill()


@pytest.mark.parametrize("fsync", MODES)
def test_killed_on_a_full_disk_only_what_had_no_reply_is_lost(durable, tmp_path, fsync):
    with small_disk(tmp_path / "disk", "2m") as disk:
        server = durable(fsync, name="disk/server")
        with server.client() as held, server.client() as client:
            held.must("SET", "before", "kept")
            ballast = fill_disk(disk, leave=30_000)
            held.send("SET", "large", "x" * 100_000)
            wait_refused(client)
            assert held.is_silent(0.05)
            server.kill()
        ballast.unlink()
        server.start()
        with server.client() as client:
            assert client.must("GET", "before") == b"kept"
        server.kill()


@pytest.mark.parametrize("fsync", MODES)
def test_a_file_that_may_not_grow_is_cut_back_to_whole_commands(durable, fsync):
    server = durable(fsync)
    pid = server.pid
    with server.client() as held, server.client() as client:
        held.must("SET", "before", "kept")
        with file_size_limit(pid, 1 << 15):
            held.send("SET", "large", "x" * 100_000)
            wait_refused(client)
            wait_until(lambda: incremental(server).read_bytes().endswith(b"kept\r\n"), "the cut")
        assert held.read().decoded == "OK"
        wait_accepted(client)
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("STRLEN", "large") == 100_000


def test_a_client_that_goes_on_reading_on_a_full_disk_is_held_back(durable):
    """Replies queue up after one that waits for the file, but only a limited number."""
    server = durable("everysec")
    pid = server.pid
    with server.client() as held, server.client() as client:
        held.must("SET", "before", "x" * 20_000)
        with file_size_limit(pid, 1 << 15):
            held.send("SET", "large", "x" * 100_000)
            wait_refused(client)
            memory = int(info(client, "memory")["used_memory"])
            for _ in range(1000):
                held.send("GET", "before")
            assert client.must("STRLEN", "before") == 20_000
            assert held.is_silent(0.05)
            assert int(info(client, "memory")["used_memory"]) < memory + (4 << 20)
        assert held.read().decoded == "OK"
        assert all(held.read().decoded == b"x" * 20_000 for _ in range(1000))


def test_an_expired_key_is_read_as_absent_on_a_full_disk(durable):
    server = durable("everysec")
    pid = server.pid
    with server.client() as held, server.client() as client:
        client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        client.must("SET", "short", "1", "PX", 1)
        with file_size_limit(pid, 1 << 10):
            held.send("SET", "large", "x" * 10_000)
            wait_refused(client)
            wait_until(lambda: client.must("GET", "short") is None, "the expiry")
        assert held.read().decoded == "OK"


def test_turning_the_file_off_ends_the_refusal_and_the_waiting(durable):
    server = durable("everysec")
    pid = server.pid
    with server.client() as held, server.client() as client:
        with file_size_limit(pid, 1 << 10):
            held.send("SET", "large", "x" * 10_000)
            wait_refused(client)
            assert client.must("CONFIG", "SET", "appendonly", "no") == "OK"
            assert held.read().decoded == "OK"
            assert client.must("SET", "a", "1") == "OK"
        assert client.must("CONFIG", "SET", "appendonly", "yes") == "OK"
        wait_until(lambda: "finished successfully" in server.log(), "the base")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("STRLEN", "large") == 10_000
        assert client.must("GET", "a") == b"1"


# ---- failing writes ----


@pytest.mark.parametrize("fsync", MODES)
def test_a_write_error_holds_replies_and_recovers(durable, tmp_path, fsync):
    server = durable(fsync)
    with server.client() as held, server.client() as client:
        held.must("SET", "before", "kept")
        with injected(server.pid, tmp_path, "write,writev:error=EIO", file=incremental(server)):
            held.send("INCR", "n")
            for _ in check_refusing(server, held, b":1\r\n"):
                break
        assert held.read().raw == b":1\r\n"
        wait_accepted(client)
        assert client.must("INCR", "n") == 2
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("GET", "n") == b"2"


# ---- failing syncs ----


def test_a_failed_sync_ends_the_process_under_always(durable, tmp_path):
    server = durable("always")
    with server.client() as client:
        client.must("SET", "before", "kept")
        with injected(server.pid, tmp_path, "fdatasync,fsync:error=EIO", file=incremental(server)):
            client.send("SET", "a", "1")
            assert server.wait_exit() == 1
            assert client.read_to_end() == b""
    assert "Can't persist AOF for fsync error when the AOF fsync policy is 'always': Input/output error" in server.log()
    server.start()
    with server.client() as client:
        assert client.must("GET", "before") == b"kept"


def test_after_a_failed_sync_the_file_is_left_for_a_fresh_base(durable, tmp_path):
    server = durable("everysec")
    with server.client() as client:
        client.must("SET", "before", "kept")
        left = incremental(server)
        with injected(server.pid, tmp_path, "fdatasync:error=EIO:when=1", file=left):
            client.must("INCR", "n")
            wait_until(lambda: "Fsync of the AOF file failed" in server.log(), "the failure")
            wait_until(lambda: "finished successfully" in server.log(), "the new base")
        wait_accepted(client)
        assert client.must("INCR", "n") == 2
        wait_until(lambda: not left.exists(), "the failed file to be deleted")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("MGET", "before", "n") == [b"kept", b"2"]


def test_what_is_executed_amid_a_failing_sync_is_kept_once(durable, tmp_path):
    """INCR runs all the time: the new base and the file after it must not both contain the same increment."""
    server = durable("everysec")
    answered = 0
    for turn in range(1, 4):
        with server.client() as client:
            with injected(server.pid, tmp_path, "fdatasync:error=EIO:delay_enter=20000", file=incremental(server)):
                while server.log().count("finished successfully") < turn:
                    reply = client.call("INCR", "n")
                    answered = reply.decoded if reply.raw.startswith(b":") else answered
            assert client.must("GET", "n") == b"%d" % answered
        server.restart(crash=True)
        with server.client() as client:
            assert client.must("GET", "n") == b"%d" % answered


def test_syncs_that_go_on_failing_refuse_writes_until_they_work(durable, tmp_path):
    server = durable("everysec")
    with server.client() as client:
        client.must("SET", "before", "kept")
        with injected(server.pid, tmp_path, "fdatasync,fsync:error=EIO"):
            client.must("SET", "a", "1")
            wait_until(lambda: "Fsync of the AOF file failed" in server.log(), "the failure")
            wait_refused(client)
            assert client.must("GET", "a") == b"1"
            wait_until(lambda: "Can't begin rewriting" in server.log(), "a failed attempt")
        wait_accepted(client)
    wait_until(lambda: len(list(server.folder.glob("appendonlydir/*.incr.aof"))) < 6, "the files to be deleted")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("MGET", "before", "a", "probe") == [b"kept", b"1", b"2"]


def test_without_syncs_their_failure_is_nobody_s_concern(durable, tmp_path):
    server = durable("no")
    with server.client() as client, injected(server.pid, tmp_path, "fdatasync:error=EIO", file=incremental(server)):
        for number in range(100):
            assert client.must("INCR", "n") == number + 1


# ---- always: which replies wait ----


@pytest.fixture
def gate(tmp_path):
    return SyncGate(tmp_path, "fdatasync")


@pytest.fixture
def gated(durable, gate):
    """A server with ``appendfsync always`` whose syncs go through the gate."""
    return durable("always", environment=gate.environment)


def executed(client, command):
    """How often the server has executed a command."""
    told = info(client, "commandstats").get(f"cmdstat_{command}", "calls=0,")
    return int(told.removeprefix("calls=").split(",")[0])


def test_readers_of_a_key_wait_for_its_last_write_and_others_do_not(gate, gated):
    with gated.client() as writer, gated.client() as same, gated.client() as other:
        other.must("SET", "other", "1")
        with gate.shut():
            writer.send("SET", "key", "1")
            wait_until(lambda: executed(other, "set") == 2, "the write")
            same.send("GET", "key")
            wait_until(lambda: executed(other, "get") == 1, "the read")
            assert other.must("GET", "other") == b"1"
            assert other.must("PING") == "PONG"
            assert same.is_silent(0.05)
            assert writer.is_silent(0)
        assert writer.read().decoded == "OK"
        assert same.read().decoded == b"1"


def test_readers_wait_for_what_a_script_wrote_before_it_was_suspended(gate, gated):
    script = "redis.call('set', 'key', 1) local begun = os.clock() while os.clock() - begun < 0.3 do end return 'over'"
    with gated.client() as writer, gated.client() as same, gated.client() as other:
        other.must("SET", "other", "1")
        other.must("CONFIG", "SET", "busy-reply-threshold", "10")
        with gate.shut():
            writer.send("EVAL", script, 0)
            wait_until(lambda: str(other.do("PING")).startswith("BUSY"), "the suspension")
            wait_until(lambda: other.do("PING") == "PONG", "the end of the script")
            same.send("GET", "key")
            wait_until(lambda: executed(other, "get") == 1, "the read")
            assert other.must("GET", "other") == b"1"
            assert same.is_silent(0.05)
            assert writer.is_silent(0)
        assert writer.read().decoded == b"over"
        assert same.read().decoded == b"1"


def test_a_flush_makes_every_reader_wait(gate, gated):
    with gated.client() as writer, gated.client() as reader, gated.client() as other:
        reader.must("SET", "key", "1")
        with gate.shut():
            writer.send("FLUSHALL")
            wait_until(lambda: executed(other, "flushall") == 1, "the flush")
            reader.send("GET", "key")
            wait_until(lambda: executed(other, "get") == 1, "the read")
            assert reader.is_silent(0.05)
            assert writer.is_silent(0)
        assert reader.read().decoded is None
        assert writer.read().decoded == "OK"


def test_writers_share_a_sync(gate, gated):
    clients = [gated.client() for _ in range(20)]
    with gated.client() as client:
        client.must("SET", "before", "1")
        before = gate.calls()
        with gate.shut():
            clients[0].send("SET", "k0", "1")
            wait_until(lambda: gate.calls() == before + 1, "the first sync")
            for number, writer in enumerate(clients[1:], 1):
                writer.send("SET", f"k{number}", "1")
            wait_until(lambda: executed(client, "set") == 21, "the writes")
    for writer in clients:
        assert writer.read().decoded == "OK"
        writer.close()
    assert gate.calls() == before + 2, "one sync was running with the first write, and one more must cover all others"


def test_replies_of_one_connection_keep_their_order(gate, gated):
    commands = [["GET", "other"], ["SET", "a", "1"], ["GET", "other"], ["PING"], ["GET", "a"]]
    with gated.client() as client, gated.client() as other:
        client.must("SET", "other", "0")
        with gate.shut():
            for command in commands:
                client.send(*command)
            wait_until(lambda: executed(other, "get") == 3, "all to be executed")
        replies = [client.read().decoded for _ in commands]
        assert replies == [b"0", "OK", b"0", "PONG", b"1"]


ENTRIES = [[b"s", [[b"5-1", [b"a", b"1"]]]]]
# The blocking command, the command that wakes it, and the replies to both.
WOKEN = [
    ("BLPOP q 0", "RPUSH q 1", [b"q", b"1"], 1),
    ("BLMPOP 0 1 q LEFT", "RPUSH q 1", [b"q", [b"1"]], 1),
    ("BLMOVE q other LEFT RIGHT 0", "RPUSH q 1", b"1", 1),
    ("BZPOPMIN q 0", "ZADD q 1 a", [b"q", b"a", b"1"], 1),
    ("XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "XADD s 5-1 a 1", ENTRIES, b"5-1"),
    ("XREAD BLOCK 0 STREAMS s 0", "XADD s 5-1 a 1", ENTRIES, b"5-1"),
]


@pytest.mark.parametrize("transaction", [False, True], ids=["alone", "in a transaction"])
@pytest.mark.parametrize(("waiting", "waking", "answer", "reply"), WOKEN, ids=[row[0].split()[0] for row in WOKEN])
def test_a_client_that_is_woken_hears_of_it_when_the_disk_has_it(
    gate, gated, waiting, waking, answer, reply, transaction
):
    """XREAD changes nothing, but its reply shows data that is not durable yet."""
    with gated.client() as waiter, gated.client() as writer, gated.client() as other:
        other.must("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
        waiter.send(*waiting.split())
        wait_until(lambda: info(other, "clients")["blocked_clients"] == "1", "the client to wait")
        if transaction:
            writer.must("MULTI")
            writer.must(*waking.split())
        with gate.shut():
            writer.send(*(["EXEC"] if transaction else waking.split()))
            wait_until(lambda: info(other, "clients")["blocked_clients"] == "0", "the client to be woken")
            assert other.must("PING") == "PONG"
            assert waiter.is_silent(0.05)
            assert writer.is_silent(0)
        assert waiter.read().decoded == answer
        assert writer.read().decoded == ([reply] if transaction else reply)


def test_who_waits_in_vain_is_answered_while_the_disk_is_busy(gate, gated):
    """The reply to a wait that ends without data shows nothing, even if the client that ends it has just written."""
    with gated.client() as waiter, gated.client() as writer, gated.client() as other:
        name = waiter.must("CLIENT", "ID")
        waiter.send("BLPOP", "q", "0")
        wait_until(lambda: info(other, "clients")["blocked_clients"] == "1", "the client to wait")
        with gate.shut():
            writer.send_bytes(encode_command("SET", "key", "1") + encode_command("CLIENT", "UNBLOCK", name))
            assert waiter.read().decoded is None
            waiter.send("BLPOP", "q", "0.001")
            assert waiter.read().decoded is None
            assert executed(other, "set") == 1
            assert writer.is_silent(0)
        assert [writer.read().decoded for _ in range(2)] == ["OK", 1]


@pytest.mark.parametrize("fsync", MODES)
def test_a_change_of_the_mode_loses_no_reply(durable, fsync):
    server = durable(fsync)
    with server.client() as client, server.client() as other:
        for turn, mode in enumerate((*MODES, *reversed(MODES)), 1):
            replies = client.pipeline([["INCR", "n"], ["CONFIG", "SET", "appendfsync", mode], ["INCR", "n"]])
            assert not any(reply.is_error for reply in replies)
            assert other.must("INCR", "m") == turn
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("MGET", "n", "m") == [b"12", b"6"]


def test_what_expires_while_the_file_is_being_synced_is_written_when_that_is_over(durable, tmp_path):
    """A write to a file that is being synced may take as long as the sync, and no reply waits for this one."""
    server = durable("everysec")
    with server.client() as client, injected(server.pid, tmp_path, "fdatasync:delay_enter=1500000") as trace:
        client.must("SET", "mortal", "1", "PX", "300")
        wait_until(lambda: client.must("DBSIZE") == 0, "the key to expire")
        wait_until(lambda: b"DEL" in incremental(server).read_bytes(), "the DEL in the file")
        assert "= 0" in trace.read_text()
    server.kill()
    server.start()
    with server.client() as client:
        assert client.must("DBSIZE") == 0

"""Which replies wait for the file and which do not, mostly under ``appendfsync always`` with syncs held at a gate."""

import pytest

from support.client import wait_until
from support.fsfaults import SyncGate, file_size_limit
from support.waiting import await_blocked, fields


@pytest.fixture
def gate(tmp_path):
    return SyncGate(tmp_path, "fdatasync")


@pytest.fixture
def gated(start_ours, gate):
    fixed = ("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
    return start_ours(*fixed, environment=gate.environment)


def executed(client, command: str) -> int:
    """Returns how often the server has executed a command."""
    told = fields(client, "commandstats").get(f"cmdstat_{command}", "calls=0,")
    return int(told.removeprefix("calls=").split(",")[0])


def send(client, watcher, *command) -> None:
    """Sends a command and returns when the server has executed it; the reply may still wait."""
    name = command[0].lower()
    before = executed(watcher, name)
    client.send(*command)
    wait_until(lambda: executed(watcher, name) == before + 1, "the command to be executed")


@pytest.mark.parametrize("change", [["FLUSHALL"], ["FLUSHDB"], ["SWAPDB", "0", "1"]], ids=lambda words: words[0])
@pytest.mark.parametrize(
    "read", [["GET", "key"], ["EXISTS", "never"], ["DBSIZE"], ["KEYS", "*"], ["SCAN", "0"]], ids=" ".join
)
def test_whatever_is_read_after_a_change_of_the_whole_waits(gate, gated, change, read):
    """This includes a key that was not among the last to be written."""
    with gated.client() as writer, gated.client() as reader, gated.client() as watcher:
        writer.must("SET", "key", "1")
        for number in range(20):
            writer.must("SET", f"later{number}", "1")
        with gate.shut():
            send(writer, watcher, *change)
            send(reader, watcher, *read)
            assert reader.is_silent(0.05)
            assert writer.is_silent(0)
        reader.read()
        assert writer.read().decoded == "OK"


@pytest.mark.parametrize("count", [1, 7, 8, 9, 20])
def test_every_key_that_one_command_has_changed_makes_its_readers_wait(gate, gated, count):
    keys = [f"key{number}" for number in range(count)]
    with gated.client() as writer, gated.client() as watcher:
        readers = [gated.client() for _ in keys]
        with gate.shut():
            send(writer, watcher, "MSET", *[word for key in keys for word in (key, "1")])
            for key, reader in zip(keys, readers, strict=True):
                send(reader, watcher, "GET", key)
            assert readers[-1].is_silent(0.05)
            assert [key for key, reader in zip(keys, readers, strict=True) if not reader.is_silent(0)] == []
        for reader in readers:
            assert reader.read().decoded == b"1"
            reader.close()
        assert writer.read().decoded == "OK"


@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
def test_who_adds_what_a_waiting_client_did_not_wait_for_is_answered_when_that_is_in_the_file(start_ours, fsync):
    """The client is woken, finds nothing, and waits on. Its reply waits for another change than the writer's does."""
    server = start_ours("--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0")
    with server.client() as waiter, server.client() as writer, server.client() as watcher:
        waiter.send("XREAD", "BLOCK", 0, "STREAMS", "stream", "10-0")
        await_blocked(watcher, 1)
        with file_size_limit(server.pid, 1 << 15):
            send(writer, watcher, "XADD", "stream", "5-1", "f", "v" * 100_000)
            wait_until(lambda: fields(watcher, "persistence")["aof_last_write_status"] == "err", "the failure")
            assert writer.is_silent(0.05)
        assert writer.read().decoded == b"5-1"
        assert waiter.is_silent(0)
        wait_until(lambda: writer.call("XADD", "stream", "10-1", "f", "v").decoded == b"10-1", "the recovery")
        assert waiter.read().decoded[0][0] == b"stream"


def test_a_transaction_that_a_change_has_ended_waits_for_that_change(gate, gated):
    """Its null reply shows that the key has changed."""
    with gated.client() as client, gated.client() as writer, gated.client() as watcher:
        client.must("WATCH", "key")
        client.must("MULTI")
        client.must("PING")
        with gate.shut():
            send(writer, watcher, "SET", "key", "1")
            send(client, watcher, "EXEC")
            assert client.is_silent(0.05)
            assert writer.is_silent(0)
        assert client.read().decoded is None
        assert writer.read().decoded == "OK"


def test_nobody_waits_for_the_removal_of_an_expired_key(gate, gated):
    with gated.client() as client, gated.client() as writer, gated.client() as watcher:
        client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        client.must("SET", "mortal", "1", "PX", 50)
        with gate.shut():
            send(writer, watcher, "SET", "other", "1")
            wait_until(lambda: client.must("GET", "mortal") is None, "the end of the key")
            assert client.must("EXISTS", "mortal") == 0
            assert writer.is_silent(0)
        assert writer.read().decoded == "OK"

"""Under ``appendfsync always`` no client sees a change that is not durable yet, whichever command made it."""

import contextlib

import pytest

from support.aof_folder import info
from support.client import wait_until
from support.fsfaults import SyncGate
from support.propagation_cases import CASES, NOTHING
from support.servers import make_ours

WRITING = [
    (name, case) for name, cases in CASES.items() for case in cases if case.written != NOTHING and not case.woken
]


@pytest.fixture(scope="module")
def gated(tmp_path_factory):
    """A server, and the gate for its syncs."""
    folder = tmp_path_factory.mktemp("reads")
    gate = SyncGate(folder, "fdatasync")
    file = ("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
    server = make_ours(folder / "server", *file, environment=gate.environment)
    try:
        server.start()
        yield server, gate
    finally:
        server.end()


@contextlib.contextmanager
def configured(client, case):
    before = {name: client.must("CONFIG", "GET", name)[1] for name in case.config}
    for name, value in case.config.items():
        client.must("CONFIG", "SET", name, value)
    yield
    for name, value in before.items():
        client.must("CONFIG", "SET", name, value)


def arrange(client, case):
    client.must("FLUSHALL")
    for line in case.before:
        client.must(*line.split())


def shown(client):
    """Everything that a reader can see of each key."""
    return {key: (*client.do("DEBUG", "DIGEST-VALUE", key), *further(client, key)) for key in client.must("KEYS", "*")}


def further(client, key):
    """The facts that the digest leaves out."""
    yield client.must("PEXPIRETIME", key)
    kind = client.must("TYPE", key)
    if kind == "stream":
        yield client.must("XINFO", "STREAM", key, "FULL")
    elif kind == "hash":
        fields = client.must("HKEYS", key)
        yield client.must("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)


def changed_keys(client, case):
    """The keys that the request changes, determined by executing it."""
    arrange(client, case)
    before = shown(client)
    # Some commands change nothing but a time in milliseconds.
    arranged = milliseconds(client)
    wait_until(lambda: milliseconds(client) > arranged, "another millisecond", interval=0.0005)
    client.must(*request(case))
    after = shown(client)
    return [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]


def milliseconds(client):
    seconds, microseconds = map(int, client.must("TIME"))
    return seconds * 1000 + microseconds // 1000


def request(case):
    return ["" if word == "''" else word for word in case.request.split()]


def executed(client, command):
    told = info(client, "commandstats").get(f"cmdstat_{command}", "calls=0,")
    return int(told.removeprefix("calls=").split(",")[0])


@pytest.mark.parametrize(("name", "case"), WRITING, ids=[case.request for _, case in WRITING])
def test_readers_of_what_a_command_has_changed_wait_for_the_disk(gated, name, case):
    server, gate = gated
    with contextlib.ExitStack() as stack:
        writer, other = stack.enter_context(server.client()), stack.enter_context(server.client())
        stack.enter_context(configured(other, case))
        keys = changed_keys(other, case)
        readers = [stack.enter_context(server.client()) for _ in keys]
        arrange(other, case)
        other.must("CONFIG", "RESETSTAT")
        with gate.shut():
            writer.send(*request(case))
            wait_until(lambda: executed(other, name), "the write")
            for reader, key in zip(readers, keys, strict=True):
                reader.send("TYPE", key)
            wait_until(lambda: executed(other, "type") == len(keys), "the reads")
            assert [key for reader, key in zip(readers, keys, strict=True) if not reader.is_silent(0)] == []
            assert writer.is_silent(0)
        assert not writer.read().is_error
        assert not any(reader.read().is_error for reader in readers)


def test_each_of_these_commands_changes_a_key_or_the_test_before_would_show_nothing(gated):
    server, _ = gated
    bare = set()
    with server.client() as client:
        for _, case in WRITING:
            with configured(client, case):
                if not changed_keys(client, case):
                    bare.add(case.request)
    # These change another database, have nothing to flush, set fields that have already expired, or change no key.
    functions = {"FUNCTION FLUSH", "FUNCTION FLUSH ASYNC", "FUNCTION FLUSH SYNC"}
    assert bare - functions == {"COPY a b DB 1 REPLACE", "FLUSHALL SYNC", "FLUSHDB", "HSETEX h PXAT 1 FIELDS 2 f 2 x 3"}

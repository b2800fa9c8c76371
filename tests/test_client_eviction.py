"""``maxmemory-clients``: the clients that use most are closed when all of them together use too much."""

import contextlib

import pytest

import pyredis
from support.client import encode_command, wait_until
from support.waiting import fields

LIMIT = 10 << 20
MEGABYTE = b"x" * (1 << 20)


@pytest.fixture
def server(start_ours):
    return start_ours("--maxmemory-clients", str(LIMIT), "--appendonly", "no")


def is_closed(client) -> bool:
    """Whether the server has closed the connection; its replies until then are read."""
    try:
        client.read_to_end()
    except TimeoutError:
        return False
    except (ConnectionResetError, BrokenPipeError):
        return True
    return True


def evicted(client) -> int:
    return int(fields(client, "stats")["evicted_clients"])


def until_evicted(client, count: int) -> None:
    wait_until(lambda: evicted(client) >= count, "clients to be evicted")
    assert evicted(client) == count


def total(client, name: str) -> int:
    """What CLIENT LIST shows of the client with this name, 0 if it is closed."""
    for line in client.must("CLIENT", "LIST").decode().splitlines():
        shown = dict(field.split("=", 1) for field in line.split())
        if shown["name"] == name:
            return int(shown["tot-mem"])
    return 0


def named(server, name: str, megabytes: int):
    """A client that has sent so many megabytes of a request that is incomplete."""
    client = server.client()
    client.must("CLIENT", "SETNAME", name)
    if megabytes:
        client.send_bytes(b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (megabytes + 1 << 20) + MEGABYTE * megabytes)
    return client


def until_counted(client, name: str, megabytes: int) -> None:
    wait_until(lambda: total(client, name) >= megabytes << 20, f"{megabytes} megabytes of {name}")


def send_all(client, data: bytes) -> None:
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        client.send_bytes(data)


def test_a_client_with_a_large_incomplete_request_is_closed(server):
    with server.client() as client, server.client() as large:
        send_all(large, b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (100 << 20) + MEGABYTE * 12)
        until_evicted(client, 1)
        assert is_closed(large)
        assert "Evicting client: id=" in server.log()
        assert client.must("PING") == "PONG"


def test_a_client_with_many_small_arguments_is_closed(server):
    with server.client() as client, server.client() as large:
        send_all(large, b"*2000000\r\n" + b"$20\r\n%s\r\n" % (b"a" * 20) * 1_000_000)
        until_evicted(client, 1)
        assert is_closed(large)


def test_a_client_with_a_large_transaction_is_closed(server):
    with server.client() as client, server.client() as large:
        large.must("MULTI")
        for _ in range(20):
            send_all(large, b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % len(MEGABYTE) + MEGABYTE + b"\r\n")
        until_evicted(client, 1)
        assert is_closed(large)


def test_a_subscriber_that_does_not_read_is_closed(start_ours):
    server = start_ours("--maxmemory-clients", str(LIMIT), "--client-output-buffer-limit", "pubsub", "0", "0", "0")
    with server.client() as client, server.client() as subscriber:
        subscriber.must("SUBSCRIBE", "channel")
        for _ in range(40):
            client.must("PUBLISH", "channel", MEGABYTE)
            if evicted(client):
                break
        until_evicted(client, 1)
        assert is_closed(subscriber)


def test_a_client_that_does_not_read_its_replies_is_closed(start_ours):
    server = start_ours("--maxmemory-clients", str(LIMIT), "--appendonly", "no")
    with server.client() as client, server.client() as reader:
        client.must("SET", "value", MEGABYTE * 4)
        reader.send_bytes(b"GET value\r\n" * 100)
        until_evicted(client, 1)
        assert is_closed(reader)


def test_a_client_with_many_watched_keys_is_closed(start_ours):
    server = start_ours("--maxmemory-clients", str(1 << 20), "--appendonly", "no")
    with server.client() as client, server.client() as watcher:
        for start in range(0, 200_000, 10_000):
            send_all(watcher, encode_command("WATCH", *(f"key{number}" for number in range(start, start + 10_000))))
        until_evicted(client, 1)
        assert is_closed(watcher)


SIZES = {"one": 1, "six": 6, "two": 2, "three": 3, "none": 0}


def test_the_largest_clients_are_closed_and_only_as_many_as_needed(start_ours):
    server = start_ours("--maxmemory-clients", "100mb", "--appendonly", "no")
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(server.client())
        clients = {name: stack.enter_context(named(server, name, size)) for name, size in SIZES.items()}
        for name, size in SIZES.items():
            until_counted(client, name, size)
        client.must("CONFIG", "SET", "maxmemory-clients", 10 << 20)
        until_evicted(client, 1)
        assert total(client, "six") == 0
        assert is_closed(clients["six"])
        client.must("CONFIG", "SET", "maxmemory-clients", 3 << 20)
        until_evicted(client, 3)
        assert [name for name in SIZES if total(client, name)] == ["one", "none"]


def test_no_evict_protects_a_client_and_what_it_uses_still_counts(server):
    with server.client() as client, server.client() as safe, named(server, "small", 1) as small:
        until_counted(client, "small", 1)
        safe.must("CLIENT", "NO-EVICT", "ON")
        safe.must("CLIENT", "SETNAME", "safe")
        safe.send_bytes(b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (12 << 20) + MEGABYTE * 11)
        assert is_closed(small)
        wait_until(lambda: "Over client maxmemory after evicting all evictable clients" in server.log(), "the log line")
        assert server.log().count("Over client maxmemory") == 1
        with server.client() as other:
            send_all(other, b"PING\r\n")
            assert is_closed(other)
        safe.send_bytes(MEGABYTE + b"\r\n")
        assert safe.read().decoded == MEGABYTE * 12
        safe.must("CLIENT", "NO-EVICT", "OFF")
        with server.client() as other:
            assert other.must("PING") == "PONG"


def test_a_percentage_is_one_of_maxmemory(start_ours):
    server = start_ours("--maxmemory-clients", "50%", "--appendonly", "no")
    with server.client() as client, named(server, "large", 3) as large:
        until_counted(client, "large", 3)
        client.must("CONFIG", "SET", "maxmemory", 10 << 20)
        assert total(client, "large") > 0
        client.must("CONFIG", "SET", "maxmemory", 5 << 20)
        until_evicted(client, 1)
        assert is_closed(large)


def test_a_limit_that_no_client_could_obey_means_128_kilobytes(start_ours):
    server = start_ours("--maxmemory-clients", "1", "--appendonly", "no")
    with server.client() as client, server.client() as large:
        assert client.must("PING") == "PONG"
        send_all(large, b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (1 << 20) + b"x" * (200 << 10))
        until_evicted(client, 1)


def test_the_count_of_evicted_clients_is_reset(server):
    with server.client() as client, server.client() as large:
        send_all(large, b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (100 << 20) + MEGABYTE * 12)
        until_evicted(client, 1)
        client.must("CONFIG", "RESETSTAT")
        assert evicted(client) == 0


def test_clients_in_the_process_are_not_closed():
    with pyredis.open(maxmemory_clients="128kb", decode_responses=True) as db, db.pubsub() as listener:
        listener.subscribe("channel")
        for number in range(40):
            db.publish("channel", "x" * 10_000 + str(number))
        assert db.info("stats")["evicted_clients"] == 0
        messages = [listener.get_message(timeout=10) for _ in range(41)]
        assert messages[-1]["data"].endswith("x39")

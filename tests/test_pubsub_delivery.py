"""Delivery: subscribers that do not read, their limits and memory, waiting for the disk, and clients in process."""

import contextlib

import pytest

from pyredis.commands.server import invariants
from pyredis.wire.reply_objects import Push
from support.client import ConnectionClosed, RawClient, encode_command, wait_until
from support.fsfaults import SyncGate
from support.in_process import Local
from support.subscribers import received
from support.waiting import fields

# More bytes than a unix socket buffers.
LARGE = b"x" * (512 * 1024)


@pytest.fixture(params=["uvloop", "asyncio"])
def server(request, start_ours, tmp_path):
    return start_ours("--loop", request.param, "--unixsocket", str(tmp_path / "socket"))


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


@contextlib.contextmanager
def subscribers(server, count, *command, protocol=2):
    """Yields clients that have sent the command over the unix socket, whose buffer has a fixed size."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(RawClient(server.arguments[-1])) for _ in range(count)]
        for client in clients:
            client.hello(protocol)
            client.must(*(command or ("SUBSCRIBE", "a")))
        yield clients


def memory(client):
    return int(fields(client, "memory")["used_memory"])


def connected(client):
    return int(fields(client, "clients")["connected_clients"])


# ---- limits ----


@pytest.mark.parametrize("word", ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"])
def test_a_subscriber_that_does_not_read_is_closed_by_the_limit_of_its_class(server, client, word):
    client.must("CONFIG", "SET", "client-output-buffer-limit", "normal 100 0 0 pubsub 1mb 0 0 replica 100 0 0")
    publish = "SPUBLISH" if word == "SSUBSCRIBE" else "PUBLISH"
    with subscribers(server, 1, word, "a") as (slow,), subscribers(server, 3, word, "a") as others:
        for _ in range(6):
            client.must(publish, "a", LARGE)
            for other in others:
                assert other.read().decoded[-1] == LARGE
        wait_until(lambda: connected(client) == 4, "the slow subscriber to be closed")
        with pytest.raises(ConnectionClosed):
            slow.readexactly(6 * len(LARGE))
        assert client.must(publish, "a", "after") == 3
        for other in others:
            assert other.read().decoded[-1] == b"after"
    assert fields(client, "stats")["client_output_buffer_limit_disconnections"] == "1"


def test_small_messages_count_for_the_limit_too(server, client):
    client.must("CONFIG", "SET", "client-output-buffer-limit", "pubsub 300kb 0 0")
    with subscribers(server, 1) as (slow,), subscribers(server, 1) as (reads,):
        request, sent = encode_command("PUBLISH", "a", b"m" * 100) * 100, 0
        while connected(client) == 3:
            client.send_bytes(request)
            for _ in range(100):
                client.read()
                assert reads.read().decoded[-1] == b"m" * 100
            sent += 100
        assert sent * 100 > 300 * 1024
        with pytest.raises(ConnectionClosed):
            slow.readexactly(100 * sent)


def test_a_client_without_subscriptions_any_more_has_the_limit_of_others(server, client):
    client.must("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0 pubsub 1mb 0 0")
    with subscribers(server, 1) as (former,):
        former.must("UNSUBSCRIBE", "a")
        client.must("SET", "k", LARGE)
        former.send_bytes(encode_command("GET", "k") * 6)
        assert client.must("PING") == "PONG"
        for _ in range(6):
            assert former.read().decoded == LARGE


def test_a_subscriber_that_does_not_read_may_still_end_its_subscriptions(server, client):
    """Its input is not paused, because others cause its output."""
    with subscribers(server, 1) as (slow,):
        for _ in range(6):
            assert client.must("PUBLISH", "a", LARGE) == 1
        slow.send("UNSUBSCRIBE", "a")
        wait_until(lambda: client.must("PUBSUB", "NUMSUB", "a") == [b"a", 0], "the end of the subscription")
        for _ in range(6):
            assert slow.read().decoded == [b"message", b"a", LARGE]
        assert slow.read().decoded == [b"unsubscribe", b"a", 0]


def test_one_that_does_not_read_delays_nobody(server, client):
    with subscribers(server, 5) as slow, subscribers(server, 1, protocol=3) as (reads,):
        for number in range(20):
            client.must("PUBLISH", "a", LARGE)
            client.must("PUBLISH", "a", number)
            assert reads.read().decoded[-1] == LARGE
            assert reads.read().decoded[-1] == b"%d" % number
        for other in slow:
            messages = [other.read().decoded[-1] for _ in range(40)]
            assert messages == [each for number in range(20) for each in (LARGE, b"%d" % number)]


# ---- memory ----


def test_a_message_is_held_once_for_each_protocol(server, client):
    with subscribers(server, 50) as old, subscribers(server, 50, protocol=3) as new:
        before = memory(client)
        assert client.must("PUBLISH", "a", LARGE) == 100
        assert memory(client) - before < 3 * len(LARGE)
        for subscriber in (*old, *new):
            assert subscriber.read().decoded == [b"message", b"a", LARGE]
        wait_until(lambda: memory(client) - before < len(LARGE) // 2, "the message to be released")


def test_what_is_subscribed_to_counts_as_memory_of_its_client(server, client):
    with subscribers(server, 1, protocol=3) as (subscriber,):
        identity = subscriber.must("CLIENT", "ID")

        def total():
            line = client.must("CLIENT", "LIST", "ID", identity)
            return int(line.split(b" tot-mem=")[1].split()[0])

        names = [b"channel-%d" % number for number in range(5000)]
        # Makes the server's buffers large enough for such a request and reply; the server keeps them.
        subscriber.send("UNSUBSCRIBE", *names)
        for _ in names:
            subscriber.read()
        before, used = total(), memory(client)
        subscriber.send("SUBSCRIBE", *names)
        for _ in names:
            subscriber.read()
        grown = total() - before
        assert 5000 * 40 < grown < 5000 * 100
        assert grown < memory(client) - used < 5000 * 300
        subscriber.must("RESET")
        wait_until(lambda: total() < before + 1000, "the subscriptions to be released")
        wait_until(lambda: memory(client) - used < 5000, "the channels to be released")


def test_many_clients_subscribe_to_many_channels(server, client):
    count = 40
    with subscribers(server, count) as clients:
        names = [b"channel-%d" % number for number in range(500)]
        for subscriber in clients:
            subscriber.send("SUBSCRIBE", *names)
            for _ in names:
                subscriber.read()
        for name in names[::50]:
            assert client.must("PUBLISH", name, "m") == count
        for leaving in clients[: count // 2]:
            leaving.send("UNSUBSCRIBE")
            for _ in range(1 + len(names) + len(names[::50])):
                leaving.read()
        assert client.must("PUBSUB", "NUMSUB", names[0], "a") == [names[0], count // 2, b"a", count // 2]
        assert client.must("PUBLISH", names[-1], "m") == count // 2
        for subscriber in clients[count // 2 :]:
            assert len(received(subscriber)) == len(names[::50]) + 1


# ---- the disk ----


@pytest.fixture
def gate(tmp_path):
    return SyncGate(tmp_path, "fdatasync")


@pytest.fixture
def gated(start_ours, gate):
    fixed = ("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
    return start_ours(*fixed, environment=gate.environment)


@pytest.mark.parametrize("transaction", [False, True], ids=["pipeline", "transaction"])
def test_a_message_that_may_show_a_change_of_its_publisher_waits_for_the_disk(gate, gated, transaction):
    commands = [["SET", "k", "v"], ["PUBLISH", "a", "changed"]]
    if transaction:
        commands = [["MULTI"], *reversed(commands), *commands, ["EXEC"]]
    with gated.client() as writer, gated.client() as client, gated.client() as listener:
        listener.must("SUBSCRIBE", "a")
        with gate.shut():
            writer.send_bytes(b"".join(encode_command(*command) for command in commands))
            wait_until(lambda: b"cmd=publish" in client.must("CLIENT", "LIST") or
                       b"cmd=exec" in client.must("CLIENT", "LIST"), "the command to be executed")  # fmt: skip
            assert listener.is_silent(0.05)
            # Another client's message shows no change that is missing on the disk.
            with gated.client() as other:
                other.must("SUBSCRIBE", "b")
                assert client.must("PUBLISH", "b", "m") == 1
                assert other.read().decoded == [b"message", b"b", b"m"]
        assert listener.read().decoded == [b"message", b"a", b"changed"]


# ---- clients in process ----


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_client_in_process_subscribes_and_receives(tmp_path, protocol):
    local = Local(tmp_path)
    invariants.release_scratch(local.core)
    before = local.core.used_memory
    listener = local.core.client(protocol)
    assert local.core.call(listener, ["SUBSCRIBE", "a", "b"]) is None
    assert local.core.call(listener, ["PSUBSCRIBE", "p*"]) is None
    assert local.must("PUBLISH", "a", "m") == 1
    assert local.must("PUBLISH", "pa", "n") == 1
    assert [list(push) for push in listener.pushes] == [
        [b"subscribe", b"a", 1],
        [b"subscribe", b"b", 2],
        [b"psubscribe", b"p*", 3],
        [b"message", b"a", b"m"],
        [b"pmessage", b"p*", b"pa", b"n"],
    ]
    assert all(isinstance(push, Push) for push in listener.pushes) == (protocol == 3)
    local.sound()
    listener.pushes.clear()
    listener.close()
    assert local.must("PUBLISH", "a", "m") == 0
    del listener
    invariants.release_scratch(local.core)
    assert local.core.used_memory == before
    local.sound()


def test_a_transaction_in_process_returns_null_for_a_subscription(tmp_path):
    local = Local(tmp_path)
    listener = local.core.client()
    for command in ("MULTI", "SUBSCRIBE a b", "PUBLISH a m", "UNSUBSCRIBE"):
        local.core.call(listener, command.split())
    assert local.core.call(listener, ["EXEC"]) == [None, 1, None]
    local.server.hub.loop.run()
    assert [list(push) for push in listener.pushes] == [
        [b"subscribe", b"a", 1],
        [b"subscribe", b"b", 2],
        [b"message", b"a", b"m"],
        [b"unsubscribe", b"a", 1],
        [b"unsubscribe", b"b", 0],
    ]
    local.sound()


def test_a_client_in_process_of_resp2_is_restricted_and_reset(tmp_path):
    local = Local(tmp_path)
    listener = local.core.client(2)
    local.core.call(listener, ["SUBSCRIBE", "a"])
    assert local.core.call(listener, ["PING"]) == [b"pong", b""]
    with pytest.raises(Exception, match="only"):
        local.core.call(listener, ["GET", "k"])
    assert local.core.call(listener, ["RESET"]) == b"RESET"
    assert local.must("PUBLISH", "a", "m") == 0
    assert local.core.call(listener, ["GET", "k"]) is None


def test_a_client_in_process_that_is_dropped_ends_its_subscriptions(tmp_path):
    local = Local(tmp_path)
    listener = local.core.client()
    local.core.call(listener, ["SUBSCRIBE", "a"])
    local.server.hub.loop.run()
    del listener
    assert local.must("PUBLISH", "a", "m") == 0
    local.sound()

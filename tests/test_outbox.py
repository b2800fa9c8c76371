"""Messages outside of replies: order, one block for many receivers, limits, waiting for the disk, disconnects."""

import contextlib
import os
import socket
import sys
from pathlib import Path

import pytest

from fuzz.server import feed
from pyredis.commands.server import invariants
from pyredis.shell import outbox_handle
from pyredis.wire.reply_objects import ReplyParser
from support import outbox_server
from support.client import ConnectionClosed, RawClient, encode_command, wait_until
from support.fsfaults import SyncGate
from support.in_process import Local
from support.servers import OUR_DEFAULTS, Server
from support.waiting import await_blocked, fields

COMMAND = [sys.executable, "-P", str(Path(outbox_server.__file__))]
RECEIVERS = 1000
# More bytes than a unix socket buffers.
LARGE = 512 * 1024
MEGABYTE = 1 << 20


@pytest.fixture
def start(tmp_path):
    """Yields a function that starts a server with a unix socket in addition to its port."""
    servers: list[Server] = []

    def start(*arguments: str, environment: dict[str, str] | None = None) -> Server:
        fixed = ("--unixsocket", str(tmp_path / "socket"), "--maxclients", "2000", *arguments)
        servers.append(Server(COMMAND, tmp_path, [*OUR_DEFAULTS, *fixed], environment=environment))
        return servers[-1].start()

    yield start
    for server in servers:
        server.end()


@pytest.fixture(params=["uvloop", "asyncio"])
def server(request, start):
    return start("--loop", request.param, "--appendonly", "no")


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


class Receivers:
    """Clients over the unix socket, whose buffer has a fixed size, and their IDs."""

    def __init__(self, server: Server, count: int) -> None:
        # One after another, because no more may connect at once than the listener's backlog holds.
        self.clients: list[RawClient] = []
        self.ids: list[int] = []
        for _ in range(count):
            self.clients.append(RawClient(str(server.folder / "socket")))
            self.ids.append(self.clients[-1].must("CLIENT", "ID"))

    def __enter__(self) -> "Receivers":
        return self

    def __exit__(self, *_: object) -> None:
        for client in self.clients:
            client.close()

    @property
    def named(self) -> str:
        return ",".join(map(str, self.ids))

    def become(self, client: RawClient, name: str) -> None:
        for identity in self.ids:
            client.must("INFO", "CLASS", identity, name)


def frame(text: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text)


def push(text: bytes) -> bytes:
    return b">1\r\n" + frame(text)


def large(letter: bytes = b"x", size: int = LARGE) -> bytes:
    return frame(letter * size)


def used_memory(client: RawClient) -> int:
    return int(fields(client, "memory")["used_memory"])


def resident(server: Server) -> int:
    """Returns the resident memory of the server, in bytes."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


def connected(client: RawClient) -> int:
    return int(fields(client, "clients")["connected_clients"])


def delivered(client: RawClient) -> None:
    wait_until(lambda: client.must("INFO", "PENDING") == [0, 0], "the delivery")


# ---- a thousand receivers ----


@pytest.mark.parametrize("how", ["s", "-"], ids=["shared", "copied"])
def test_a_thousand_receivers_get_all_messages_in_the_order_sent(server, client, how):
    messages = [frame(b"%d" % number * length) for number, length in enumerate([1, 2000, 3, 40_000, 5, 1023, 1024, 8])]
    with Receivers(server, RECEIVERS) as receivers:
        client.pipeline([["INFO", "SEND", how, receivers.named, message] for message in messages])
        wanted = b"".join(messages)
        for receiver in receivers.clients:
            assert receiver.readexactly(len(wanted)) == wanted
        delivered(client)


def test_a_message_that_a_thousand_do_not_read_is_held_once(server, client):
    with Receivers(server, RECEIVERS) as receivers:
        receivers.become(client, "pubsub")
        before, small = used_memory(client), resident(server)
        message = large()
        assert client.must("INFO", "SEND", "s", receivers.named, message) == RECEIVERS
        delivered(client)
        assert used_memory(client) - before < 2 * LARGE
        if "uvloop" in server.arguments and "asan" not in server.environment.get("LD_PRELOAD", ""):
            # asyncio's transports copy what they are given.
            assert resident(server) - small < RECEIVERS * LARGE // 16
        assert connected(client) == RECEIVERS + 1
        for receiver in receivers.clients:
            assert receiver.readexactly(len(message)) == message
        wait_until(lambda: used_memory(client) - before < LARGE // 2, "the block to be released")


@pytest.mark.parametrize("kill", ["together", "afterwards", "closed"])
def test_receivers_that_go_away_during_delivery_take_nothing_along(server, client, kill):
    with Receivers(server, RECEIVERS) as receivers:
        before = used_memory(client)
        gone = [receiver for number, receiver in enumerate(receivers.clients) if number % 2]
        kept = receivers.clients[::2]
        dying = receivers.ids[1::2]
        send = encode_command("INFO", "SEND", "s", receivers.named, large())
        kills = [encode_command("CLIENT", "KILL", "ID", identity) for identity in dying]
        if kill == "together":
            # In one batch, so that the clients are killed before a message is delivered to them.
            client.send_bytes(send[:-2])
            client.send_bytes(send[-2:] + b"".join(kills))
            assert [client.read().decoded for _ in range(1 + len(kills))] == [RECEIVERS] + [1] * len(kills)
        else:
            client.send_bytes(send)
            for receiver in gone if kill == "closed" else ():
                receiver.close()
            reached = client.read().decoded
            if kill == "afterwards":
                assert reached == RECEIVERS
                client.pipeline([["CLIENT", "KILL", "ID", identity] for identity in dying])
        client.must("INFO", "SEND", "s", receivers.named, frame(b"last"))
        wanted = large() + frame(b"last")
        for receiver in kept:
            assert receiver.readexactly(len(wanted)) == wanted
        wait_until(lambda: connected(client) == len(kept) + 1, "the others to be gone")
        delivered(client)
        wait_until(lambda: used_memory(client) - before < LARGE // 2, "the block to be released")
        server.check_log()


def test_many_pieces_for_one_client_arrive_whole(server, client):
    messages = [large(b"%d" % (number % 10), 2000) for number in range(3000)]
    with Receivers(server, 1) as receivers:
        client.send_bytes(b"".join(encode_command("INFO", "SEND", "s", receivers.named, text) for text in messages))
        wanted = b"".join(messages)
        assert receivers.clients[0].readexactly(len(wanted)) == wanted
        for _ in messages:
            assert client.read().decoded == 1


# ---- order ----


def test_what_a_command_sends_to_its_own_client_follows_its_reply(server, client):
    identity = client.must("CLIENT", "ID")
    requests = [["PING", "a"], ["INFO", "SEND", "s", identity, push(b"m" * 5000)], ["PING", "b"]]
    client.send_bytes(b"".join(encode_command(*request) for request in requests))
    wanted = frame(b"a") + b":1\r\n" + push(b"m" * 5000) + frame(b"b")
    assert client.readexactly(len(wanted)) == wanted


def test_what_a_transaction_sends_to_its_own_client_follows_the_whole_reply(client):
    identity = client.must("CLIENT", "ID")
    requests = [["MULTI"], ["INFO", "SEND", "-", identity, push(b"m")], ["PING"], ["EXEC"], ["PING"]]
    client.send_bytes(b"".join(encode_command(*request) for request in requests))
    wanted = b"+OK\r\n" + b"+QUEUED\r\n" * 2 + b"*2\r\n:1\r\n+PONG\r\n" + push(b"m") + b"+PONG\r\n"
    assert client.readexactly(len(wanted)) == wanted


def test_a_message_comes_before_the_reply_of_a_later_command(tmp_path):
    """Even if the command is executed in the same iteration, before the message is delivered."""
    local = Local(tmp_path)
    other = local.server.connect()
    outbox_handle.send(local.core, [other.connection], push(b"first"))
    with memoryview(other.connection.get_buffer(-1)) as view:
        view[:6] = b"PING\r\n"
    other.connection.buffer_updated(6)
    local.server.hub.loop.run()
    assert bytes(other.written) == push(b"first") + b"+PONG\r\n"
    local.sound()


def test_a_message_for_a_client_that_waits_comes_before_its_answer(server, client):
    with Receivers(server, 1) as receivers:
        receiver = receivers.clients[0]
        receiver.send("BLPOP", "k", 0)
        await_blocked(client, 1)
        client.pipeline([["INFO", "SEND", "-", receivers.named, push(b"m")], ["RPUSH", "k", "v"]])
        wanted = push(b"m") + b"*2\r\n" + frame(b"k") + frame(b"v")
        assert receiver.readexactly(len(wanted)) == wanted


# ---- CLIENT REPLY ----


@pytest.mark.parametrize("how", ["s", "-"], ids=["shared", "copied"])
def test_client_reply_off_withholds_lines_and_no_pushes(server, client, how):
    with Receivers(server, 1) as receivers:
        receiver = receivers.clients[0]
        receiver.send("CLIENT", "REPLY", "OFF")
        receiver.send("BLPOP", "k", 0)
        await_blocked(client, 1)
        client.must("INFO", "SEND", how + "l", receivers.named, b"+line\r\n")
        client.must("INFO", "SEND", how, receivers.named, push(b"m"))
        client.must("RPUSH", "k", "v")
        receiver.send("CLIENT", "REPLY", "ON")
        wanted = push(b"m") + b"+OK\r\n"
        assert receiver.readexactly(len(wanted)) == wanted


def test_client_reply_skip_withholds_the_reply_and_not_what_the_command_sends(client):
    identity = client.must("CLIENT", "ID")
    requests = [["CLIENT", "REPLY", "SKIP"], ["INFO", "SEND", "-", identity, push(b"m")], ["PING"]]
    client.send_bytes(b"".join(encode_command(*request) for request in requests))
    wanted = push(b"m") + b"+PONG\r\n"
    assert client.readexactly(len(wanted)) == wanted


# ---- limits ----


def test_the_limit_of_its_class_ends_a_slow_reader(server, client):
    client.must("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0 pubsub 1mb 0 0 replica 0 0 0")
    with Receivers(server, 20) as slow, Receivers(server, 20) as ordinary:
        slow.become(client, "pubsub")
        for _ in range(4):
            client.must("INFO", "SEND", "s", f"{slow.named},{ordinary.named}", large())
        wait_until(lambda: connected(client) == 21, "the slow subscribers to be closed")
        for receiver in ordinary.clients:
            assert receiver.readexactly(4 * len(large())) == 4 * large()
        for receiver in slow.clients:
            with pytest.raises(ConnectionClosed):
                receiver.readexactly(4 * len(large()))
        assert fields(client, "stats")["client_output_buffer_limit_disconnections"] == "20"


def test_above_the_soft_limit_a_subscriber_has_its_seconds(server, client):
    client.must("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 100kb 1")
    with Receivers(server, 2) as receivers:
        receivers.become(client, "pubsub")
        client.must("INFO", "SEND", "s", receivers.named, large())
        assert connected(client) == 3
        receivers.clients[0].readexactly(len(large()))
        wait_until(lambda: connected(client) == 2, "the client that does not read to be closed")
        client.must("INFO", "SEND", "s", receivers.named, frame(b"m"))
        assert receivers.clients[0].read().decoded == b"m"


def test_client_list_shows_the_class(client):
    client.hello(3)
    identity = client.must("CLIENT", "ID")
    assert client.must("CLIENT", "LIST", "TYPE", "pubsub") == b""
    client.must("INFO", "CLASS", identity, "pubsub")
    assert b" flags=P " in client.must("CLIENT", "LIST", "TYPE", "pubsub")
    assert client.must("CLIENT", "LIST", "TYPE", "normal") == b""
    client.must("INFO", "CLASS", identity, "replica")
    assert b" flags=S " in client.must("CLIENT", "LIST", "TYPE", "replica")


# ---- the disk ----


@pytest.fixture
def gate(tmp_path):
    return SyncGate(tmp_path, "fdatasync")


@pytest.fixture(params=["uvloop", "asyncio"])
def gated(request, start, gate):
    fixed = ("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
    return start("--loop", request.param, *fixed, environment=gate.environment)


def test_a_message_that_shows_a_change_waits_for_the_disk_and_what_follows_for_it(gate, gated):
    with gated.client() as client, gated.client() as writer, Receivers(gated, 100) as receivers:
        identity = receivers.ids[0]
        with gate.shut():
            writer.send("SET", "k", "v")
            wait_until(lambda: b"cmd=set" in client.must("CLIENT", "LIST"), "the command to be executed")
            client.must("INFO", "SEND", "sw", receivers.named, large(b"1", 5000))
            client.must("INFO", "SEND", "s", identity, frame(b"2"))
            delivered(client)
            receivers.clients[0].send("PING")
            wait_until(lambda: b"cmd=ping" in client.must("CLIENT", "LIST", "ID", identity), "the command")
            assert receivers.clients[0].is_silent(0.05)
            assert receivers.clients[-1].is_silent(0)
            assert writer.is_silent(0)
            # A message that shows no change does not wait.
            client.must("INFO", "SEND", "s", client.must("CLIENT", "ID"), push(b"m"))
            assert client.read().raw == push(b"m")
        for receiver in receivers.clients:
            assert receiver.readexactly(len(large(b"1", 5000))) == large(b"1", 5000)
        assert receivers.clients[0].read().decoded == b"2"
        assert receivers.clients[0].read().decoded == "PONG"
        assert writer.read().decoded == "OK"


def test_what_waits_for_the_disk_counts_for_the_limit_of_a_subscriber(gate, gated):
    with gated.client() as client, gated.client() as writer, Receivers(gated, 10) as receivers:
        client.must("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
        receivers.become(client, "pubsub")
        before = used_memory(client)
        with gate.shut():
            writer.send("SET", "k", "v")
            wait_until(lambda: b"cmd=set" in client.must("CLIENT", "LIST"), "the command to be executed")
            for _ in range(3):
                client.must("INFO", "SEND", "sw", receivers.named, large())
            wait_until(lambda: connected(client) == 2, "the subscribers to be closed")
        assert writer.read().decoded == "OK"
        wait_until(lambda: used_memory(client) - before < LARGE // 2, "the blocks to be released")
    gated.check_log()


# ---- disconnects and owners ----


def test_a_client_that_has_stopped_sending_gets_what_it_was_sent(tmp_path):
    local = Local(tmp_path)
    other = local.server.connect()
    outbox_handle.send(local.core, [other.connection], push(b"before"))
    assert other.connection.eof_received()
    outbox_handle.send(local.core, [other.connection], push(b"after"))
    local.server.hub.deliver_soon()
    local.server.hub.loop.run()
    assert bytes(other.written) == push(b"before")
    assert not other.open
    local.sound()


def test_a_connection_that_is_lost_drops_what_it_was_sent(tmp_path):
    local = Local(tmp_path)
    lost, kept = local.server.connect(), local.server.connect()
    invariants.release_scratch(local.core)
    before = local.core.used_memory
    outbox_handle.send_shared(local.core, [lost.connection, kept.connection], push(b"m" * 5000))
    lost.connection.connection_lost(None)
    outbox_handle.send_shared(local.core, [lost.connection, kept.connection], push(b"n"))
    assert outbox_handle.pending(local.core) == (1, 2)
    local.server.hub.deliver_soon()
    local.server.hub.loop.run()
    assert (bytes(lost.written), bytes(kept.written)) == (b"", push(b"m" * 5000) + push(b"n"))
    invariants.release_scratch(local.core)
    assert local.core.used_memory == before
    local.sound()


def test_a_transport_that_closes_before_it_reports_so_is_sent_nothing(tmp_path):
    """A transport closes at once and calls ``connection_lost`` later; writing to it in between is an error."""
    local = Local(tmp_path)
    closed, waits, kept = (local.server.connect() for _ in range(3))
    sum(feed(waits.connection, encode_command("BLPOP", "l", 0)))
    outbox_handle.send_shared(local.core, [closed.connection, kept.connection], push(b"m"))
    closed.close()
    waits.close()
    local.must("RPUSH", "l", "x")
    assert not local.server.exceptions
    assert (bytes(closed.written), bytes(waits.written), bytes(kept.written)) == (b"", b"", push(b"m"))
    assert outbox_handle.pending(local.core) == (0, 0)
    local.sound()


# ---- clients in process ----


def test_a_client_in_process_is_sent_messages_as_a_connection_is(tmp_path):
    local = Local(tmp_path)
    connected, direct = local.server.connect(), local.core.client()
    outbox_handle.send(local.core, [direct], push(b"first"))
    outbox_handle.send_shared(local.core, [connected.connection, direct], push(b"m" * 5000))
    assert local.core.call(direct, ["PING"]) == b"PONG"
    assert direct.pushes == []
    local.server.hub.deliver_soon()
    local.server.hub.loop.run()
    assert direct.pushes == ReplyParser().feed(push(b"first") + push(b"m" * 5000))
    assert bytes(connected.written) == push(b"m" * 5000)
    local.sound()


def test_a_client_in_process_is_sent_a_message_when_the_file_has_what_it_depends_on(tmp_path):
    local = Local(tmp_path)
    log = os.open(tmp_path / "log.aof", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    local.core.aof_open(log, 0, "no")
    direct = local.core.client()
    local.must("SET", "k", "v")
    later = local.core.log_position + 1000
    outbox_handle.send(local.core, [direct], push(b"waits"), later)
    outbox_handle.send(local.core, [direct], push(b"after"))
    local.server.hub.deliver_soon()
    local.server.hub.loop.run()
    outbox_handle.send(local.core, [direct], push(b"last"))
    local.server.hub.deliver_soon()
    local.server.hub.loop.run()
    assert direct.pushes == []
    local.must("SET", "k", "v" * 1000)
    local.server.hub.release()
    assert direct.pushes == ReplyParser().feed(push(b"waits") + push(b"after") + push(b"last"))
    assert local.core.aof_close() == 0


def test_a_message_that_a_client_in_process_cannot_read_disturbs_nobody(tmp_path):
    local = Local(tmp_path)
    broken, kept = local.core.client(), local.core.client()
    outbox_handle.send(local.core, [broken], b"no reply")
    outbox_handle.send(local.core, [kept], push(b"m"))
    local.server.hub.deliver_soon()
    local.server.hub.loop.run()
    assert kept.pushes == ReplyParser().feed(push(b"m"))
    assert broken.closed
    assert "Sending a message failed" in local.server.exceptions.pop()
    local.sound()


def test_a_client_in_process_that_is_closed_gets_no_message(tmp_path):
    local = Local(tmp_path)
    closed = local.core.client()
    outbox_handle.send(local.core, [closed], push(b"before"))
    closed.close()
    outbox_handle.send(local.core, [closed], push(b"after"))
    assert outbox_handle.pending(local.core) == (0, 0)
    local.server.hub.deliver_soon()
    local.server.hub.loop.run()
    assert closed.pushes == []


def test_what_is_addressed_to_a_client_in_process_goes_with_it(tmp_path):
    local = Local(tmp_path)
    kept = local.core.client()
    invariants.release_scratch(local.core)
    before = local.core.used_memory
    dropped = local.core.client()
    outbox_handle.send_shared(local.core, [dropped, kept], push(b"m" * 5000))
    del dropped
    assert outbox_handle.pending(local.core) == (1, 1)
    local.server.hub.deliver_soon()
    local.server.hub.loop.run()
    assert len(kept.pushes) == 1
    invariants.release_scratch(local.core)
    assert local.core.used_memory == before
    local.sound()


def test_a_block_may_have_more_receivers_than_owners(tmp_path):
    """A block's count of owners has 16 bits, so the block is copied once for every 65,535 of them."""
    local = Local(tmp_path)
    receiver = local.server.connect()
    message, count = push(b"m" * 2000), 70_000
    before = local.core.used_memory
    outbox_handle.send_shared(local.core, [receiver.connection] * count, message)
    assert outbox_handle.pending(local.core) == (1, count)
    assert local.core.used_memory - before < 100 * count
    local.server.hub.deliver_soon()
    local.server.hub.loop.run()
    assert bytes(receiver.written) == message * count
    local.sound()


def test_a_client_that_is_idle_has_no_mailbox(tmp_path):
    local = Local(tmp_path)
    receivers = [local.server.connect() for _ in range(10)]
    before = local.core.used_memory
    outbox_handle.send(local.core, [receiver.connection for receiver in receivers], push(b"m"))
    assert local.core.used_memory > before
    local.server.hub.deliver_soon()
    local.server.hub.loop.run()
    assert local.core.used_memory == before
    assert outbox_handle.pending(local.core) == (0, 0)


def test_a_socket_that_closes_in_the_middle_of_a_message_disturbs_nobody(server, client):
    """The kernel reports the close at the next send, or when the loop polls next."""
    with Receivers(server, 50) as receivers:
        for number in range(20):
            client.send("INFO", "SEND", "s", receivers.named, large())
            with contextlib.suppress(OSError):
                receivers.clients[number].socket.shutdown(socket.SHUT_RDWR)
            receivers.clients[number].close()
            client.read()
        for receiver in receivers.clients[20:]:
            assert receiver.readexactly(20 * len(large())) == 20 * large()
        wait_until(lambda: connected(client) == 31, "the closed ones to be gone")
        server.check_log()

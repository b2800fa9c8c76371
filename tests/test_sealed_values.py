"""Large values that are read again and again: sealed, and sent by reference to the pages that hold them.

A receiver may read such bytes long after the server has sent them. Most tests therefore read only after everything else
has happened. These run in process, where all output is in the socket's queue once a request has been fed.
"""

import contextlib
import gc
import itertools
import os
import random
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fuzz.server import FuzzedServer, Transport, feed
from pyredis.commands.server import invariants
from pyredis.protocol import BufferedConnection
from support.client import RawClient, encode_command, wait_until
from support.fsfaults import PageReferences

KB, MB = 1 << 10, 1 << 20
READS = 17
"""The seventeenth read seals a value."""
LARGEST = 4 * MB - 100
"""Larger values are not sealed."""

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pages are sent by reference on Linux only")


def sample(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def bulk(value: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(value), value)


# ---- in process ----


class SocketTransport(Transport):
    """The shell writes to the socket itself; bytes that the socket does not accept fail the test."""

    def __init__(self, loop, sock: socket.socket) -> None:
        super().__init__(loop)
        self.extra.update(socket=sock, sslcontext=None)

    def write(self, data) -> None:
        raise AssertionError(f"the socket has not taken {len(data)} bytes")


class Wire:
    """A client of a server in process, with sockets that hold what is sent."""

    def __init__(self, server: FuzzedServer, family: str) -> None:
        self.ours, self.theirs = _unix_pair() if family == "unix" else _tcp_pair()
        self.ours.setblocking(False)
        transport = SocketTransport(server.hub.loop, self.ours)
        self.connection = transport.connection = BufferedConnection(server.hub)
        self.connection.connection_made(transport)

    def send(self, *arguments) -> None:
        sum(feed(self.connection, encode_command(*arguments)))

    def receive(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            more = self.theirs.recv(size - len(received))
            assert more, "the connection has ended"
            received += more
        return bytes(received)

    def must(self, expected: bytes, *arguments) -> None:
        self.send(*arguments)
        assert self.receive(len(expected)) == expected

    def store_sealed(self, key, value: bytes) -> None:
        self.must(b"+OK\r\n", "SET", key, value)
        for _ in range(READS):
            self.must(bulk(value), "GET", key)

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


def _unix_pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MB)
    return ours, theirs


def _tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        return listener.accept()[0], theirs


def open_pipes() -> int:
    gc.collect()
    links = [os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return sum(os.readlink(link).startswith("pipe:") for link in links if os.path.lexists(link))


@pytest.fixture
def new_pipes() -> Callable[[], int]:
    """Returns a function that counts the ends of pipes opened since the test began."""
    before = open_pipes()
    return lambda: open_pipes() - before


@pytest.fixture
def server(tmp_path) -> FuzzedServer:
    server = FuzzedServer(tmp_path)
    server.config.set([("proto-max-bulk-len", "100mb"), ("client-query-buffer-limit", "1gb")])
    return server


@pytest.fixture(params=["tcp", "unix"])
def wires(request, server) -> Iterator[tuple[Wire, Wire]]:
    """Yields a client that writes and one that reads late."""
    writer, reader = Wire(server, request.param), Wire(server, request.param)
    yield writer, reader
    assert not server.exceptions
    invariants.check(server.core)
    writer.close()
    reader.close()


CHANGES = [
    [("SET", "k", "other")],
    [("SET", "k", b"o" * (100 * KB))],
    [("GETSET", "k", b"o" * (100 * KB))],
    [("DEL", "k")],
    [("UNLINK", "k")],
    [("GETDEL", "k")],
    [("APPEND", "k", "more"), ("SETRANGE", "k", "0", "x" * 1000)],
    [("SETRANGE", "k", "100", "changed" * 100)],
    [("SETRANGE", "k", "300000", "far"), ("SETRANGE", "k", "0", "x" * 1000)],
    [("SETBIT", "k", "1000", "1"), ("SETBIT", "k", "1000", "0"), ("SETBIT", "k", "1001", "1")],
    [("BITFIELD", "k", "SET", "u8", "0", "255", "SET", "u8", "#1", "1")],
    [("BITOP", "NOT", "k", "k")],
    [("RENAME", "k", "l"), ("SETRANGE", "l", "0", "x" * 1000)],
    [("COPY", "k", "l"), ("SETRANGE", "l", "0", "x" * 1000), ("DEL", "k")],
    [("MOVE", "k", "1"), ("SELECT", "1"), ("SETRANGE", "k", "0", "x" * 1000), ("SELECT", "0")],
    [("SWAPDB", "0", "1"), ("FLUSHALL",)],
    [("PEXPIREAT", "k", "1")],
    [("GETEX", "k", "PXAT", "1")],
    [("FLUSHALL",)],
    [("FLUSHDB", "ASYNC")],
    [("MULTI",), ("SETRANGE", "k", "0", "x" * 1000), ("DEL", "k"), ("EXEC",)],
]


@on_linux
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change[0][0])
def test_a_receiver_reads_the_bytes_of_its_command_whatever_has_happened_to_the_key_since(server, wires, change):
    writer, reader = wires
    value = sample(1, 80_000)
    writer.store_sealed("k", value)
    reader.send("GET", "k")
    reader.send("GETRANGE", "k", "1000", "-1")
    for command in change:
        writer.send(*command)
    server.work()
    # Values sealed from now on get the pages of the old value if these have been freed.
    other = Wire(server, "tcp")
    for seed in range(20):
        other.store_sealed(f"other{seed}", sample(seed, 80_000))
    assert reader.receive(len(bulk(value))) == bulk(value)
    assert reader.receive(len(bulk(value[1000:]))) == bulk(value[1000:])
    other.close()


@on_linux
def test_a_value_is_copied_before_its_first_change_and_not_before_the_next(server, wires):
    writer, _ = wires
    value = bytearray(sample(2, 100_000))
    writer.store_sealed("k", bytes(value))
    before = server.core.used_memory
    for place in (0, 50_000, 99_999):
        writer.must(b":%d\r\n" % len(value), "SETRANGE", "k", place, "x")
        value[place] = ord("x")
        assert abs(server.core.used_memory - before) < 8 * KB
        writer.must(bulk(bytes(value)), "GET", "k")
    writer.must(b":100001\r\n", "APPEND", "k", "y")
    writer.must(bulk(bytes(value) + b"y"), "GET", "k")


@on_linux
@pytest.mark.parametrize(
    "size", [32 * KB, 65_536, MB, MB + 1, LARGEST, LARGEST + 200], ids=lambda size: f"{size} bytes"
)
def test_memory_in_use_is_exact_with_sealed_values(server, size):
    wire = server.connect()
    value = sample(3, size)

    def used_after(*arguments) -> int:
        wire.written.clear()
        sum(feed(wire.connection, encode_command(*arguments)))
        server.hub.loop.run()
        return server.core.used_memory

    # From here on the buffers that the server keeps between replies exist.
    used_after("SET", "k", value)
    used_after("GET", "k")
    for _ in range(2):
        empty = used_after("DEL", "k")
        plain = used_after("SET", "k", value)
        assert {used_after("GET", "k") for _ in range(READS - 1)} == {plain}
        sealed = used_after("GET", "k")
        assert wire.written == bulk(value)
    assert used_after("DEL", "k") == empty
    assert abs(sealed - plain) < 8 * KB
    assert (sealed != plain) == (size <= LARGEST)


@on_linux
def test_a_value_is_sealed_where_it_is_read_often_and_not_where_it_is_written_between(new_pipes, server):
    wire = Wire(server, "tcp")
    value = sample(4, 70_000)
    wire.must(b"+OK\r\n", "SET", "k", value)
    for number in range(5 * READS):
        wire.must(b":70000\r\n", "SETRANGE", "k", "0", value[:1])
        wire.must(b":%d\r\n" % (value[0] >> 7), "SETBIT", "k", "0", str(value[0] >> 7))
        for _ in range(number % READS):
            wire.must(bulk(value), "GET", "k")
    assert new_pipes() == 0
    wire.store_sealed("k", value)
    assert new_pipes() == 2
    wire.close()


@on_linux
def test_the_descriptors_go_with_the_server(tmp_path):
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    server = FuzzedServer(tmp_path)
    wire = Wire(server, "unix")
    wire.store_sealed("k", sample(5, 70_000))
    assert len(os.listdir("/proc/self/fd")) == before + 5
    wire.connection.connection_lost(None)
    wire.close()
    del wire, server
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


@on_linux
def test_a_server_that_shuts_down_or_may_not_splice_sends_copies(new_pipes, server, wires):
    writer, reader = wires
    value = sample(6, 70_000)
    writer.store_sealed("k", value)
    reader.send("GET", "k")
    server.hub.pages.give_up()
    assert new_pipes() == 0
    reader.send("GET", "k")
    assert reader.receive(2 * len(bulk(value))) == 2 * bulk(value)
    writer.store_sealed("l", value)
    assert new_pipes() == 0


@on_linux
def test_nothing_is_spliced_where_a_broken_connection_would_end_the_process(new_pipes, server):
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        wire = Wire(server, "tcp")
        wire.store_sealed("k", sample(7, 70_000))
        assert new_pipes() == 0
        wire.close()
    finally:
        signal.signal(signal.SIGPIPE, before)


@on_linux
def test_many_sealed_values_keep_their_bytes_and_their_memory_comes_back(server):
    """Sizes range from one run of pages to a quarter of a region, so that gaps open and close everywhere."""
    dice = random.Random(8)
    wire = server.connect()
    values: dict[bytes, bytes] = {}

    def call(*arguments) -> bytes:
        wire.written.clear()
        sum(feed(wire.connection, encode_command(*arguments)))
        server.hub.loop.run()
        return bytes(wire.written)

    before = server.core.used_memory
    for _ in range(150):
        key = b"%d" % dice.randrange(40)
        if dice.random() < 0.3:
            assert call("DEL", key) == b":%d\r\n" % (values.pop(key, None) is not None)
            continue
        values[key] = sample(dice.random(), int(32 * KB * 128 ** dice.random()) - 60)
        call("SET", key, values[key])
        for _ in range(READS):
            assert call("GET", key) == bulk(values[key])
    for key, value in values.items():
        assert call("GET", key) == bulk(value)
    invariants.check(server.core)
    call("FLUSHALL")
    assert server.core.used_memory - before < MB


@pytest.mark.skipif(bool(os.environ.get("PYREDIS_SANITIZE")), reason="a sanitizer build has no regions")
@on_linux
def test_the_address_space_of_sealed_values_that_are_gone_is_given_back(server):
    wire = server.connect()

    def mapped() -> int:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")

    def call(*arguments) -> None:
        wire.written.clear()
        sum(feed(wire.connection, encode_command(*arguments)))
        server.hub.loop.run()

    value = sample(12, LARGEST)
    before = mapped()
    for key in range(40):
        call("SET", key, value)
        for _ in range(READS):
            call("GET", key)
    assert mapped() - before > 40 * len(value)
    call("FLUSHALL")
    assert mapped() - before < 10 * len(value)


# ---- over sockets ----


@on_linux
@pytest.mark.parametrize(
    ("loop", "forbidden"),
    # uvloop itself needs pipe2.
    [("asyncio", "pipe2"), *itertools.product(["uvloop", "asyncio"], ["", "vmsplice", "splice", "fcntl"])],
)
def test_replies_are_the_same_where_a_call_is_forbidden(start_ours, tmp_path, loop, forbidden):
    references = PageReferences(tmp_path, forbidden)
    server = start_ours("--loop", loop, "--appendonly", "no", environment=references.environment)
    values = [sample(seed, size) for seed, size in enumerate((10, 32 * KB, MB, 40_000, 3 * MB, 65_536))]
    with server.client() as client:
        for index, value in enumerate(values):
            client.must("SET", index, value)
        for _ in range(READS - 1):
            assert client.must("MGET", *range(len(values))) == values
        assert references.calls() == 0
        for _ in range(3):
            assert client.must("MGET", *range(len(values))) == values
        client.send_bytes(b"".join(encode_command("GET", index) for index in range(len(values))) * 2)
        for value in values * 2:
            assert client.read().decoded == value
        assert client.must("GETRANGE", "2", "5", "-5") == values[2][5:-4]
    expected = {"": range(10, 1000), "vmsplice": [1], "splice": [1], "pipe2": [0], "fcntl": [0]}
    assert references.calls() in expected[forbidden]
    server.check_alive()


def store_sealed(client: RawClient, key, value: bytes) -> None:
    client.must("SET", key, value)
    for _ in range(READS):
        assert client.must("GET", key) == value


@on_linux
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_slow_receiver_gets_every_byte_once_and_in_order(start_ours, loop):
    server = start_ours("--loop", loop, "--appendonly", "no")
    values = [sample(seed, size) for seed, size in enumerate((LARGEST, 50_000, 2 * MB, 3_000_000))]
    with server.client() as client, server.client() as reader:
        for index, value in enumerate(values):
            store_sealed(client, index, value)
        reader.send_bytes(b"".join(encode_command("GET", index) + encode_command("PING") for index in range(4)) * 3)
        wait_for_queue(reader, client)
        for value in values * 3:
            assert reader.read().decoded == value
            assert reader.read().decoded == "PONG"
    server.check_alive()


@on_linux
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_what_is_partly_sent_is_not_touched_by_what_happens_to_the_key(start_ours, loop):
    server = start_ours("--loop", loop, "--appendonly", "no")
    value = sample(10, LARGEST)
    with server.client() as client, contextlib.ExitStack() as stack:
        readers = [stack.enter_context(server.client()) for _ in range(3)]
        store_sealed(client, "k", value)
        for reader in readers:
            reader.send("GET", "k")
            wait_for_queue(reader, client)
        client.must("SETRANGE", "k", "0", "x" * MB)
        client.must("DEL", "k")
        for reader in readers:
            store_sealed(client, "other", sample(11, LARGEST))
            assert reader.read().decoded == value
    server.check_alive()


def wait_for_queue(reader: RawClient, client: RawClient) -> None:
    """Waits until the reader's socket accepts no more output."""
    port = reader.socket.getsockname()[1]

    def queued() -> bool:
        listed = client.must("CLIENT", "LIST").decode().splitlines()
        return " omem=0 " not in next(line for line in listed if f":{port} " in line)

    wait_until(queued, "output to queue")


@on_linux
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_connections_that_break_amid_a_reply_harm_nobody(start_ours, loop):
    server = start_ours("--loop", loop, "--appendonly", "no")
    value = sample(9, 3 * MB)
    with server.client() as client:
        store_sealed(client, "k", value)
        for number in range(60):
            with server.client() as broken:
                broken.send_bytes(encode_command("GET", "k") * (number % 5 + 1))
                broken.readexactly(number * 1000 + 1)
                broken.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert client.must("GET", "k") == value
        wait_until(lambda: client.must("INFO", "clients").count(b"connected_clients:1\r\n"), "the others to be gone")
    server.check_alive()

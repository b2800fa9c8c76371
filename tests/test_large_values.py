"""Values of 32 KB and more: read straight into the block that stores them, and sent from it by reference."""

import random
import socket
import threading

import pytest

from fuzz.server import FuzzedServer, feed
from support.client import ConnectionClosed, RawClient, encode_command, wait_until
from support.fsfaults import SyncGate
from support.servers import Server, make_ours

SHARED = 32768
"""From this size on, bytes are shared instead of copied."""

MB = 1 << 20


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def server(request, tmp_path_factory):
    """Yields one of our servers for all tests of this module, under each event loop."""
    folder = tmp_path_factory.mktemp(request.param)
    with make_ours(folder, "--loop", request.param, "--appendonly", "no") as server:
        yield server
        server.check_alive()


@pytest.fixture
def client(server):
    with server.client() as client:
        client.must("FLUSHALL")
        yield client


def field(client: RawClient, name: str) -> int:
    lines = client.must("INFO", "everything").decode().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split(":")[1])


def listed(client: RawClient, identity: int) -> dict[str, str]:
    line = client.must("CLIENT", "LIST", "ID", identity).decode()
    return dict(pair.split("=", 1) for pair in line.split())


def sample(seed: int, size: int) -> bytes:
    """Returns random bytes without repetition, so that a shift, a gap or a swap shows."""
    return random.Random(seed).randbytes(size)


def peak_of(client: RawClient, act) -> int:
    """Returns by how much the memory in use rose at its peak, in bytes, while ``act`` ran."""
    client.must("CONFIG", "RESETSTAT")
    before = field(client, "used_memory")
    act()
    return max(field(client, "used_memory_peak"), field(client, "used_memory")) - before


# ---- input ----


def requests(dice: random.Random) -> list[bytes]:
    sizes = [SHARED - 1, SHARED, SHARED + 1, 100_000, 300_000]

    def value() -> bytes:
        return sample(dice.randrange(1000), dice.choice(sizes)) if dice.random() < 0.7 else b"small"

    made = [
        lambda: encode_command("SET", "a", value()),
        lambda: encode_command("SET", "a", value(), "EX", "1000"),
        lambda: encode_command("SET", value(), value(), "GET"),
        lambda: encode_command("MSET", "a", value(), "b", value(), "a", value()),
        lambda: encode_command("APPEND", "b", value()),
        lambda: encode_command("HSET", "h", "f", value()),
        lambda: encode_command("ECHO", value()),
        lambda: encode_command("GET", "a"),
        lambda: encode_command("MGET", "a", "b", "c"),
        lambda: encode_command("GETRANGE", "a", "5", "-5"),
        lambda: encode_command("GETSET", "b", value()),
        lambda: encode_command("GETDEL", "a"),
        lambda: encode_command("SETRANGE", "a", dice.randrange(40000), "x"),
        lambda: encode_command("SETBIT", "b", dice.randrange(300_000), "1"),
        lambda: encode_command(value(), "name"),
        lambda: (
            encode_command("MULTI")
            + encode_command("SET", "c", value())
            + encode_command("GET", "c")
            + encode_command("EXEC")
        ),
        lambda: b"PING\r\n",
    ]
    return [dice.choice(made)() for _ in range(60)]


def answers(server, chunks: list[bytes]) -> bytes:
    """Returns all replies. They are read while the requests are written, because neither fits into socket buffers."""
    received: list[bytes] = []
    with server.client() as client:
        client.must("FLUSHALL")
        reader = threading.Thread(target=lambda: received.append(client.read_to_end()))
        reader.start()
        client.send_slowly(chunks)
        client.send("QUIT")
        reader.join()
    return received[0]


def split(dice: random.Random, stream: bytes, count: int) -> list[bytes]:
    cuts = sorted(dice.sample(range(1, len(stream)), count))
    return [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@pytest.mark.parametrize("seed", range(8))
def test_large_arguments_mean_the_same_however_their_bytes_arrive(server, shared_oracle, seed):
    dice = random.Random(seed)
    stream = b"".join(requests(dice))
    expected = answers(shared_oracle, [stream])
    assert answers(server, [stream]) == expected
    assert answers(server, split(dice, stream, 300)) == expected


def test_a_value_is_stored_where_it_was_read(client):
    value = sample(1, 20 * MB)
    assert peak_of(client, lambda: client.must("SET", "k", value)) < 21 * MB
    assert client.must("GET", "k") == value


@pytest.mark.parametrize(
    "command",
    [("SETEX", "k", "100"), ("SETNX", "k"), ("GETSET", "k"), ("MSET", "k"), ("APPEND", "k")],
    ids=lambda command: command[0],
)
def test_every_command_that_stores_a_string_takes_the_block_it_was_read_into(client, command):
    value = sample(2, 8 * MB)
    assert peak_of(client, lambda: client.must(*command, value)) < 9 * MB
    assert client.must("GET", "k") == value


def test_what_is_not_stored_is_released(client):
    before = field(client, "used_memory")
    value = sample(3, 5 * MB)
    client.must("ECHO", value)
    client.must("SET", "k", value, "XX")
    assert client.call("LPUSH", "k").is_error
    assert client.call("MSET", "k", value, "k").is_error
    client.must("MSET", "k", value, "k", value, "k", "small")
    assert client.must("GET", "k") == b"small"
    assert field(client, "used_memory") - before < MB


def test_a_value_overwritten_in_the_same_request_reaches_the_file_whole(start_ours):
    server = start_ours("--appendonly", "yes")
    first, second = sample(4, 300_000), sample(5, 200_000)
    with server.client() as client:
        client.must("MSET", "k", first, "k", second, "l", first)
        client.must("SET", "m", second)
        client.must("MULTI")
        client.must("SET", "n", first)
        client.must("EXEC")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("MGET", "k", "l", "m", "n") == [second, first, second, first]


@pytest.mark.parametrize("size", [SHARED, MB])
def test_a_declared_length_allocates_no_memory(client, server, size):
    with server.client() as other:
        before = field(other, "used_memory")
        client.send_bytes(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n" + b"x" * size)
        identity = int(other.must("CLIENT", "LIST").split(b"id=")[1].split(b" ")[0])
        wait_until(lambda: int(listed(other, identity)["qbuf"]) > size, "the bytes to arrive")
        assert field(other, "used_memory") - before <= 8 * size + 100_000


def test_a_client_that_has_sent_large_values_gets_no_more_memory_for_a_declared_length_than_a_megabyte(client, server):
    with server.client() as other:
        client.must("SET", "k", b"x" * (30 * MB))
        before = field(other, "used_memory")
        client.send_bytes(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$30000000\r\nx")
        identity = int(other.must("CLIENT", "LIST").split(b"id=")[1].split(b" ")[0])
        wait_until(lambda: int(listed(other, identity)["qbuf"]) > 0, "the bytes to arrive")
        assert field(other, "used_memory") - before <= MB + 100_000


def test_a_client_that_goes_away_leaves_no_half_read_value(server, client):
    before = field(client, "used_memory")
    with server.client() as other:
        other.send_bytes(
            b"*5\r\n$4\r\nMSET\r\n$1\r\nk\r\n$1000000\r\n" + b"x" * 1_000_000 + b"\r\n$1\r\nl\r\n$900000\r\nx"
        )
        wait_until(lambda: field(client, "used_memory") - before > 900_000, "the bytes to arrive")
    wait_until(lambda: field(client, "connected_clients") == 1, "the client to be gone")
    assert field(client, "used_memory") - before < 100_000


def test_a_large_bulk_without_its_end_is_a_protocol_error(client):
    client.send_bytes(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n" + b"x" * 100_000 + b"??" + encode_command("PING"))
    assert client.read_to_end() == b"-ERR Protocol error: expected CRLF after a bulk\r\n"


@pytest.mark.parametrize("more", [b"", b"!", b"!" * 1000], ids=len)
def test_a_large_bulk_without_its_end_is_an_error_only_after_the_command_that_waits(server, client, more):
    identity = client.must("CLIENT", "ID")
    head = b"*2\r\n$4\r\nECHO\r\n$100000\r\n"
    client.send_bytes(encode_command("BLPOP", "list", "0") + head)
    with server.client() as other:
        wait_until(lambda: field(other, "blocked_clients") == 1, "the client to wait")
        client.send_bytes(b"x" * 100_000 + b"??" + more)
        # Everything except the bulk, which is no longer needed.
        kept = str(len(head + b"??" + more))
        wait_until(lambda: listed(other, identity)["qbuf"] == kept, "the bytes to arrive")
        other.must("RPUSH", "list", "x")
    assert client.read().decoded == [b"list", b"x"]
    assert client.read_to_end() == b"-ERR Protocol error: expected CRLF after a bulk\r\n"


def test_large_requests_after_a_command_that_waits_are_executed_after_it(server, client):
    first, second = sample(6, 200_000), sample(7, 150_000)
    client.send("BLPOP", "list", "0")
    with server.client() as other:
        wait_until(lambda: field(other, "blocked_clients") == 1, "the client to wait")
        client.send_bytes(encode_command("SET", "k", first) + encode_command("GETSET", "k", second) + b"PING\r\n")
        assert other.must("EXISTS", "k") == 0
        other.must("RPUSH", "list", "x")
    assert client.read().decoded == [b"list", b"x"]
    assert [client.read().decoded for _ in range(3)] == ["OK", first, "PONG"]
    assert client.must("GET", "k") == second


def test_what_has_arrived_of_a_value_counts_as_input(start_ours):
    with start_ours("--client-query-buffer-limit", "1mb").client() as client, pytest.raises(ConnectionError):
        client.call("SET", "k", b"x" * 5_000_000)


def test_a_client_whose_large_value_never_ends_lets_others_have_their_turn(tmp_path):
    """An event loop keeps reading from a connection as long as every read fills the buffer."""
    server = FuzzedServer(tmp_path)
    server.config.set([("proto-max-bulk-len", "100mb"), ("client-query-buffer-limit", "1gb")])
    transport = server.connect()
    turns = taken = 0
    for size in feed(transport.connection, encode_command("SET", "k", b"v" * (50 * MB))):
        taken += size
        assert taken < 8 * MB
        if transport.paused:
            server.hub.loop.run()
            turns, taken = turns + 1, 0
    server.hub.loop.run()
    assert transport.written == b"+OK\r\n"
    assert turns > 5


# ---- output ----


def test_a_value_is_sent_from_where_it_is_stored(server, client):
    client.must("SET", "k", sample(8, 50 * MB))
    with server.client() as reader:

        def ask() -> None:
            reader.send("GET", "k")
            identity = reader_id
            wait_until(lambda: int(listed(client, identity)["omem"]) > 30 * MB, "output to queue")

        reader_id = reader.must("CLIENT", "ID")
        assert peak_of(client, ask) < MB
        assert reader.read().decoded == sample(8, 50 * MB)
        wait_until(lambda: listed(client, reader_id)["omem"] == "0", "nothing to be left")


CHANGES = [
    ("SET", "k", "other"),
    ("DEL", "k"),
    ("UNLINK", "k"),
    ("GETDEL", "k"),
    ("APPEND", "k", "more"),
    ("SETRANGE", "k", "100", "changed"),
    ("SETRANGE", "k", "30000000", "far"),
    ("SETBIT", "k", "1000", "1"),
    ("BITFIELD", "k", "SET", "u8", "0", "255"),
    ("BITOP", "NOT", "k", "k"),
    ("RENAME", "k", "l"),
    ("PERSIST", "k"),
    ("EXPIRE", "k", "100"),
    ("FLUSHALL",),
]


@pytest.mark.parametrize("change", CHANGES, ids=" ".join)
def test_a_reply_under_way_is_not_touched_by_what_happens_to_the_key(server, client, shared_oracle, change):
    value = sample(9, 20 * MB)
    client.must("SET", "k", value)
    with server.client() as reader, shared_oracle.client() as oracle:
        oracle.must("SET", "k", value)
        identity = reader.must("CLIENT", "ID")
        reader.send_bytes(encode_command("GET", "k") * 2)
        wait_until(lambda: int(listed(client, identity)["omem"]) > 10 * MB, "output to queue")
        assert client.call(*change).raw == oracle.call(*change).raw
        assert reader.read().decoded == value
        key = "l" if change[0] == "RENAME" else "k"
        assert client.must("GET", key) == oracle.must("GET", key)


def test_what_was_sent_is_released(server, client):
    before = field(client, "used_memory")
    client.must("SET", "k", sample(10, 10 * MB))
    with server.client() as reader:
        reader.send("GET", "k")
        wait_until(lambda: field(client, "client_recent_max_output_buffer") > MB, "output to queue")
        client.must("DEL", "k")
        assert field(client, "used_memory") - before > 10 * MB
        assert len(reader.read().decoded) == 10 * MB
    wait_until(lambda: field(client, "used_memory") - before < MB, "the value to be released")
    client.must("SET", "k", sample(10, 10 * MB))
    with server.client() as reader:
        reader.send("GET", "k")
        wait_until(lambda: field(client, "client_recent_max_output_buffer") > MB, "output to queue")
        client.must("DEL", "k")
    wait_until(lambda: field(client, "used_memory") - before < MB, "the value to be released")


def test_replies_keep_their_order_around_large_ones(server, client):
    values = [sample(seed, size) for seed, size in enumerate((10, SHARED, 3 * MB, 100, 40_000, SHARED - 1, 2 * MB))]
    for index, value in enumerate(values):
        client.must("SET", index, value)
    order = [dice % len(values) for dice in sample(11, 200)]
    client.send_bytes(b"".join(encode_command("GET", index) + encode_command("ECHO", index) for index in order))
    for index in order:
        assert client.read().decoded == values[index]
        assert client.read().decoded == b"%d" % index


def test_more_references_than_a_block_counts_are_copies(client):
    """A block counts at most 65,535 owners, and each pending reply is one."""
    value, count = sample(12, SHARED), 66_000
    client.must("SET", "k", value)
    client.send("MGET", *["k"] * count)
    assert client.readline() == b"*%d\r\n" % count
    expected = b"$%d\r\n%b\r\n" % (SHARED, value)
    for _ in range(count):
        assert client.readexactly(len(expected)) == expected
    assert client.must("APPEND", "k", "x") == SHARED + 1
    assert client.must("GET", "k") == value + b"x"


@pytest.mark.parametrize("last", ["half-closed", "QUIT"])
def test_all_of_a_large_reply_comes_before_the_end(client, last):
    client.must("SET", "k", b"v" * 30_000_000)
    client.send("GET", "k")
    if last == "QUIT":
        client.send("QUIT")
    else:
        client.socket.shutdown(socket.SHUT_WR)
    expected = b"$30000000\r\n%b\r\n%b" % (b"v" * 30_000_000, b"+OK\r\n" if last == "QUIT" else b"")
    assert client.read_to_end() == expected


def given(connection, *arguments) -> None:
    sum(feed(connection, encode_command(*arguments)))


def test_nothing_overtakes_what_the_transport_has_not_sent(tmp_path):
    server = FuzzedServer(tmp_path)
    server.config.set([("proto-max-bulk-len", "100mb"), ("client-query-buffer-limit", "1gb")])
    transport = server.connect()
    value = sample(15, 2 * MB)
    given(transport.connection, "SET", "k", value)
    transport.written.clear()
    unsent = transport.get_write_buffer_size = lambda: len(transport.written)
    given(transport.connection, "GET", "k")
    received = b""
    while len(received) < len(value) + len(b"$2097152\r\n\r\n"):
        for _ in range(3):
            transport.connection.go_on_sending()
        server.hub.loop.run()
        assert 0 < unsent() <= MB // 4
        received += bytes(transport.written)
        transport.written.clear()
        transport.connection.resume_writing()
    assert received == b"$2097152\r\n%b\r\n" % value


def test_a_reply_under_way_ends_with_its_transport(tmp_path):
    server = FuzzedServer(tmp_path)
    transport = server.connect()
    given(transport.connection, "SET", "k", sample(16, MB // 2))
    given(transport.connection, "GET", "k")
    transport.close()
    server.hub.loop.run()
    assert transport.written == b"+OK\r\n"


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_connection_may_end_whenever_the_last_of_a_large_reply_goes(start_ours, loop):
    """At some sizes the last bytes are those that the transport already holds, at others they follow later."""
    server = start_ours("--loop", loop)
    with server.client() as writer:
        for size in range(3 * MB, 9 * MB, MB // 4):
            writer.must("SETRANGE", "k", size - 1, "v")
            with server.client() as reader:
                reader.send_bytes(encode_command("GET", "k") + encode_command("QUIT"))
                assert len(reader.read_to_end()) == size + len(f"${size}\r\n\r\n+OK\r\n")
    server.check_log()


def test_a_large_reply_above_the_output_limit_ends_the_connection(start_ours):
    server = start_ours("--client-output-buffer-limit", "normal", "8mb", "0", "0")
    with server.client() as client, server.client() as other:
        client.must("SET", "k", "v" * 30_000_000)
        client.send("GET", "k")
        wait_until(lambda: field(other, "connected_clients") == 1, "the client to be closed")
        with pytest.raises(ConnectionClosed):
            client.read()


def test_large_replies_that_nobody_wants_are_not_sent(client):
    client.must("SET", "k", sample(13, MB))
    client.send_bytes(encode_command("CLIENT", "REPLY", "SKIP") + encode_command("GET", "k") + b"PING\r\n")
    assert client.read().decoded == "PONG"
    client.send_bytes(
        encode_command("CLIENT", "REPLY", "OFF")
        + encode_command("GET", "k") * 3
        + encode_command("CLIENT", "REPLY", "ON")
    )
    assert client.read().decoded == "OK"
    client.must("DEL", "k")
    assert field(client, "used_memory_dataset") < MB


def test_others_are_served_while_a_large_value_is_sent(server, client):
    """The reader reads as fast as it can: without slices it would get everything in one turn of the event loop."""
    client.must("SET", "k", b"v" * (100 * MB))
    done = threading.Event()

    def read() -> None:
        with server.client() as reader:
            reader.send("GET", "k")
            left = 100 * MB
            while left > 0:
                left -= len(reader.socket.recv(MB))
        done.set()

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: field(client, "client_recent_max_output_buffer") > 0 or done.is_set(), "the value to be sent")
    served = 0
    while not done.is_set():
        client.must("PING")
        served += 1
    reader.join()
    assert served > 5


def test_under_always_a_large_reply_waits_for_the_disk_in_its_place(start_ours, tmp_path):
    gate = SyncGate(tmp_path, "fdatasync")
    server: Server = start_ours("--appendfsync", "always", environment=gate.environment)
    value = sample(14, MB)
    with server.client() as client, server.client() as other:
        client.must("SET", "k", value)
        with gate.shut():
            client.send_bytes(encode_command("APPEND", "k", "x") + encode_command("GET", "k") + b"PING\r\n")
            other.send("GET", "k")
            wait_until(lambda: gate.calls() > 0, "a sync to begin")
            assert client.is_silent(0.2)
            assert other.is_silent(0)
        assert [client.read().decoded for _ in range(3)] == [MB + 1, value + b"x", "PONG"]
        assert other.read().decoded == value + b"x"


# ---- byte counts ----


def sent_during(counter: RawClient, act) -> int:
    """Returns how many bytes the server counts as sent while ``act`` runs."""
    before = counter.call("INFO", "stats")
    act()
    after = counter.must("INFO", "stats").decode()
    values = [int(text.split("total_net_output_bytes:")[1].split()[0]) for text in (before.decoded.decode(), after)]
    return values[1] - values[0] - len(before.raw)


@pytest.mark.parametrize("waits", [False, True], ids=["at once", "for the disk"])
def test_the_bytes_of_a_large_reply_are_counted_once(start_ours, waits):
    server: Server = start_ours("--appendonly", "yes", "--appendfsync", "always")
    replies: list[bytes] = []
    requests = [encode_command("APPEND", "k", "x")] * waits + [encode_command("GET", "k")]

    def act():
        client.send_bytes(b"".join(requests))
        replies.extend(client.read().raw for _ in requests)

    with server.client() as client, server.client() as counter:
        client.must("SET", "k", sample(15, MB))
        assert sent_during(counter, act) == len(b"".join(replies)) > MB


def test_a_large_reply_that_is_withheld_does_not_count(server, client):
    value = sample(16, MB)
    replies = []

    def act():
        get = encode_command("GET", "k")
        client.send_bytes(encode_command("CLIENT", "REPLY", "SKIP") + get + get)
        replies.append(client.read())

    client.must("SET", "k", value)
    with server.client() as counter:
        assert sent_during(counter, act) == len(replies[0].raw)
    assert replies[0].decoded == value

"""The shell: pipelines however their bytes arrive, slow readers, fast writers, and connections that end."""

import os
import random
import socket
import threading

import pytest

from support.client import ConnectionClosed, RawClient, encode_command, wait_until
from support.servers import Server, make_ours

LONG = bool(os.environ.get("PYREDIS_LONG"))
MANY_ARGUMENTS = 1_100_000


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def server(request, tmp_path_factory):
    """Yields one of our servers for all tests of this module, under each event loop."""
    folder = tmp_path_factory.mktemp(request.param)
    with make_ours(folder, "--loop", request.param, "--appendfsync", "no") as server:
        yield server
        server.check_alive()


@pytest.fixture
def client(server):
    with server.client() as client:
        client.must("FLUSHALL")
        yield client


def info(client: RawClient, field: str) -> int:
    lines = client.must("INFO").decode().splitlines()
    return int(next(line for line in lines if line.startswith(f"{field}:")).split(":")[1])


def listed(client: RawClient, identity: int) -> dict[str, str]:
    line = client.must("CLIENT", "LIST", "ID", identity).decode()
    return dict(field.split("=", 1) for field in line.split())


# ---- input ----


REQUESTS = [
    encode_command("SET", "key", b"\0\r\n$3\r\n" * 7),
    b"GET key\r\n",
    encode_command("MSET", *range(100)),
    b"\r\n*0\r\n*-1\r\n",
    b"SET \"quoted key\" 'single'\r\n",
    encode_command("GET", "quoted key"),
    encode_command("ECHO", b""),
    encode_command("NOSUCH", "x" * 300),
    b"PING\n",
    encode_command("APPEND", "big", b"y" * 70000),
    encode_command("STRLEN", "big"),
]


def replies_to(server: Server, chunks: list[bytes]) -> bytes:
    with server.client() as client:
        client.must("FLUSHALL")
        client.send_slowly(chunks)
        client.send("QUIT")
        return client.read_to_end()


@pytest.mark.parametrize("seed", range(6))
def test_the_split_of_the_bytes_does_not_matter(server, seed):
    stream = b"".join(REQUESTS)
    dice = random.Random(seed)
    cuts = sorted(dice.sample(range(1, 1500), 400) + [dice.randrange(1500, len(stream)) for _ in range(30)])
    chunks = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert replies_to(server, chunks) == replies_to(server, [stream])


def test_a_request_of_very_many_arguments_may_trickle_in(server, client):
    rest = b"$1\r\nk\r\n" * (MANY_ARGUMENTS - 1)
    client.send_bytes(b"*%d\r\n$6\r\nEXISTS\r\n" % MANY_ARGUMENTS)
    client.send_slowly(rest[at : at + 5003] for at in range(0, len(rest), 5003))
    assert client.read().decoded == 0
    # A new request, itself split, may begin in the bytes that end another.
    client.send_bytes(b"*4\r\n$6\r\nEXISTS\r\n" + b"$1\r\nk\r\n" * 3 + b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1")
    assert client.read().decoded == 0
    client.send_bytes(b"\r\nv\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
    assert (client.read().decoded, client.read().decoded) == ("OK", b"v")


def test_arguments_are_kept_apart_from_those_of_others(server, client):
    count = 30000
    request = encode_command("MSET", *(f"{name}{index}" for index in range(count) for name in ("k", "v")))
    with server.client() as other:
        half = len(request) // 2
        client.send_bytes(request[:half])
        other.send_bytes(request.replace(b"\r\nv", b"\r\nw")[:half])
        assert server.client().must("PING") == "PONG"
        client.send_bytes(request[half:])
        assert client.read().decoded == "OK"
        assert client.must("GET", f"k{count - 1}") == b"v%d" % (count - 1)
        other.send_bytes(request.replace(b"\r\nv", b"\r\nw")[half:])
        assert other.read().decoded == "OK"
        assert client.must("MGET", "k0", f"k{count - 1}") == [b"w0", b"w%d" % (count - 1)]


def test_a_large_value_arrives_whole_and_leaves_no_buffer(server, client):
    size = (512 if LONG else 64) << 20
    value = random.Random(1).randbytes(1 << 20) * (size >> 20)
    identity = client.must("CLIENT", "ID")
    with server.client() as other:
        client.send_bytes(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % size)
        client.send_bytes(value[:100000])
        wait_until(lambda: int(listed(other, identity)["qbuf"]) > 100000, "the beginning to arrive")
        fields = listed(other, identity)
        assert int(fields["qbuf"]) + int(fields["qbuf-free"]) < 500000, "the declared length has allocated memory"
        client.send_bytes(value[100000:] + b"\r\n")
        assert client.read().decoded == "OK"
        assert listed(other, identity)["qbuf-free"] == "0"
    assert client.must("GET", "k") == value
    client.must("DEL", "k")


def test_a_large_buffer_is_given_back_though_the_next_request_has_begun(server, client):
    identity = client.must("CLIENT", "ID")
    client.send_bytes(encode_command("SET", "k", b"v" * (8 << 20)) + b"*1\r\n$4\r\nPI")
    assert client.read().decoded == "OK"
    with server.client() as other:
        fields = listed(other, identity)
    assert int(fields["qbuf"]) == 10
    assert int(fields["qbuf-free"]) < 100000
    client.send_bytes(b"NG\r\n")
    assert client.read().decoded == "PONG"


def test_an_idle_connection_holds_no_buffer(server, client):
    client.must("SET", "k", "v" * 100000)
    client.must("GET", "k")
    with server.client() as other:
        fields = listed(other, client.must("CLIENT", "ID"))
    assert {fields[name] for name in ("qbuf", "qbuf-free", "obl", "oll", "omem")} == {"0"}


@pytest.mark.parametrize(
    "data",
    [
        b"*x\r\n",
        b"*2147483648\r\n",
        b"*1\r\n+4\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$536870913\r\n",
        b"*1\r\n$x\r\n",
        b'SET "a b\r\n',
        b"x" * 70000,
        b"*" + b"1" * 70000,
        b"*1\r\n$" + b"1" * 70000,
        encode_command("SET", "k", "v") + b"*1\r\nPING\r\n" + encode_command("SET", "k", "w"),
    ],
    ids=lambda data: repr(data[:20]),
)
def test_a_protocol_error_is_answered_and_ends_the_connection(pair2, data):
    assert b"-ERR Protocol error: " in pair2.check_fatal(data)


def test_a_protocol_error_sends_nothing_while_replies_are_off(server):
    with server.client() as client:
        client.send_bytes(encode_command("CLIENT", "REPLY", "OFF") + b"*1\r\n$x\r\n")
        with pytest.raises(ConnectionClosed) as closed:
            client.read()
        assert closed.value.received == b""


def test_a_slow_command_with_a_large_argument_is_told_in_short(server, client):
    client.must("CONFIG", "SET", "slowlog-log-slower-than", "0")
    client.must("SLOWLOG", "RESET")
    client.must("SET", "k", "v" * 1_000_000)
    entries = client.must("SLOWLOG", "GET", "10")
    client.must("CONFIG", "SET", "slowlog-log-slower-than", "10000")
    assert [b"SET", b"k", b"v" * 128 + b"... (999872 more bytes)"] in [entry[3] for entry in entries]


# ---- pipelines ----


def test_a_long_pipeline_may_be_written_before_anything_is_read(server, client):
    count = 400_000
    value = b"v" * 200
    client.must("SET", "k", value)
    client.send_bytes(encode_command("GET", "k") * count + encode_command("PING"))
    reply = b"$200\r\n" + value + b"\r\n"
    for _ in range(count // 1000):
        assert client.readexactly(len(reply) * 1000) == reply * 1000
    assert client.read().decoded == "PONG"


def test_a_client_that_pipelines_without_end_does_not_starve_others(server, client):
    """On a busy machine only the hose may run for a while, so one success in several attempts is enough."""
    wait_until(lambda: pings_beside_a_hose(server, client) > 20, "others to be served")


def pings_beside_a_hose(server: Server, client: RawClient) -> int:
    count = 300_000
    done = threading.Event()

    def read_all(hose: RawClient) -> None:
        hose.readexactly(len(b"+PONG\r\n") * count)
        done.set()

    pings = 0
    with server.client() as hose:
        reader = threading.Thread(target=read_all, args=[hose])
        writer = threading.Thread(target=hose.send_bytes, args=[b"*1\r\n$4\r\nPING\r\n" * count])
        reader.start()
        writer.start()
        while not done.is_set():
            assert client.must("PING") == "PONG"
            pings += 1
        writer.join()
        reader.join()
    return pings


def test_replies_without_end_do_not_starve_others(server, client):
    client.must("SET", "k", "v" * 100_000)
    count = 500
    with server.client() as hose:
        hose.send_bytes(encode_command("GET", "k") * count)
        hose.read()
        assert client.must("PING") == "PONG"
        for _ in range(count - 1):
            assert len(hose.read().raw) == 100_011


def test_requests_behind_a_blocking_command_wait_for_it(server, client):
    client.must("SET", "k", "v")
    client.send_bytes(encode_command("DEBUG", "LOADAOF") + encode_command("GET", "k") + b"*2\r\n$3\r\nGET\r\n$1")
    assert client.read().decoded == "OK"
    assert client.read().decoded == b"v"
    client.send_bytes(b"\r\nk\r\n")
    assert client.read().decoded == b"v"


def test_unknown_and_incomplete_commands_among_those_that_name_parts_harm_nobody(server, client):
    client.must("HSET", "hash", "f", "v")
    replies = client.pipeline(
        [["NO-SUCH", "hash", "f"], ["HGET", "hash", "f"], ["HGET", "hash"], ["HGET"], ["ZADD", "z"]]
    )
    assert [reply.raw[:4] for reply in replies] == [b"-ERR", b"$1\r\n", b"-ERR", b"-ERR", b"-ERR"]


def test_a_command_that_flushes_does_not_lose_the_replies_of_its_pipeline(start_ours):
    with start_ours("--appendonly", "yes").client() as client:
        commands = [["SET", "a", "1"], ["GET", "a"], ["CONFIG", "SET", "appendonly", "no"], ["INCR", "a"]]
        assert [reply.decoded for reply in client.pipeline(commands)] == ["OK", b"1", "OK", 2]


def test_replies_before_a_shutdown_are_sent(start_ours):
    server = start_ours()
    with server.client() as client:
        client.send_bytes(encode_command("SET", "a", "1") + encode_command("SHUTDOWN") + encode_command("PING"))
        assert client.read_to_end() == b"+OK\r\n"
    assert server.wait_exit() == 0


# ---- slow readers ----


def test_a_slow_reader_gets_everything_in_order(server, client):
    for index in range(10):
        client.must("SET", f"k{index}", b"%d" % index * 300_000)
    identity = client.must("CLIENT", "ID")
    client.send_bytes(b"".join(encode_command("GET", f"k{index % 10}") for index in range(100)))
    with server.client() as other:
        wait_until(lambda: listed(other, identity)["omem"] != "0", "output to queue")
        assert other.must("PING") == "PONG"
    for index in range(100):
        assert client.read().decoded == b"%d" % (index % 10) * 300_000


@pytest.mark.parametrize("limit", ["normal 1mb 0 0", "normal 0 100kb 1"], ids=["hard", "soft"])
def test_a_client_above_its_output_limit_is_closed(start_ours, limit):
    server = start_ours("--client-output-buffer-limit", *limit.split())
    with server.client() as client, server.client() as other:
        client.must("SET", "k", "v" * 20_000_000)
        client.send("GET", "k")
        wait_until(lambda: info(other, "connected_clients") == 1, "the client to be closed")
        assert info(other, "client_output_buffer_limit_disconnections") == 1
        with pytest.raises(ConnectionClosed):
            client.read()
    assert "closed for overcoming of output buffer limits" in server.log()


# ---- connections that end ----


@pytest.mark.parametrize("policy", ["always", "everysec", "no"])
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_half_closed_client_gets_its_replies(start_ours, policy, loop):
    with start_ours("--appendfsync", policy, "--loop", loop).client() as client:
        client.send_bytes(encode_command("INCR", "n") * 1000 + encode_command("GET", "n"))
        client.socket.shutdown(socket.SHUT_WR)
        expected = b"".join(b":%d\r\n" % number for number in range(1, 1001)) + b"$4\r\n1000\r\n"
        assert client.read_to_end() == expected


def test_a_half_closed_client_gets_more_than_the_socket_takes(server, client):
    client.must("SET", "k", "v" * 30_000_000)
    client.send("GET", "k")
    client.socket.shutdown(socket.SHUT_WR)
    assert len(client.read_to_end()) == 30_000_000 + len(b"$30000000\r\n\r\n")


def open_files(server: Server) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


LAST_WORDS = [
    b"",
    b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nvvv",
    encode_command("MULTI") + encode_command("SET", "k", "v" * 1000),
    encode_command("WATCH", "k", "l"),
    b"*50000\r\n" + b"$1\r\nk\r\n" * 40000,
    encode_command("GET", "k") * 3000,
    encode_command("CLIENT", "SETNAME", "somebody"),
]


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors in /proc")
def test_reset_connections_leave_nothing_behind(server, client):
    client.must("SET", "k", "v" * 10000)

    def come_and_go() -> None:
        others = [server.client() for _ in range(70)]
        for index, other in enumerate(others):
            other.send_bytes(LAST_WORDS[index % len(LAST_WORDS)])
        wait_until(lambda: info(client, "connected_clients") == 71, "all to be connected")
        for other in others:
            other.reset_connection()
        wait_until(lambda: info(client, "connected_clients") == 1, "all to be gone")

    come_and_go()
    files, used = open_files(server), info(client, "used_memory")
    come_and_go()
    wait_until(lambda: open_files(server) == files, "all descriptors to be closed")
    wait_until(lambda: abs(info(client, "used_memory") - used) < 100_000, "the memory to be given back")

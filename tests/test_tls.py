"""TLS: handshakes, data in both directions, limits, failures and attacks."""

import contextlib
import os
import socket
import ssl
import subprocess
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.client import ConnectionClosed, RawClient, encode_command, wait_until
from support.servers import free_port, make_ours, require_tool
from support.tls import Certificates, TlsClient, start_with_tls

LOOPS = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates") / "files")


@pytest.fixture(scope="module")
def secure(tmp_path_factory, certificates):
    """A server for the tests of this module that only need some server; its address for TLS is ``secure.tls``."""
    port = free_port()
    server = make_ours(
        tmp_path_factory.mktemp("secure"), "--tls-port", str(port), *certificates.directives(), "--appendonly", "no"
    )
    server.start()
    server.tls = ("127.0.0.1", port)
    yield server
    server.end()


@pytest.fixture
def client(secure, certificates):
    with TlsClient(secure.tls, certificates.context()) as client:
        client.must("FLUSHALL")
        yield client
    secure.check_alive()
    secure.check_log()


def fails(address, context) -> bool:
    """Whether a handshake, or the first read after it, fails: in TLS 1.3 a client reads of its rejection."""
    try:
        with TlsClient(address, context) as client:
            client.call("PING")
    except (ssl.SSLError, ConnectionError):
        return True
    return False


# ---- commands ----


@LOOPS
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_commands_are_executed_over_each_version(start_ours, certificates, loop, version):
    _, address = start_with_tls(start_ours, certificates, "--loop", loop)
    context = certificates.context()
    context.minimum_version = context.maximum_version = version
    with TlsClient(address, context) as client:
        assert client.must("SET", "key", "value") == "OK"
        assert client.must("GET", "key") == b"value"
        assert client.socket.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]


@LOOPS
@pytest.mark.parametrize("size", [1, 16_383, 16_384, 16_385, 32_768, 65_536, 1 << 20, 16 << 20])
def test_values_of_every_size_pass_both_ways(start_ours, certificates, loop, size):
    _, address = start_with_tls(start_ours, certificates, "--loop", loop, "--appendonly", "no")
    value = bytes(range(256)) * (size // 256 + 1)
    value = value[:size]
    with TlsClient(address, certificates.context()) as client:
        assert client.must("SET", "key", value) == "OK"
        assert client.must("GET", "key") == value
        replies = client.pipeline([("GET", "key"), ("STRLEN", "key"), ("GETRANGE", "key", 0, size - 1), ("PING",)])
        assert [reply.decoded for reply in replies] == [value, size, value, "PONG"]


def test_a_request_may_be_split_into_records_anywhere(client):
    request = encode_command("SET", "key", "value") + encode_command("GET", "key") + b"PING\r\n"
    for at in range(1, len(request)):
        client.send_bytes(request[:at])
        client.send_bytes(request[at:])
        assert [client.read().decoded for _ in range(3)] == ["OK", b"value", "PONG"]


REQUESTS = st.lists(
    st.tuples(st.just(b"ECHO"), st.binary(max_size=40) | st.integers(30_000, 70_000).map(bytes)), min_size=1, max_size=8
)


@given(requests=REQUESTS, cuts=st.lists(st.integers(0, 100_000), max_size=12))
def test_records_may_divide_requests_in_any_way(client, requests, cuts):
    data = b"".join(encode_command(*request) for request in requests)
    edges = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
    for begin, end in pairwise(edges):
        client.send_bytes(data[begin:end])
    assert [client.read().decoded for _ in requests] == [text for _, text in requests]


def test_each_byte_may_have_a_record_of_its_own(client):
    for byte in encode_command("ECHO", "x" * 300):
        client.send_bytes(bytes([byte]))
    assert client.read().decoded == b"x" * 300


def test_records_may_arrive_in_pieces_of_any_size(secure, certificates):
    """A client whose ciphertext is forwarded a few bytes at a time."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = certificates.context()
    with RawClient(secure.tls) as raw:
        link = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")

        def forward(step: int) -> None:
            data = outgoing.read()
            raw.send_slowly(data[at : at + step] for at in range(0, len(data), step))

        def until_done(work, step: int):
            while True:
                try:
                    result = work()
                except ssl.SSLWantReadError:
                    forward(step)
                    incoming.write(raw.socket.recv(65536))
                else:
                    forward(step)
                    return result

        until_done(link.do_handshake, 7)
        for step in (1, 2, 5, 13, 100, 1000):
            request = encode_command("ECHO", "y" * 500)
            until_done(lambda request=request: link.write(request), step)
            assert until_done(lambda: link.read(65536), step) == b"$500\r\n" + b"y" * 500 + b"\r\n"


def test_a_long_pipeline_is_answered_while_it_is_sent(client):
    request, pieces, size = encode_command("ECHO", "z" * 100), 40, 500
    for piece in range(pieces):
        client.send_bytes(request * size)
        # Half of the replies stay unread until the end.
        for _ in range(size // 2):
            assert client.read().decoded == b"z" * 100, piece
    for _ in range(pieces * (size - size // 2)):
        assert client.read().decoded == b"z" * 100


def test_messages_are_delivered_over_tls(secure, certificates, client):
    with TlsClient(secure.tls, certificates.context()) as subscriber:
        subscriber.must("SUBSCRIBE", "channel")
        assert client.must("PUBLISH", "channel", "x" * 100_000) == 1
        assert subscriber.read().decoded == [b"message", b"channel", b"x" * 100_000]


def test_a_blocked_client_is_answered_over_tls(secure, certificates, client):
    with TlsClient(secure.tls, certificates.context()) as waiting:
        waiting.send("BLPOP", "list", 0)
        wait_until(lambda: b"blocked_clients:1" in client.must("INFO", "clients"), "the client to block")
        client.must("RPUSH", "list", "element")
        assert waiting.read().decoded == [b"list", b"element"]


def test_writes_are_durable_before_the_reply(start_ours, certificates):
    server, address = start_with_tls(start_ours, certificates, "--appendfsync", "always")
    with TlsClient(address, certificates.context()) as client:
        for number in range(100):
            client.must("SET", f"key{number}", "v" * 50_000)
    server.restart(crash=True)
    with TlsClient(address, certificates.context()) as client:
        assert client.must("DBSIZE") == 100


# ---- limits ----


def test_a_slow_reader_is_paused_and_gets_everything(client):
    value = b"v" * (4 << 20)
    client.must("SET", "key", value)
    for _ in range(16):
        client.send("GET", "key")
    client.send("PING")
    assert [client.read().decoded == value for _ in range(16)] == [True] * 16
    assert client.read().decoded == "PONG"


def test_a_client_above_its_output_limit_is_closed(secure, certificates, client):
    client.must("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0")
    try:
        with TlsClient(secure.tls, certificates.context()) as reader:
            client.must("SET", "key", b"v" * (8 << 20))
            reader.send("GET", "key")
            with pytest.raises((ConnectionClosed, ssl.SSLError)):
                reader.read()
    finally:
        client.must("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0")


def test_a_killed_client_is_closed(secure, certificates, client):
    with TlsClient(secure.tls, certificates.context()) as other:
        identity = other.must("CLIENT", "ID")
        assert client.must("CLIENT", "KILL", "ID", identity) == 1
        assert other.read_to_end() == b""


def test_clients_beyond_maxclients_are_dropped(start_ours, certificates):
    _, address = start_with_tls(start_ours, certificates, "--maxclients", "1")
    with TlsClient(address, certificates.context()) as client:
        assert fails(address, certificates.context())
        assert b"rejected_connections:1" in client.must("INFO", "stats")


def test_a_shutdown_ends_connections_in_order(start_ours, certificates):
    server, address = start_with_tls(start_ours, certificates)
    with TlsClient(address, certificates.context()) as client:
        client.must("SET", "key", "value")
        client.send("SHUTDOWN", "NOSAVE")
        # Without the notice of the end, ssl would raise an exception here.
        client.socket.suppress_ragged_eofs = False
        assert client.socket.recv(100) == b""
    assert server.wait_exit() == 0


# ---- client certificates ----


@pytest.mark.parametrize("clients", ["no", "optional", "yes"])
def test_certificates_of_clients_are_required_as_configured(start_ours, certificates, tmp_path, clients):
    _, address = start_with_tls(start_ours, certificates, clients=clients)
    strangers = Certificates(tmp_path / "strangers")
    wrong = certificates.context()
    wrong.load_cert_chain(strangers.path("client.crt"), strangers.path("client.key"))
    assert fails(address, certificates.context()) == (clients == "yes")
    assert not fails(address, certificates.context(client=True))
    assert fails(address, wrong) == (clients != "no")


def test_a_session_without_a_certificate_is_not_resumed_once_one_is_required(start_ours, certificates):
    _, address = start_with_tls(start_ours, certificates)
    context = certificates.context()
    with TlsClient(address, context) as client:
        client.must("PING")
        session = client.socket.session
    with TlsClient(address, context, session=session) as client:
        client.must("PING")
        assert client.socket.session_reused
        session = client.socket.session
        client.must("CONFIG", "SET", "tls-auth-clients", "yes")
    with pytest.raises((ssl.SSLError, ConnectionError)), TlsClient(address, context, session=session) as client:
        client.call("PING")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(secure, certificates, version):
    context = certificates.context()
    context.minimum_version = context.maximum_version = version
    with TlsClient(secure.tls, context) as client:
        client.must("PING")
        assert not client.socket.session_reused
        session = client.socket.session
    with TlsClient(secure.tls, context, session=session) as client:
        client.must("PING")
        assert client.socket.session_reused


# ---- attacks ----


def test_plaintext_to_the_port_is_closed(secure, client):
    with RawClient(secure.tls) as plain:
        plain.send("PING")
        assert b"PONG" not in plain.read_to_end()
    with RawClient(secure.tls) as http:
        http.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        http.read_to_end()
    wait_until(lambda: "Error accepting a client connection: error:" in secure.log(), "the failure in the log")
    assert client.must("PING") == "PONG"


def test_a_truncated_request_is_not_executed(secure, certificates, client):
    """Without TLS's notice of the end the peer cannot know whether the connection was cut by an attacker."""
    with TlsClient(secure.tls, certificates.context()) as cut:
        cut.send("SET", "complete", "1")
        cut.send_bytes(encode_command("SET", "cut", "12345")[:-3])
        cut.read()
        socket.socket(fileno=cut.socket.detach()).close()
    assert client.must("MGET", "complete", "cut") == [b"1", None]


def test_a_client_that_ends_in_order_gets_its_replies(secure, certificates, client):
    client.must("SET", "key", b"v" * (1 << 20))
    with TlsClient(secure.tls, certificates.context()) as other:
        other.send("GET", "key")
        with contextlib.suppress(ssl.SSLError, OSError):
            other.socket.unwrap()
    assert client.must("PING") == "PONG"


def test_forged_records_end_the_connection(secure, certificates, client):
    with TlsClient(secure.tls, certificates.context()) as forged:
        forged.must("PING")
        raw = socket.socket(fileno=os.dup(forged.socket.fileno()))
        raw.sendall(b"\x17\x03\x03\x00\x20" + b"\0" * 32)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            forged.read()
        raw.close()
    assert client.must("PING") == "PONG"


def test_handshakes_held_open_by_hundreds_do_not_stop_others(secure, certificates, client):
    held = [RawClient(secure.tls) for _ in range(300)]
    try:
        for number, connection in enumerate(held):
            connection.send_bytes(b"\x16\x03\x01\x02\x00\x01"[: number % 7])
        with TlsClient(secure.tls, certificates.context()) as other:
            assert other.must("PING") == "PONG"
        wait_until(lambda: b"connected_clients:301" in client.must("INFO", "clients"), "all to be connected")
    finally:
        for connection in held:
            connection.close()
    wait_until(lambda: b"connected_clients:1\r" in client.must("INFO", "clients"), "all to be gone")
    assert secure.log().count("Error accepting a client connection") < 100


@pytest.mark.parametrize("count", [1, 1000])
def test_many_handshakes_at_once_all_succeed(start_ours, certificates, count):
    _, address = start_with_tls(start_ours, certificates, "--max-new-tls-connections-per-cycle", str(count))
    context = certificates.context()
    plain = [RawClient(address) for _ in range(50)]
    replies = []

    def shake(connection):
        connection.socket = context.wrap_socket(connection.socket, server_hostname="127.0.0.1")
        replies.append(connection.do("PING"))

    threads = [threading.Thread(target=shake, args=(connection,)) for connection in plain]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in plain:
        connection.close()
    assert replies == ["PONG"] * 50


def test_a_client_cannot_renegotiate(secure, certificates, client):
    """``R`` makes openssl's client renegotiate; whatever it reports, the server neither crashes nor takes part."""
    run = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{secure.tls[1]}", "-tls1_2"],
        input=b"R\nPING\r\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"RENEGOTIATING" in run.stdout + run.stderr
    assert b"no renegotiation" in run.stdout + run.stderr
    assert client.must("PING") == "PONG"


def test_a_client_may_change_its_keys(secure, client):
    """``K`` makes openssl's client send new keys, and ask for the server's."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{secure.tls[1]}", "-tls1_3"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as peer:

        def until(mark: bytes) -> None:
            while mark not in (line := peer.stdout.readline()):
                assert line, f"ended before {mark!r}"

        for _ in range(3):
            peer.stdin.write(b"K\n")
            peer.stdin.flush()
            until(b"KEYUPDATE")
            peer.stdin.write(b"PING\r\n")
            peer.stdin.flush()
            until(b"+PONG")
        peer.stdin.close()
        peer.kill()
    assert client.must("PING") == "PONG"


# ---- tools ----


def test_redis_cli_speaks_tls(secure, certificates, client):
    command = [require_tool("redis-cli"), "--tls", "--cacert", certificates.path("ca.crt")]
    command += ["-p", str(secure.tls[1]), "SET", "key", "value"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"OK\n"
    assert client.must("GET", "key") == b"value"

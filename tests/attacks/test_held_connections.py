"""Clients that hold connections without finishing anything: half requests, slow writers, slow readers, floods.

Memory per connection is bounded by what has arrived, and others are served meanwhile.
"""

import contextlib
import os
import resource
import socket

import pytest

from support.client import RawClient, encode_command, wait_until

LONG = bool(os.environ.get("PYREDIS_LONG"))
CONNECTIONS = 5000 if LONG else 1000
# Beginnings of requests, and how many bytes a connection may cost for each: what it has sent, one read, and the
# connection itself.
HALVES = {
    "a count": b"*1000000\r\n",
    "a length": b"*2\r\n$4\r\nECHO\r\n$500000000\r\n",
    "a few bytes of a large value": b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n" + b"x" * 100,
    "many empty arguments": b"*1000\r\n" + b"$0\r\n\r\n" * 100,
    "an inline request": b"SET k " + b"v" * 1000,
    "half a header": b"*1\r\n$",
    "one byte": b"*",
}


@pytest.fixture
def more_files():
    """Lets this process, and the servers that it starts, open enough files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"the limit of open files is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def field(client: RawClient, name: str) -> int:
    lines = client.must("INFO", "everything").decode().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split(":")[1])


def hold(server, data: bytes, count: int, stack: contextlib.ExitStack) -> list[socket.socket]:
    held = [stack.enter_context(socket.create_connection(server.address)) for _ in range(count)]
    for sock in held:
        sock.sendall(data)
    return held


@pytest.mark.parametrize("half", HALVES)
def test_half_requests_of_many_connections_cost_little_memory(start_ours, more_files, half):
    server = start_ours("--tcp-backlog", "4096", "--appendonly", "no")
    with server.client() as client, contextlib.ExitStack() as stack:
        before, resident = field(client, "used_memory"), field(client, "used_memory_rss")
        received = field(client, "total_net_input_bytes")
        hold(server, HALVES[half], CONNECTIONS, stack)
        arriving = CONNECTIONS * len(HALVES[half])
        wait_until(lambda: field(client, "connected_clients") == CONNECTIONS + 1, "the connections")
        wait_until(lambda: field(client, "total_net_input_bytes") - received >= arriving, "all bytes")
        used = (field(client, "used_memory") - before) / CONNECTIONS
        assert used < 24_000
        assert (field(client, "used_memory_rss") - resident) / CONNECTIONS < 40_000
        assert client.must("SET", "k", "v") == "OK"
    with server.client() as client:
        wait_until(lambda: field(client, "connected_clients") == 1, "the end of the connections")
        assert field(client, "used_memory") - before < 200_000


def test_a_connection_that_waits_for_its_first_request_costs_no_buffer(start_ours):
    server = start_ours()
    with server.client() as client, contextlib.ExitStack() as stack:
        hold(server, b"", 200, stack)
        wait_until(lambda: field(client, "connected_clients") == 201, "the connections")
        listed = client.must("CLIENT", "LIST").decode().splitlines()
        assert sum(" qbuf=0 qbuf-free=0 " in line for line in listed) == len(listed) == 201


def test_others_are_served_while_many_clients_send_a_byte_at_a_time(start_ours):
    """Each request arrives in as many reads as it has bytes; a request of another client never waits for them."""
    server = start_ours()
    with server.client() as client, contextlib.ExitStack() as stack:
        request = encode_command("INCR", "n")
        slow = hold(server, b"", 100, stack)
        for at in range(len(request)):
            for sock in slow:
                sock.send(request[at : at + 1])
            assert client.must("PING") == "PONG"
        assert sorted(int(sock.recv(100)[1:-2]) for sock in slow) == list(range(1, 101))


def test_clients_that_do_not_read_cost_no_memory_for_large_values(start_ours):
    """Each asks for a hundred megabytes in a hundred requests. Nothing is executed for a client that leaves much
    unread, and a large value is sent from where it is stored."""
    server = start_ours("--appendonly", "no")
    with server.client() as client, contextlib.ExitStack() as stack:
        client.must("SET", "k", b"x" * (1 << 20))
        before = field(client, "used_memory")
        hold(server, encode_command("GET", "k") * 100, 30, stack)
        executed = wait_until(lambda: field(client, "total_commands_processed") > 40, "the requests")
        assert executed
        for _ in range(50):
            client.must("PING")
        assert field(client, "used_memory") - before < 64 << 20
        # Few of the 3,000 requests: those whose replies fill the sockets and the allowance.
        assert field(client, "total_commands_processed") < 1500


def test_a_flood_of_requests_that_nobody_reads_ends_at_the_limit_of_the_class(start_ours):
    """Without a limit for ordinary clients, as by default in Redis too, such a client may fill the memory."""
    server = start_ours("--appendonly", "no", "--client-output-buffer-limit", "normal 8mb 0 0")
    with server.client() as client, contextlib.ExitStack() as stack:
        before = field(client, "used_memory")
        (flood,) = hold(server, b"", 1, stack)
        with contextlib.suppress(ConnectionError):
            while field(client, "client_output_buffer_limit_disconnections") == 0:
                flood.sendall(encode_command("ECHO", "x" * 1000) * 1000)
        assert field(client, "client_output_buffer_limit_disconnections") == 1
        assert field(client, "used_memory_peak") - before < 32 << 20


# ---- without the password ----


@pytest.fixture
def guarded(start_ours):
    return start_ours("--requirepass", "secret", "--appendonly", "no")


def admin_of(server) -> RawClient:
    client = RawClient(server.address)
    client.must("AUTH", "secret")
    return client


FLOODS = {
    "commands": encode_command("GET", "k") * 1000,
    "wrong passwords": encode_command("AUTH", "x" * 10_000) * 20,
    "wrong names": encode_command("HELLO", "3", "AUTH", "nobody", "x" * 10_000) * 20,
    "unknown commands": encode_command("x" * 10_000) * 20,
    "errors of the protocol": b"*1\r\n$-1\r\n",
    "large counts": b"*1000000\r\n",
    "large lengths": b"*1\r\n$1000000\r\n",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_without_the_password_leaves_no_memory(guarded, flood):
    """A hundred connections, each of which sends much and reads what comes until it is closed or all is answered."""
    with admin_of(guarded) as admin:
        for _ in range(3):
            shower(guarded, FLOODS[flood], 10)
        before = field(admin, "used_memory")
        shower(guarded, FLOODS[flood], 100)
        wait_until(lambda: field(admin, "connected_clients") == 1, "the end of the connections")
        assert field(admin, "used_memory") - before < 20_000
        assert field(admin, "used_memory_peak") - before < 4 << 20


def shower(server, data: bytes, count: int) -> None:
    for _ in range(count):
        with socket.create_connection(server.address) as sock, contextlib.suppress(ConnectionError):
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1 << 16):
                pass


def test_the_errors_counted_are_bounded_however_many_there_are(guarded):
    """An error code is the first word of a reply, and clients may choose the words of some."""
    with admin_of(guarded) as admin:
        for number in range(300):
            assert admin.call("EVAL", f"return redis.error_reply('E{number} x')", 0).is_error
        assert len([line for line in admin.must("INFO", "errorstats").splitlines() if b"errorstat_" in line]) <= 128

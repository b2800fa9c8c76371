"""Limits on clients: which may connect, how many, how much they may send, with and without a password, and for how long
they may be idle."""

import contextlib
import os
import re
import resource
import select
import shutil
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from pyredis.ground.addresses import is_local
from support.client import RawClient, encode_command, wait_until
from support.pair import Pair
from support.servers import Server

LONG = bool(os.environ.get("PYREDIS_LONG"))
LOOPS = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


def info(client: RawClient, field: str) -> int:
    lines = client.must("INFO").decode().splitlines()
    return int(next(line for line in lines if line.startswith(f"{field}:")).split(":")[1])


def told_on_arrival(address) -> bytes:
    with RawClient(address) as client:
        return client.read_to_end()


# ---- maxclients ----


@LOOPS
def test_one_client_too_many_is_refused(start_ours, start_oracle, loop):
    told = []
    for start, options in ((start_ours, ["--loop", loop]), (start_oracle, [])):
        server = start("--maxclients", "2", *options)
        # The connection that waited for the start may not be closed yet.
        first = wait_until(lambda server=server: admitted(server), "a place")
        wait_until(lambda first=first: info(first, "connected_clients") == 1, "the others to be gone")
        with first, server.client() as second:
            assert second.must("PING") == "PONG"
            told.append(told_on_arrival(server.address))
            assert info(first, "rejected_connections") == 1
        with wait_until(lambda server=server: admitted(server), "a place to become free") as client:
            assert client.must("CONFIG", "SET", "maxclients", "1") == "OK"
            told.append(told_on_arrival(server.address))
    assert told == [b"-ERR max number of clients reached\r\n"] * 4


def admitted(server: Server) -> RawClient | None:
    client = server.client()
    if client.call("PING").raw == b"+PONG\r\n":
        return client
    client.close()
    return None


def limit_files(soft: int, hard: int):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def log_messages(server: Server) -> list[str]:
    return [line.split(" ", 6)[-1] for line in server.log().splitlines()]


def test_maxclients_keeps_to_the_limit_of_open_files(start_ours, start_oracle):
    told = []
    for start in (start_ours, start_oracle):
        server = start(preexec=limit_files(200, 200))
        with server.client() as client:
            assert client.must("CONFIG", "GET", "maxclients") == [b"maxclients", b"168"]
            assert client.must("CONFIG", "SET", "maxclients", "100") == "OK"
            refusal = client.call("CONFIG", "SET", "maxclients", "500").raw
            assert client.must("CONFIG", "GET", "maxclients") == [b"maxclients", b"100"]
        told.append([refusal, *(line for line in log_messages(server) if "maxclients" in line or "open files" in line)])
    assert told[0] == told[1]
    assert len(told[0]) == 8


def test_the_limit_of_open_files_is_raised_where_it_may_be(start_ours, start_oracle):
    told = []
    for start in (start_ours, start_oracle):
        server = start("--maxclients", "300", preexec=limit_files(200, 400))
        with server.client() as client:
            assert client.must("CONFIG", "GET", "maxclients") == [b"maxclients", b"300"]
        told.append([line for line in log_messages(server) if "open files" in line])
    assert told[0] == told[1] == ["Increased maximum number of open files to 332 (it was originally set to 200)."]


def test_too_few_files_for_any_client_stop_the_start(start_ours):
    server = start_ours(preexec=limit_files(32, 32), wait=False)
    assert server.wait_exit() == 1
    assert "Your current 'ulimit -n' of 32 is not enough for the server to start. " in server.log()


def test_a_server_that_is_full_still_writes_its_files(start_ours):
    """Descriptors are kept for files: with as many clients as there may be, it rewrites, and refuses more clients."""
    server = start_ours("--appendonly", "yes", preexec=limit_files(200, 200))
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(server.client())
        most = int(first.must("CONFIG", "GET", "maxclients")[1])
        wait_until(lambda: info(first, "connected_clients") == 1, "the others to be gone")
        clients = [stack.enter_context(server.client()) for _ in range(most - 1)]
        for client in clients:
            client.send("INCR", "n")
        assert sorted(client.read().decoded for client in clients) == list(range(1, most))
        assert [told_on_arrival(server.address) for _ in range(50)] == [b"-ERR max number of clients reached\r\n"] * 50
        first.must("BGREWRITEAOF")
        wait_until(lambda: info(first, "aof_rewrites") == 1, "the rewrite to begin")
        wait_until(lambda: info(first, "aof_rewrite_in_progress") == 0, "the end of the rewrite")
        assert b"aof_last_bgrewrite_status:ok" in first.must("INFO", "persistence")
        assert info(first, "rejected_connections") == 50
    server.restart()
    with server.client() as client:
        assert client.must("GET", "n") == b"%d" % (most - 1)


def test_many_connections_at_once(start_ours):
    """Ten thousand in a long run, or as many as the limit of open files allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = (hard if hard != resource.RLIM_INFINITY else 65536) - 200
    count = min(10_000 if LONG else 500, room)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    server = start_ours("--tcp-backlog", "4096")
    try:
        clients = [server.client() for _ in range(count)]
        for client in clients:
            client.send("INCR", "n")
        assert sorted(client.read().decoded for client in clients) == list(range(1, count + 1))
        listed = [line for line in clients[0].must("CLIENT", "LIST").decode().splitlines() if line]
        assert len(listed) == count
        assert all(" qbuf=0 qbuf-free=0 " in line for line in listed if "cmd=client|list" not in line)
        for client in clients[1:]:
            client.close()
        wait_until(lambda: info(clients[0], "connected_clients") == 1, "the others to be gone")
        clients[0].close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# ---- protected mode ----


def own_address() -> str | None:
    """Returns an address of this host that is not loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            return None
        host = sock.getsockname()[0]
        return None if host.startswith("127.") else host


def test_strangers_are_turned_away_in_protected_mode(start_ours, start_oracle):
    host = own_address()
    if host is None:
        pytest.skip("this host has no address except loopback")
    told = []
    for start in (start_ours, start_oracle):
        server = start()
        told.append(told_on_arrival((host, server.port)))
        with server.client() as client:
            assert info(client, "rejected_connections") == 1
            client.must("CONFIG", "SET", "protected-mode", "no")
            with RawClient((host, server.port)) as stranger:
                assert stranger.must("PING") == "PONG"
            client.must("CONFIG", "SET", "protected-mode", "yes", "requirepass", "secret")
            with RawClient((host, server.port)) as stranger:
                assert stranger.call("PING").raw == b"-NOAUTH Authentication required.\r\n"
    # 7.0 misspells a word.
    assert told[0] == told[1].replace(b"4) Setup a an", b"4) Set up an")
    assert told[0].startswith(b"-DENIED Redis is running in protected mode")


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1:5", True),
        ("127.1.2.3:5", True),
        ("[::1]:5", True),
        ("[::ffff:127.0.0.1]:5", True),
        ("10.0.0.1:5", False),
        ("128.127.0.1:5", False),
        ("[::2]:5", False),
        ("[::ffff:10.0.0.1]:5", False),
        ("[2001:db8::127.0.0.1]:5", False),
    ],
)
def test_only_loopback_addresses_and_unix_sockets_are_local(address, local):
    assert is_local(SimpleNamespace(is_unix=False, address=address)) == local
    assert is_local(SimpleNamespace(is_unix=True, address=address))


# ---- unauthenticated clients ----


@pytest.fixture
def guarded(start_ours, start_oracle):
    pair = Pair(start_ours("--requirepass", "secret"), start_oracle("--requirepass", "secret"))
    yield pair
    pair.close()


@pytest.mark.parametrize(
    "data",
    [
        encode_command(*["PING"] * 11),
        encode_command("SET", "k", "v" * 16385),
        encode_command("PING") + b"*11\r\n",
        b"*1\r\n$16385\r\n",
    ],
    ids=["arguments", "bulk", "later", "header"],
)
def test_who_is_not_authenticated_may_not_send_much(guarded, data):
    assert b"-ERR Protocol error: unauthenticated " in guarded.check_fatal(data)


def test_who_is_not_authenticated_may_send_little(guarded):
    guarded.check_bytes(encode_command("ECHO", "v" * 16384) + encode_command(*["PING"] * 10), 2)
    guarded.check_bytes(encode_command("AUTH", "secret") + encode_command("ECHO", "v" * 20000), 2)


def test_an_unauthenticated_client_that_does_not_read_is_closed(start_ours):
    """Once the socket takes no more, a kilobyte may wait; with the password, as much as the client's class allows."""
    server = start_ours("--requirepass", "secret")
    with RawClient(server.address) as flooder, RawClient(server.address) as admin:
        admin.must("AUTH", "secret")
        with contextlib.suppress(ConnectionError):
            while info(admin, "client_output_buffer_limit_disconnections") == 0:
                flooder.send_bytes(encode_command("PING") * 10_000)
        assert info(admin, "client_output_buffer_limit_disconnections") == 1
        assert "closed for overcoming of output buffer limits." in server.log()
        with RawClient(server.address) as client:
            client.must("AUTH", "secret")
            client.send_bytes(encode_command("ECHO", "x" * 100_000) * 100)
            assert all(len(client.read().decoded) == 100_000 for _ in range(100))


# ---- input ----


def ends(client: RawClient, data: bytes) -> bool:
    """Returns whether sending ``data`` ends the connection without a reply."""
    try:
        client.send_bytes(data)
        client.read()
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize("request_line", ["POST / HTTP/1.1", "GET / HTTP/1.1"])
def test_what_a_browser_sends_is_cut_off_before_anything_is_executed(start_ours, start_oracle, request_line):
    for start in (start_ours, start_oracle):
        server = start()
        with server.client() as client, server.client() as other:
            assert ends(client, f"{request_line}\r\nHost: localhost\r\n\r\nSET k v\r\n".encode())
            assert other.must("EXISTS", "k") == 0
        with server.client() as client:
            assert ends(client, b"*2\r\n$5\r\nhOsT:\r\n$1\r\nx\r\n")
        assert server.log().count("Possible SECURITY ATTACK detected.") == 1


@LOOPS
def test_too_much_input_without_a_request_is_refused(start_ours, loop):
    server = start_ours("--client-query-buffer-limit", "1mb", "--loop", loop)
    with server.client() as client, server.client() as other:
        assert ends(client, b"*2\r\n$4\r\nECHO\r\n$3000000\r\n" + b"x" * 2_000_000)
        assert info(other, "client_query_buffer_limit_disconnections") == 1
        assert "Closing client that reached max query buffer length: id=" in server.log()
        other.must("CONFIG", "SET", "client-query-buffer-limit", "8mb")
        with server.client() as client:
            assert client.must("ECHO", "x" * 3_000_000) == b"x" * 3_000_000


def closing_line(server: Server) -> str:
    """Returns what the log says of a client with too much input, without what differs between two servers and
    versions."""
    line = next(line for line in log_messages(server) if "max query buffer length" in line)
    return re.sub(
        r"\b(addr|laddr|fd|watch|qbuf|qbuf-free|argv-mem|rbs|rbp|tot-mem|events|lib-name|lib-ver)=\S* ?", "", line
    )


def test_the_log_shows_the_client_and_the_beginning_of_its_input_as_the_oracle_s(start_ours, start_oracle):
    """A client's line, and its input in quotes with what a terminal could take for a command escaped. The oracle has
    dropped the beginning of such a request by then."""
    shown = []
    for start in (start_ours, start_oracle):
        server = start("--client-query-buffer-limit", "1mb")
        with server.client() as client:
            identity = client.must("CLIENT", "ID")
            client.must("CLIENT", "SETNAME", "me")
            assert ends(client, b'*2\r\n$4\r\nE\x1b"\xff\r\n$3000000\r\n' + b"x" * 2_000_000)
        wait_until(lambda server=server: "max query buffer length" in server.log(), "the log")
        shown.append(closing_line(server).replace(f"id={identity} ", "id=N "))
    assert shown[0].partition(" (")[0] == shown[1].partition(" (")[0]
    assert re.search(r' \(qbuf initial bytes: "x{64}"\)$', shown[1])
    assert "name=me " in shown[0]
    assert shown[0].endswith(' (qbuf initial bytes: "*2\\r\\n$4\\r\\nE\\x1b\\"\\xff\\r\\n$3000000\\r\\n")')


def test_the_input_of_clients_can_be_kept_out_of_the_log(start_ours):
    server = start_ours("--client-query-buffer-limit", "1mb", "--hide-user-data-from-log", "yes")
    with server.client() as client:
        assert ends(client, b"*2\r\n$4\r\nECHO\r\n$3000000\r\n" + b"x" * 2_000_000)
    assert closing_line(server).endswith(" (qbuf initial bytes: *redacted*)")


def test_what_a_transaction_has_queued_counts_as_input(start_ours):
    with start_ours("--client-query-buffer-limit", "1mb").client() as client:
        client.must("MULTI")
        assert client.must("ECHO", "x" * 1_000_000) == "QUEUED"
        assert ends(client, encode_command("ECHO", "x" * 100_000))


# ---- time ----


@LOOPS
def test_an_idle_client_is_closed_and_a_busy_one_is_not(start_ours, loop):
    server = start_ours("--timeout", "2", "--loop", loop, "--loglevel", "verbose")
    with server.client() as idle, server.client() as busy:
        idle.must("PING")
        while not select.select([idle.socket], [], [], 0.05)[0]:
            busy.must("PING")
        assert idle.read_to_end() == b""
        assert busy.must("PING") == "PONG"
        busy.must("CONFIG", "SET", "timeout", "0")
    assert "- Closing idle client" in server.log()


def test_a_client_that_is_slow_to_send_is_not_idle(start_ours):
    server = start_ours("--timeout", "2")
    with server.client() as slow:
        deadline = time.monotonic() + 4
        slow.send_bytes(b"*2\r\n$4\r\nECHO\r\n$100000\r\n")
        sent = 0
        while time.monotonic() < deadline:
            slow.send_bytes(b"x" * 100)
            sent += 100
            select.select([slow.socket], [], [], 0.2)
        slow.send_bytes(b"x" * (100_000 - sent) + b"\r\n")
        assert len(slow.read().decoded) == 100_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the options of another process with ss")
@LOOPS
def test_the_socket_options_are_set(start_ours, loop):
    """``ss`` shows the keepalive timer of a connection."""
    if shutil.which("ss") is None:
        pytest.skip("ss is not installed: apt-get install iproute2")
    server = start_ours("--tcp-keepalive", "77", "--loop", loop)
    with server.client() as client:
        client.must("PING")
        command = ["ss", "-Htno", "sport", "=", f":{server.port}"]

        def keeps_alive() -> bool:
            shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            return re.search(r"timer:\(keepalive,(1min|\d\d?sec)", shown) is not None

        wait_until(keeps_alive, "the timer of 77 seconds")


@pytest.mark.parametrize("command", [["NO\0SUCH", "a\0b"], ["CLIENT", "NO\0SUCH"], ["CONFIG", "SET", "no\0such", 1]])
def test_errors_tell_an_argument_up_to_a_nul(pair, command):
    pair.check(*command)
    pair.check("DEBUG", "no\0such", 1)
    pair.check("CLIENT", "KILL", "TYPE", "no\0such")

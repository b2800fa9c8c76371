"""Where the server listens: addresses, ports, the unix socket, and changing them while it serves."""

import os
import socket
import stat

import pytest

from pyredis.host.listeners import keep_alive
from support.client import RawClient, can_connect, wait_until
from support.servers import free_port

LOOPS = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


def has_address(host: str) -> bool:
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.bind((host, 0))
        return True
    except OSError:
        return False


IPV6 = pytest.mark.skipif(not has_address("::1"), reason="this host has no IPv6")
SECOND = pytest.mark.skipif(not has_address("127.0.0.2"), reason="this host has no 127.0.0.2")


def refuses(address) -> bool:
    return not can_connect(address)


@LOOPS
@IPV6
@SECOND
def test_several_addresses_are_listened_on(start_ours, loop):
    server = start_ours("--bind", "127.0.0.1", "::1", "127.0.0.2", "--loop", loop)
    for host, shown in (("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("127.0.0.2", "127.0.0.2")):
        with RawClient((host, server.port)) as client:
            line = client.must("CLIENT", "INFO").decode()
            assert f" laddr={shown}:{server.port} " in line
            source = "[::1]" if host == "::1" else "127.0.0.1"
            assert f" addr={source}:{client.socket.getsockname()[1]} " in line
    assert refuses(("127.0.0.3", server.port))


@IPV6
@SECOND
def test_by_default_every_address_is_listened_on(start_ours):
    server = start_ours()
    assert can_connect(("127.0.0.3", server.port))
    assert can_connect(("::1", server.port))


def test_an_address_that_may_be_missing_is_passed_over(start_ours):
    server = start_ours("--bind", "127.0.0.1", "-192.0.2.77")
    assert "Could not create server TCP listening socket 192.0.2.77:" in server.log()


def test_an_address_that_is_missing_stops_the_start(start_ours):
    server = start_ours("--bind", "127.0.0.1 192.0.2.77", wait=False)
    assert server.wait_exit() == 1
    log = server.log()
    assert f"# Warning: Could not create server TCP listening socket 192.0.2.77:{server.port}: bind: " in log
    assert f"# Failed listening on port {server.port} (tcp), aborting." in log
    assert "Server initialized" not in log


def test_a_port_in_use_stops_the_start(start_ours):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = start_ours("--bind", "127.0.0.1", start=False)
        server.port = taken.getsockname()[1]
        assert server.start(wait=False).wait_exit() == 1
        assert f"listening socket 127.0.0.1:{server.port}: bind: Address already in use" in server.log()


def test_nowhere_to_listen_stops_the_start(start_ours):
    server = start_ours("--port", "0", wait=False)
    assert server.wait_exit() == 1
    assert "# Configured to not listen anywhere, exiting." in server.log()


# ---- the unix socket ----


@LOOPS
def test_a_unix_socket_alone_will_do(start_ours, tmp_path, loop):
    path = tmp_path / "redis.sock"
    server = start_ours(
        *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--loop", loop), wait=False
    )
    wait_until(lambda: can_connect(str(path)), "the socket to exist")
    with RawClient(str(path)) as client:
        line = client.must("CLIENT", "INFO").decode()
        assert f" addr={path}:0 laddr={path}:0 " in line
        assert " flags=U " in line
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    wait_until(lambda: "Ready to accept connections unix" in server.log(), "the log line")
    assert "Ready to accept connections tcp" not in server.log()
    assert server.stop() == 0
    assert not path.exists()


def test_a_unix_socket_beside_tcp(start_ours, tmp_path):
    server = start_ours("--unixsocket", "redis.sock", name="both")
    path = tmp_path / "both" / "redis.sock"
    assert can_connect(str(path))
    server.kill()
    assert path.exists()
    server.start()
    assert can_connect(str(path)), "a socket left behind is replaced"


@pytest.mark.parametrize("kind", ["missing folder", "plain file"])
def test_a_unix_socket_that_cannot_be_made_stops_the_start(start_ours, tmp_path, kind):
    path = tmp_path / ("nowhere/redis.sock" if kind == "missing folder" else "precious")
    if kind == "plain file":
        path.write_text("not a socket")
    server = start_ours("--unixsocket", str(path), wait=False)
    assert server.wait_exit() == 1
    assert "# Failed opening Unix socket: bind: " in server.log()
    if kind == "plain file":
        assert path.read_text() == "not a socket"


# ---- changes at run time ----


@LOOPS
def test_the_port_changes_and_connections_stay(start_ours, loop):
    server = start_ours("--loop", loop)
    other = free_port()
    with server.client() as client:
        client.must("CONFIG", "SET", "port", other)
        with RawClient(("127.0.0.1", other)) as second:
            assert second.must("CONFIG", "GET", "port") == [b"port", b"%d" % other]
        assert refuses(server.address)
        client.must("CONFIG", "SET", "port", 0)
        assert refuses(("127.0.0.1", other))
        client.must("CONFIG", "SET", "port", server.port)
        assert can_connect(server.address)


def test_a_port_in_use_is_refused_and_the_old_one_stays(start_ours):
    server = start_ours("--bind", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken, server.client() as client:
        assert client.call("CONFIG", "SET", "port", taken.getsockname()[1]).raw == (
            b"-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. "
            b"Check server logs.\r\n"
        )
        assert client.must("CONFIG", "GET", "port") == [b"port", b"%d" % server.port]
        assert can_connect(server.address)


def test_a_new_port_is_left_again_when_the_rest_of_the_change_fails(start_ours, tmp_path):
    server = start_ours("--bind", "127.0.0.1", "--appendonly", "no", name="server")
    (tmp_path / "server" / "appendonlydir").write_text("no folder")
    other = free_port()
    with server.client() as client:
        assert client.call("CONFIG", "SET", "port", other, "appendonly", "yes").raw == (
            b"-ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. "
            b"Check server logs.\r\n"
        )
        assert client.must("CONFIG", "GET", "port") == [b"port", b"%d" % server.port]
    assert can_connect(server.address)
    assert refuses(("127.0.0.1", other))


@LOOPS
@SECOND
def test_the_addresses_change(start_ours, loop):
    server = start_ours("--loop", loop)
    with server.client() as client:
        for addresses, there, away in (
            ("127.0.0.1", ["127.0.0.1"], ["127.0.0.2"]),
            ("127.0.0.2 127.0.0.1", ["127.0.0.1", "127.0.0.2"], []),
            ("127.0.0.2", ["127.0.0.2"], ["127.0.0.1"]),
            ("", [], ["127.0.0.1", "127.0.0.2"]),
            ("* -::*", ["127.0.0.1", "127.0.0.2"], []),
        ):
            client.must("CONFIG", "SET", "bind", addresses)
            assert all(can_connect((host, server.port)) for host in there), addresses
            assert all(refuses((host, server.port)) for host in away), addresses


@SECOND
def test_addresses_that_are_not_there_are_refused_and_the_old_ones_stay(start_ours):
    server = start_ours()
    with server.client() as client:
        assert client.call("CONFIG", "SET", "bind", "127.0.0.1 192.0.2.77").raw == (
            b"-ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.\r\n"
        )
        assert can_connect(("127.0.0.2", server.port))
        assert client.must("CONFIG", "GET", "bind") == [b"bind", b"* -::*"]


@SECOND
def test_addresses_and_port_change_together(start_ours):
    server = start_ours()
    other = free_port()
    with server.client() as client:
        client.must("CONFIG", "SET", "bind", "127.0.0.1", "port", other)
    assert can_connect(("127.0.0.1", other))
    assert refuses(("127.0.0.2", other))
    assert refuses(server.address)


def test_a_backlog_that_the_system_cuts_is_told(start_ours):
    path = "/proc/sys/net/core/somaxconn"
    if not os.path.exists(path):
        pytest.skip(f"there is no {path}")
    with open(path, encoding="ascii") as file:
        most = int(file.read())
    told = "WARNING: The TCP backlog setting of {} cannot be enforced because " + path
    assert told.format(most + 1) in start_ours("--tcp-backlog", str(most + 1)).log()
    assert "TCP backlog" not in start_ours("--tcp-backlog", str(most)).log()


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPINTVL"), reason="this system has no TCP_KEEPINTVL")
@pytest.mark.parametrize(("interval", "apart"), [(1, 1), (2, 1), (3, 1), (5, 1), (6, 2), (300, 100)])
def test_a_silent_peer_is_probed_three_times_a_third_of_the_interval_apart(interval, apart):
    names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    with socket.socket() as sock:
        keep_alive(sock, interval)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert [sock.getsockopt(socket.IPPROTO_TCP, name) for name in names] == [interval, apart, 3]

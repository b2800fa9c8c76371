"""Servers embedded in another program: several in one process, and no leftovers of a connection or a server."""

import asyncio
import contextlib
import gc
import os
import socket
import threading

import pytest
import uvloop

from pyredis.config import Config
from pyredis.ground.server_log import Log
from pyredis.protocol import Connection
from pyredis.server import Server
from support.client import RawClient, encode_command, wait_until
from support.servers import check_no_exception, free_port

LOOPS = pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])


def make_server(folder, *arguments: str) -> Server:
    folder.mkdir(exist_ok=True)
    options = ["--port", str(free_port()), "--bind", "127.0.0.1", "--dir", str(folder), *arguments]
    config = Config.load(None, options)
    return Server(config, Log("notice", str(folder / "log")))


@pytest.fixture(autouse=True)
def no_exception_in_a_log(tmp_path):
    yield
    for log in tmp_path.glob("*/log"):
        check_no_exception(log.read_text())


def run(new_loop, main) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(asyncio.wait_for(main, 60))


class Stream:
    """A client on the server's event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, server: Server) -> "Stream":
        return cls(*await asyncio.open_connection("127.0.0.1", server.config["port"]))

    async def call(self, *arguments) -> bytes:
        self.writer.write(encode_command(*arguments))
        reply = await self.reader.readline()
        return reply if not reply.startswith(b"$") or reply == b"$-1\r\n" else await self.reader.readline()

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def until(condition) -> None:
    while not condition():
        await asyncio.sleep(0.005)


@LOOPS
def test_two_servers_on_one_loop_do_not_disturb_each_other(tmp_path, new_loop):
    async def main() -> None:
        first = make_server(tmp_path / "first", "--requirepass", "secret")
        second = make_server(tmp_path / "second", "--maxclients", "1", "--appendonly", "no")
        await first.start()
        await second.start()
        one, two = await Stream.to(first), await Stream.to(second)
        assert await one.call("SET", "k", "1") == b"-NOAUTH Authentication required.\r\n"
        assert await one.call("AUTH", "secret") == b"+OK\r\n"
        assert await one.call("SET", "k", "1") == b"+OK\r\n"
        assert await two.call("GET", "k") == b"$-1\r\n"
        assert await two.call("SET", "k", "2") == b"+OK\r\n"
        assert await two.call("CONFIG", "SET", "hz", "50") == b"+OK\r\n"
        # Pipelines to both at the same time, with requests split between writes.
        request = encode_command("INCR", "k") * 1000
        for writer, part in ((one, request[:-5]), (two, request[:-7]), (one, request[-5:]), (two, request[-7:])):
            writer.writer.write(part)
            await writer.writer.drain()
        for client, start in ((one, 1), (two, 2)):
            numbers = b"".join(b":%d\r\n" % (start + step) for step in range(1, 1001))
            assert await client.reader.readexactly(len(numbers)) == numbers
        second.shutdown(save=False)
        await second.wait_closed()
        assert first.config["hz"] == 10
        await one.close()
        again = await Stream.to(first)
        await again.call("AUTH", "secret")
        assert await again.call("GET", "k") == b"1001\r\n"
        first.shutdown()
        await first.wait_closed()

    run(new_loop, main())


async def used_memory(client: Stream) -> int:
    client.writer.write(encode_command("INFO", "memory"))
    size = int((await client.reader.readline())[1:])
    info = await client.reader.readexactly(size + 2)
    return int(info.split(b"used_memory:")[1].split(b"\r\n")[0])


@LOOPS
def test_two_servers_on_one_loop_count_their_memory_apart(tmp_path, new_loop):
    """Whatever allocates the memory: commands, waiting replies, incomplete input, expiry, background work."""
    large = 4 << 20

    async def main() -> None:
        first = make_server(tmp_path / "first", "--appendonly", "no")
        second = make_server(tmp_path / "second", "--appendfsync", "always")
        await first.start()
        await second.start()
        one, two = await Stream.to(first), await Stream.to(second)
        for client in (one, two):
            await client.call("SET", "k", "v")
        before = await used_memory(one)
        start = await used_memory(two)
        for command in (
            ("SET", "large", "x" * large),
            ("SADD", "members", *range(100_000)),
            ("SET", "brief", "x" * large, "PX", "1"),
        ):
            first.core.tidy(0)  # now the other server's code ran last
            await two.call(*command)
        first.core.tidy(0)
        two.writer.write(b"*3\r\n$3\r\nSET\r\n$1\r\nu\r\n$%d\r\n" % large + b"x" * (large // 2))
        await until(lambda: second.core.used_memory - start > 2 * large)
        # Meanwhile, the first server runs its own commands and its callbacks from the loop.
        for _ in range(20):
            await one.call("SET", "k", "v")
            await asyncio.sleep(0.005)
        assert abs(await used_memory(one) - before) < 4096
        two.writer.write(b"x" * (large - large // 2) + b"\r\n")
        assert await two.reader.readline() == b"+OK\r\n"
        assert await used_memory(two) - start > 2 * large
        await two.call("FLUSHALL")
        await until(lambda: second.core.used_memory - start < large // 2)
        assert abs(await used_memory(one) - before) < 4096
        for server, client in ((first, one), (second, two)):
            await client.close()
            server.shutdown(save=False)
            await server.wait_closed()

    run(new_loop, main())


@LOOPS
def test_the_paths_of_each_server_are_relative_to_its_own_folder(tmp_path, new_loop, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    async def main() -> None:
        servers = [make_server(tmp_path / name, "--unixsocket", "sock") for name in ("first", "second")]
        for number, server in enumerate(servers):
            await server.start()
            client = Stream(*await asyncio.open_unix_connection(tmp_path / ("first", "second")[number] / "sock"))
            assert await client.call("SET", "number", number) == b"+OK\r\n"
            assert await client.call("CONFIG", "SET", "logfile", "other.log") == (
                b"-ERR CONFIG SET failed (possibly related to argument 'logfile') - can't set immutable config\r\n"
            )
            await client.close()
        for server in servers:
            server.shutdown()
            await server.wait_closed()

    run(new_loop, main())
    assert os.getcwd() == str(here)
    assert list(here.iterdir()) == []
    for number, name in enumerate(("first", "second")):
        (file,) = (tmp_path / name / "appendonlydir").glob("*.incr.aof")
        assert b"number\r\n$1\r\n%d\r\n" % number in file.read_bytes()


def test_servers_in_several_threads_do_not_disturb_each_other(tmp_path):
    servers = [make_server(tmp_path / str(number), "--appendfsync", "always") for number in range(3)]
    threads = [threading.Thread(target=server.run, args=["uvloop"]) for server in servers]
    for thread in threads:
        thread.start()
    try:
        clients = [connected(server) for server in servers]
        for _ in range(20):
            for number, client in enumerate(clients):
                client.send_bytes(encode_command("INCRBY", "n", number) * 50)
            for client in clients:
                for _ in range(50):
                    client.read()
        assert [client.must("GET", "n") for client in clients] == [b"0", b"1000", b"2000"]
    finally:
        for server in servers:
            with connected(server) as client:
                client.send("SHUTDOWN")
        for thread in threads:
            thread.join()


def connected(server: Server) -> RawClient:
    """Waits until the server has loaded its data, and returns a connected client."""

    def attempt() -> RawClient | None:
        with contextlib.suppress(ConnectionError):
            client = RawClient(("127.0.0.1", server.config["port"]))
            if client.call("PING").raw == b"+PONG\r\n":
                return client
            client.close()
        return None

    return wait_until(attempt, "the server to be ready")


@LOOPS
def test_a_connection_is_set_up_for_short_messages_and_probed_when_silent(tmp_path, new_loop):
    async def main() -> None:
        server = make_server(tmp_path / "one", "--tcp-keepalive", "90")
        await server.start()
        client = await Stream.to(server)
        await client.call("PING")
        (connection,) = server.clients.values()
        sock = connection.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_KEEPIDLE"):
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            assert [sock.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [90, 30, 3]
        await client.close()
        server.shutdown(save=False)
        await server.wait_closed()

    run(new_loop, main())


def connections() -> list[Connection]:
    gc.collect()
    return [thing for thing in gc.get_objects() if isinstance(thing, Connection)]


@LOOPS
def test_a_connection_that_is_gone_leaves_no_object(tmp_path, new_loop):
    before = len(connections())

    async def main() -> None:
        server = make_server(tmp_path / "one", "--maxclients", "10", "--appendfsync", "always")
        await server.start()
        # Connections must be freed when they end, without the garbage collector.
        gc.disable()
        clients = [await Stream.to(server) for _ in range(15)]
        for client in clients[:10]:
            await client.call("INCR", "n")
        clients[0].writer.write(encode_command("INCR", "n") * 100)
        clients[1].writer.write(b"*2\r\n$4\r\nECHO\r\n$100\r\nxx")
        clients[2].writer.transport.abort()
        for client in clients:
            client.writer.close()
        await until(lambda: not server.clients)
        await until(lambda: not [thing for thing in gc.get_objects() if isinstance(thing, Connection)][before:])
        gc.enable()
        server.shutdown()
        await server.wait_closed()

    try:
        run(new_loop, main())
    finally:
        gc.enable()
    assert len(connections()) == before


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors in /proc")
@LOOPS
def test_a_server_that_has_stopped_leaves_no_descriptor(tmp_path, new_loop):
    async def main() -> None:
        server = make_server(tmp_path / "one", "--unixsocket", str(tmp_path / "sock"))
        await server.start()
        client = await Stream.to(server)
        await client.call("INCR", "n")
        server.shutdown()
        await server.wait_closed()
        assert await client.reader.read() == b""
        await client.close()
        await until(lambda: not server.clients)

    def files() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    run(new_loop, main())
    before = files()
    run(new_loop, main())
    assert files() <= before


def test_a_flush_releases_what_is_large_in_slices(tmp_path):
    members = 200_000

    async def main():
        server = make_server(tmp_path / "s", "--appendonly", "no")
        await server.start()
        client = await Stream.to(server)
        empty = server.core.used_memory
        for first in range(0, members, 10_000):
            await client.call("SADD", "set", *range(first, first + 10_000))
        await client.call("SADD", "small", "member")
        server.core.empty()
        slices = 0
        while server.core.tidy(0):
            slices += 1
        assert slices > members / 1024
        assert server.core.used_memory - empty < members
        await client.close()
        server.shutdown(save=False, force=True)
        await server.wait_closed()

    run(uvloop.new_event_loop, main())

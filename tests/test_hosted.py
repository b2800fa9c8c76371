"""Servers in the process of another program: in a thread, and on the program's own event loop."""

import asyncio
import contextlib
import logging
import os
import re
import socket
import sys
import threading

import pytest
import redis
import redis.asyncio
import uvloop

import pyredis
from pyredis.telemetry.readings import parse_info
from support.aof_cases import build_shim
from support.client import wait_until
from support.pages import run_python
from support.paths import ROOT, preloading

LOOPS = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


def connect(server, **options) -> redis.Redis:
    return redis.Redis.from_url(server.url, **options)


@LOOPS
def test_a_server_answers_while_its_block_lasts(loop):
    before = threading.active_count()
    with pyredis.Server(loop=loop) as server, connect(server) as client:
        assert server.running
        client.set("key", "value")
        assert client.get("key") == b"value"
        assert server.url == f"redis://127.0.0.1:{server.port}"
    assert not server.running
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_several_servers_run_at_once_and_again():
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(pyredis.Server()) for _ in range(5)]
        assert len({server.port for server in servers}) == 5
        for number, server in enumerate(servers):
            with connect(server) as client:
                client.set("number", number)
        for number, server in enumerate(servers):
            with connect(server, protocol=3) as client:
                assert client.get("number") == b"%d" % number
    first = servers[0]
    with first, connect(first) as client:
        assert client.dbsize() == 0
        with pytest.raises(RuntimeError, match="runs already"):
            first.start()


def test_a_chosen_port_is_used_and_one_in_use_is_refused():
    with pyredis.Server() as first:
        second = pyredis.Server(port=first.port)
        with pytest.raises(pyredis.StartError, match=f"Failed listening on port {first.port}"):
            second.start()
    with pyredis.Server(port=first.port) as second:
        assert second.port == first.port


def test_all_addresses_get_the_same_free_port():
    with pyredis.Server(bind=["127.0.0.1", "127.0.0.2"]) as server:
        for host in ("127.0.0.1", "127.0.0.2"):
            with redis.Redis(host=host, port=server.port) as client:
                assert client.ping()


def test_data_are_kept_in_a_folder(tmp_path):
    folder = tmp_path / "new" / "data"
    with pyredis.Server(dir=folder, requirepass="s/e:c@ret") as server, connect(server) as client:
        client.rpush("list", *range(1000))
    with pyredis.Server(dir=folder, port=None, unixsocket="socket") as server:
        assert server.url == f"unix://{folder}/socket"
        assert server.unixsocket == str(folder / "socket")
        with connect(server) as client:
            assert client.lrange("list", 0, -1) == [b"%d" % number for number in range(1000)]
    assert not (folder / "socket").exists()


def test_nothing_is_written_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pyredis.Server() as server, connect(server) as client:
        client.set("key", "value")
        assert client.config_get("appendonly") == {"appendonly": "no"}
    assert list(tmp_path.iterdir()) == []


def test_directives_are_keyword_arguments():
    directives = {
        "maxmemory": "100mb",
        "maxmemory_policy": "allkeys-lru",
        "databases": 4,
        "hz": 50,
        "lazyfree_lazy_user_del": True,
    }
    with (
        pyredis.Server(**directives, save=[(900, 1), (300, 10)], bind="127.0.0.1") as server,
        connect(server) as client,
    ):
        found = client.config_get("*")
    assert found["maxmemory"] == str(100 << 20)
    assert found["maxmemory-policy"] == "allkeys-lru"
    assert (found["databases"], found["hz"], found["lazyfree-lazy-user-del"]) == ("4", "50", "yes")
    assert found["save"] == "900 1 300 10"


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"no_such": 1}, TypeError, "no such directive: no_such"),
        ({"daemonize": True}, TypeError, "daemonize is for a process of its own"),
        ({"maxmemory": object()}, TypeError, "not the value of a directive: <object"),
        ({"maxmemory": "much"}, ValueError, 'argument must be a memory value: maxmemory "much"'),
        ({"port": 65536}, ValueError, "not a port: 65536"),
        ({"loop": "trio"}, ValueError, "no such loop: 'trio'"),
    ],
)
def test_wrong_arguments_are_refused_with_the_value(arguments, error, text):
    with pytest.raises(error, match=re.escape(text)):
        pyredis.Server(**arguments)


def test_damaged_files_are_refused_and_left_as_they_are(tmp_path):
    with pyredis.Server(dir=tmp_path) as server, connect(server) as client:
        client.set("key", "value")
    (file,) = (tmp_path / "appendonlydir").glob("*.incr.aof")
    damaged = file.read_bytes().replace(b"*3", b"*x")
    file.write_bytes(damaged)
    with pytest.raises(pyredis.LoadError, match="Bad file format"):
        pyredis.Server(dir=tmp_path).start()
    assert file.read_bytes() == damaged


def test_a_server_without_any_listener_does_not_start():
    with pytest.raises(pyredis.StartError, match="not listen anywhere"):
        pyredis.Server(port=None).start()


def test_shutdown_by_a_client_ends_the_server_only():
    with pyredis.Server() as server:
        with connect(server) as client:
            client.shutdown(nosave=True)
        wait_until(lambda: not server.running, "the end of the server")
        with pytest.raises(RuntimeError, match="does not run"):
            server.info()


def test_clients_are_closed_at_the_end_with_what_they_have_not_read():
    with pyredis.Server() as server:
        reader = socket.create_connection(("127.0.0.1", server.port))
        reader.sendall(b"SET large %s\r\n" % (b"x" * 60_000) + b"GET large\r\n" * 2000)
        wait_until(lambda: server.info("stats")["total_commands_processed"] > 1000, "the commands")
    received = 0
    with reader, contextlib.suppress(ConnectionResetError):
        while data := reader.recv(1 << 20):
            received += len(data)
    assert received > 0


def test_information_has_numbers():
    with pyredis.Server() as server, connect(server) as client:
        client.set("key", "value")
        found = server.info("everything")
        assert (found["tcp_port"], found["db0"]["keys"]) == (server.port, 1)
        assert found["redis_version"] == "7.4.0"
        assert isinstance(found["used_memory_peak"], int)
        assert found["cmdstat_set"]["calls"] == 1


def test_identifiers_are_no_numbers():
    lines = ["# Server", "run_id:00e12", "hex:1e5", "version:7.4.0", "ratio:-1.50", "number:-3", "file:/a=b,c"]
    assert parse_info("\r\n".join([*lines, "", "pair:a=1,b=x", "empty:", ""])) == {
        "run_id": "00e12",
        "hex": "1e5",
        "version": "7.4.0",
        "ratio": -1.5,
        "number": -3,
        "file": "/a=b,c",
        "pair": {"a": 1, "b": "x"},
        "empty": "",
    }


def test_messages_go_to_the_programs_log(caplog):
    with caplog.at_level(logging.DEBUG, logger="pyredis"), pyredis.Server():
        pass
    levels = {record.levelname for record in caplog.records}
    assert "Ready to accept connections tcp" in caplog.text
    assert levels <= {"DEBUG", "INFO", "Level 15"}


def test_a_server_is_emptied_between_tests():
    with pyredis.Server() as server, connect(server) as client:
        client.set("key", "value")
        digest = client.script_load("return 1")
        client.function_load("#!lua name=library\nredis.register_function('f', function() return 1 end)")
        server.reset()
        assert client.dbsize() == 0
        assert client.script_exists(digest) == [False]
        assert client.function_list() == []


# ---- on the program's loop ----


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_server_runs_on_the_programs_loop(run, tmp_path):
    async def main() -> None:
        loop = asyncio.get_running_loop()
        handler = loop.get_exception_handler()
        async with pyredis.serve(dir=tmp_path, appendfsync="always") as server:
            assert loop.get_exception_handler() is handler
            async with redis.asyncio.Redis.from_url(server.url) as client:
                async with asyncio.TaskGroup() as group:
                    waiting = group.create_task(client.blpop(["list"], timeout=10))
                    await client.ping()
                    await client.rpush("list", "element", "other")
                assert list(waiting.result()) == [b"list", b"element"]
            assert server.info("server")["tcp_port"] == server.port
        async with pyredis.serve(dir=tmp_path) as server, redis.asyncio.Redis.from_url(server.url) as client:
            assert await client.lrange("list", 0, -1) == [b"other"]

    run(main())


def test_an_exception_in_the_block_stops_the_server():
    async def main() -> int:
        with contextlib.suppress(ZeroDivisionError):
            async with pyredis.serve() as server:
                raise ZeroDivisionError
        return server.port

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", asyncio.run(main())))


# ---- the process ----


STILL_RUNNING = """
import sys, pyredis, redis
server = pyredis.Server(dir=sys.argv[1]).start()
client = redis.Redis.from_url(server.url)
for number in range(1000):
    client.rpush("list", number)
"""


def test_a_server_that_still_runs_at_the_end_loses_nothing_and_says_nothing(tmp_path):
    result = run_python(STILL_RUNNING, str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    with pyredis.Server(dir=tmp_path) as server, connect(server) as client:
        assert client.llen("list") == 1000


FORKING = """
import os, sys, pyredis, redis
with pyredis.Server() as server:
    client = redis.Redis.from_url(server.url)
    child = os.fork()
    if not child:
        assert not server.running
        try:
            server.info()
        except RuntimeError as error:
            print(error, flush=True)
        server.stop()
        redis.Redis.from_url(server.url).set("from", "child")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    print(client.get("from"), server.running, child != os.getpid(), os.getpid(), flush=True)
"""


def test_a_forked_child_gets_an_error_and_the_parent_notices_nothing():
    result = run_python(FORKING)
    refused, parent = result.stdout.splitlines()
    assert parent.startswith("b'child' True True ")
    assert refused == f"the server runs in process {parent.split()[-1]}, from which this one was forked"
    assert (result.returncode, result.stderr) == (0, "")


def test_the_package_imports_little_before_it_is_used():
    code = (
        "import sys, pyredis; dir(pyredis); print(sorted(name for name in sys.modules if name.startswith('pyredis')))"
    )
    result = run_python(code)
    assert result.stdout.strip() == "['pyredis', 'pyredis._finder', 'pyredis._version']"
    with pytest.raises(AttributeError, match="module 'pyredis' has no attribute 'nothing'"):
        pyredis.nothing  # noqa: B018


FAILING = """
import errno, sys, pyredis, redis
from support.aof_cases import Disk
disk = Disk()
with pyredis.Server(dir=sys.argv[1], appendfsync="always") as server:
    client = redis.Redis.from_url(server.url, socket_timeout=20, retry=None)
    client.set("kept", 1)
    disk.sync_error = errno.EIO
    try:
        print(client.set("lost", 1))
    except redis.ConnectionError:
        print("no reply")
    server._thread.join(20)
    disk.sync_error = 0
    print(server.running)
with pyredis.Server(dir=sys.argv[1]) as server:
    print(redis.Redis.from_url(server.url).get("kept"))
"""


def test_a_server_that_cannot_keep_its_promise_ends_without_the_program(tmp_path):
    shim = build_shim(tmp_path)
    paths = os.pathsep.join([str(ROOT / "tests"), *filter(None, sys.path)])
    result = run_python(FAILING, str(tmp_path / "data"), PYTHONPATH=paths, DISK_SHIM=str(shim), **preloading(shim))
    assert result.stdout.splitlines() == ["no reply", "False", "b'1'"], result.stderr
    assert "Can't persist AOF for fsync error when the AOF fsync policy is 'always'" in result.stderr

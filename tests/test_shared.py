"""A database that several processes share: one server, started by the first, ended after the last."""

import asyncio
import gc
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap

import pytest
import redis

import pyredis
from pyredis.embedded.shared_folder import LONGEST, SharedFolder
from support.client import wait_until
from support.paths import server_environment

JOIN = """
    import sys, pyredis
    client = pyredis.shared(sys.argv[1])
    print(client.info("server")["process_id"], client.incr("members"), flush=True)
    sys.stdin.read()
"""


class Program:
    """A program that uses the database until its stdin is closed."""

    def __init__(self, folder, source=JOIN):
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-W", "always", "-c", textwrap.dedent(source), str(folder)],
            env=server_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def answer(self):
        """Returns the process of the server and the number of members so far."""
        return tuple(map(int, self.process.stdout.readline().split()))

    def end(self):
        _, errors = self.process.communicate()
        assert errors == ""
        assert self.process.returncode == 0

    def kill(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def folder(tmp_path):
    """A folder whose server has ended after the test."""
    yield tmp_path / "shared"
    gc.collect()
    wait_until(lambda: not is_served(tmp_path / "shared"), "the end of the server")


def is_served(folder):
    return SharedFolder(folder, {}, 1.0).server_state() != "absent"


def server_of(client):
    return client.info("server")["process_id"]


def test_the_first_starts_a_server_and_the_rest_join(folder):
    with pyredis.shared(folder) as client:
        server = server_of(client)
        assert server != os.getpid()
        client.set("k", "v")
        program = Program(folder)
        assert program.answer() == (server, 1)
        with pyredis.shared(folder, decode_responses=True, db=1) as other:
            assert other.get("k") is None
            other.set("k", "one")
            assert other.get("k") == "one"
        program.end()
        assert client.get("members") == b"1"
        assert server_of(client) == server


def test_the_server_ends_with_the_last_and_the_data_are_kept(folder):
    with pyredis.shared(folder) as client:
        client.set("k", "v")
        server = server_of(client)
    wait_until(lambda: not is_served(folder), "the end of the server")
    assert not (folder / "shared.sock").exists()
    with pyredis.shared(folder) as client:
        assert client.get("k") == b"v"
        assert server_of(client) != server


def test_the_server_ends_when_all_users_are_killed(folder):
    programs = [Program(folder) for _ in range(3)]
    servers = {program.answer()[0] for program in programs}
    assert len(servers) == 1
    programs[0].kill()
    programs[1].kill()
    assert is_served(folder)
    programs[2].kill()
    wait_until(lambda: not is_served(folder), "the end of the server")
    with pyredis.shared(folder) as client:
        assert client.get("members") == b"3"


def test_many_that_come_at_once_start_one_server(folder):
    programs = [Program(folder) for _ in range(8)]
    answers = [program.answer() for program in programs]
    assert len({server for server, _ in answers}) == 1
    assert sorted(number for _, number in answers) == list(range(1, 9))
    log = (folder / "shared.log").read_text()
    assert log.count("is starting") == 1
    for program in programs:
        program.end()


def test_coming_and_going_at_once_loses_nothing(folder):
    rounds = """
        import sys, pyredis
        for _ in range(5):
            with pyredis.shared(sys.argv[1]) as client:
                client.incr("visits")
    """
    programs = [Program(folder, rounds) for _ in range(4)]
    for program in programs:
        program.end()
    with pyredis.shared(folder) as client:
        assert client.get("visits") == b"20"


def test_a_killed_server_is_started_again(folder):
    with pyredis.shared(folder) as client:
        client.set("k", "v")
        killed = server_of(client)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: not is_served(folder), "the end of the server")
        assert (folder / "shared.sock").exists()
        with pyredis.shared(folder) as other:
            assert other.get("k") == b"v"
            assert server_of(other) != killed
            assert client.get("k") == b"v"


def test_a_client_starts_a_server_that_was_shut_down_or_killed(folder):
    with pyredis.shared(folder) as client:
        client.set("k", "v")
        client.shutdown()
        assert client.get("k") == b"v"
        os.kill(server_of(client), signal.SIGKILL)
        wait_until(lambda: not is_served(folder), "the end of the server")
        assert client.get("k") == b"v"


def test_a_closed_client_that_is_used_again_takes_part_again(folder):
    client = pyredis.shared(folder)
    client.set("k", "v")
    client.close()
    wait_until(lambda: not is_served(folder), "the end of the server")
    assert client.get("k") == b"v"
    client.close()


def test_a_client_that_is_collected_takes_part_no_more(folder):
    client = pyredis.shared(folder)
    client.ping()
    del client
    gc.collect()
    wait_until(lambda: not is_served(folder), "the end of the server")


def test_subscriptions_outlive_the_client_that_made_them(folder):
    client = pyredis.shared(folder)
    subscriber = client.pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe("news")
    del client
    gc.collect()
    with pyredis.shared(folder) as other:
        wait_until(
            lambda: subscriber.get_message(timeout=0.01) is None and other.publish("news", "one"), "a subscriber"
        )
        assert wait_until(lambda: subscriber.get_message(timeout=0.1), "a message")["data"] == b"one"
    subscriber.close()


def test_a_forked_child_keeps_the_server(folder):
    client = pyredis.shared(folder)
    client.set("k", "v")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0 if client.get("k") == b"v" else 1)
    os.close(reading)
    server = server_of(client)
    client.close()
    with pyredis.shared(folder) as other:
        assert server_of(other) == server
    os.close(writing)
    assert os.waitpid(child, 0)[1] == 0


def test_a_socket_of_a_dead_server_is_no_obstacle(folder):
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(folder / "shared.sock"))
    with pyredis.shared(folder) as client:
        assert client.ping()


def test_a_path_that_is_too_long_for_a_socket_is_no_obstacle(folder):
    deep = folder / ("x" * 120)
    with pyredis.shared(deep) as client, pyredis.shared(folder / "." / ("x" * 120)) as other:
        client.set("k", "v")
        assert other.get("k") == b"v"
        assert (deep / "shared.sock").exists()
        assert len(str(SharedFolder(deep, {}, 1.0).socket)) <= LONGEST
    wait_until(lambda: not is_served(deep), "the end of the server")


def test_directives_reach_the_server(folder):
    with pyredis.shared(folder, maxmemory="100mb", requirepass="secret", password="secret") as client:
        assert client.config_get("maxmemory") == {"maxmemory": "104857600"}


def test_bad_arguments_are_refused_at_once(folder):
    with pytest.raises(ValueError, match="maxmemory"):
        pyredis.shared(folder, maxmemory="much")
    with pytest.raises(TypeError, match="no_such_thing"):
        pyredis.shared(folder, no_such_thing=1)


def test_a_server_that_cannot_start_says_why(folder):
    with (
        pyredis.open(folder),
        pytest.raises(pyredis.StartError, match=f"does not start: .*in use by process {os.getpid()}"),
    ):
        pyredis.shared(folder)
    manifest = folder / "appendonlydir" / "appendonly.aof.manifest"
    whole = manifest.read_text()
    manifest.write_text("nonsense")
    with pytest.raises(pyredis.StartError, match=re.escape("does not start")):
        pyredis.shared(folder)
    manifest.write_text(whole)
    with pyredis.shared(folder) as client:
        assert client.ping()


def test_coroutines_share_too(folder):
    async def main():
        async with pyredis.ashared(folder) as client:
            await client.set("k", "v")
            with pyredis.shared(folder) as other:
                assert other.get("k") == b"v"
                os.kill((await client.info("server"))["process_id"], signal.SIGKILL)
                await asyncio.to_thread(wait_until, lambda: not is_served(folder), "the end of the server")
                assert await client.get("k") == b"v"

    asyncio.run(main())


def test_nothing_is_printed_by_programs_that_do_not_close(folder):
    program = Program(
        folder, "import sys, pyredis; pyredis.shared(sys.argv[1]).ping(); c = pyredis.shared(sys.argv[1])"
    )
    program.end()


def test_the_client_is_one_of_redis_py(folder):
    with pyredis.shared(folder) as client:
        assert isinstance(client, redis.Redis)
        with client.client() as one:
            one.ping()
        assert client.ping()

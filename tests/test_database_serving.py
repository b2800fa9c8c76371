"""A database in the process that other programs use through a socket meanwhile."""

import asyncio
import os
import threading

import pytest
import redis

import pyredis
from support.in_threads import in_thread, until_blocked


@pytest.fixture
def db():
    with pyredis.open() as db:
        yield db


def connect(listening, **options) -> redis.Redis:
    return redis.Redis.from_url(listening.url, **options)


def test_both_sides_see_the_same_data(db):
    with db.serve() as listening, connect(listening) as client:
        client.set("key", "from the socket")
        assert db.get("key") == b"from the socket"
        db.set("key", "from the process")
        assert client.get("key") == b"from the process"
        assert listening.info("server")["tcp_port"] == listening.port == db.info("server")["tcp_port"]


def test_a_unix_socket_and_a_port_serve_at_once(db, tmp_path):
    with (
        db.serve(unixsocket=tmp_path / "socket") as listening,
        connect(listening) as client,
        redis.Redis(unix_socket_path=listening.unixsocket) as other,
    ):
        client.set("key", "value")
        assert other.get("key") == b"value"
    assert not os.path.exists(tmp_path / "socket")
    with db.serve(port=None, unixsocket=tmp_path / "socket") as listening, connect(listening) as client:
        assert listening.url.startswith("unix://")
        assert client.get("key") == b"value"


def test_the_database_outlives_its_sockets_and_can_be_served_again(db):
    with db.serve() as listening, connect(listening, retry=None) as client:
        client.set("key", "value")
        with pytest.raises(RuntimeError, match="listens already"):
            db.serve()
        port = listening.port
        listening.close()
        listening.close()
        with pytest.raises(redis.ConnectionError):
            client.get("key")
    assert db.get("key") == b"value"
    assert len(db.client_list()) == 1
    with db.serve(port=port) as listening, connect(listening) as client:
        assert (listening.port, client.get("key")) == (port, b"value")


def test_wrong_arguments_leave_nothing_open(db):
    with pytest.raises(ValueError, match="a port or a unixsocket is needed"):
        db.serve(port=None)
    with pytest.raises(ValueError, match="not a port: 65536"):
        db.serve(port=65536)
    with db.serve() as listening, pyredis.open() as other:
        with pytest.raises(pyredis.StartError):
            other.serve(listening.port)
        with other.serve() as second, connect(second) as client:
            assert client.ping()


def test_closing_the_database_ends_its_sockets():
    db = pyredis.open()
    listening = db.serve()
    with connect(listening, retry=None) as client:
        waiting = in_thread(client.blpop, ["list"])
        until_blocked(db)
        db.close()
        with pytest.raises(redis.ConnectionError):
            waiting()
        with pytest.raises(redis.ConnectionError):
            client.ping()
    listening.close()


def test_a_database_of_coroutines_is_served_too():
    async def main():
        async with (
            pyredis.aopen() as db,
            db.serve() as listening,
            redis.asyncio.Redis.from_url(listening.url) as client,
        ):
            waiting = asyncio.create_task(db.blpop("list"))
            await client.rpush("list", "one")
            assert await waiting == (b"list", b"one")

    asyncio.run(main())


def test_messages_and_blocked_commands_cross_the_border(db):
    with db.serve() as listening, connect(listening) as client:
        inside, outside = (each.pubsub(ignore_subscribe_messages=True) for each in (db, client))
        for subscriber in (inside, outside):
            subscriber.subscribe("channel")
            subscriber.get_message(timeout=10)
        assert client.publish("channel", "out") == 2
        assert db.publish("channel", "in") == 2
        for subscriber in (inside, outside):
            assert [subscriber.get_message(timeout=10)["data"] for _ in range(2)] == [b"out", b"in"]
        for waiting, pushing in ((db, client), (client, db)):
            result = in_thread(waiting.blpop, ["list"])
            until_blocked(db)
            pushing.rpush("list", "element")
            assert tuple(result()) == (b"list", b"element")


def test_clients_are_killed_across_the_border(db):
    with db.serve() as listening, connect(listening, retry=None) as client, connect(listening) as other:
        number = client.client_id()
        result = in_thread(client.blpop, ["list"])
        until_blocked(db)
        assert db.client_kill_filter(_id=number) == 1
        with pytest.raises(redis.ConnectionError):
            result()
        result = in_thread(db.blpop, ["list"])
        until_blocked(db)
        (number,) = (each["id"] for each in other.client_list() if "b" in each["flags"])
        assert other.client_kill_filter(_id=number) == 1
        with pytest.raises(redis.ConnectionError):
            result()
        assert other.client_kill_filter(_type="normal", skipme=True) >= 1
        assert db.ping()


def test_transactions_of_one_side_notice_the_other(db):
    with db.serve() as listening, connect(listening) as client:
        for watcher, writer in ((db, client), (client, db)):
            with watcher.pipeline() as pipe:
                pipe.watch("key")
                writer.set("key", "changed")
                pipe.multi()
                pipe.set("key", "lost")
                with pytest.raises(redis.WatchError):
                    pipe.execute()
            assert writer.get("key") == b"changed"


def test_sockets_and_threads_count_together(db):
    rounds, threads = 300, 4
    with db.serve() as listening:

        def from_outside():
            with connect(listening) as client:
                for _ in range(rounds):
                    client.incr("count")
                    client.pipeline().rpush("list", "x").incr("count").execute()

        def from_inside():
            for _ in range(rounds):
                db.incr("count")
                db.pipeline().rpush("list", "x").incr("count").execute()

        def taking(source):
            return sum(source.blpop("list", 30) is not None for _ in range(rounds * threads))

        with connect(listening) as client:
            results = [in_thread(work) for work in [from_outside, from_inside] * (threads // 2)]
            takers = [in_thread(taking, db)]
            for result in results:
                result()
            assert sum(taker() for taker in takers) == rounds * threads
            assert client.get("count") == b"%d" % (2 * rounds * threads)
            assert db.llen("list") == 0
        assert threading.active_count() < 20


def test_a_script_of_a_socket_that_runs_long_makes_the_database_busy(db):
    db.config_set("busy-reply-threshold", 1)
    with db.serve() as listening, connect(listening, retry=None) as client, connect(listening) as other:
        result = in_thread(client.eval, "while true do end", 0)

        def busy():
            try:
                return db.get("key")
            except redis.ResponseError as error:
                return str(error)

        while not (reply := busy()):
            pass
        assert "Redis is busy running a script" in reply
        with pytest.raises(redis.ResponseError, match="BUSY"):
            other.get("key")
        assert db.script_kill()
        with pytest.raises(redis.ResponseError, match="Script killed by user"):
            result()
        assert db.get("key") is None

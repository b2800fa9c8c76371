"""redis-py's client-side cache against the server, over TCP and in the process.

A message follows the change at the end of the loop's iteration, so it has been sent when the next command is answered.
Tests send a PING where they need that.
"""

import random

import pytest
import redis
from redis.cache import CacheConfig

import pyredis


@pytest.fixture(params=["tcp", "in process"])
def clients(request, shared_ours):
    """A client with a cache, and one without."""
    if request.param == "tcp":
        host, port = shared_ours.address
        options = {"host": host, "port": port}
        pools = [redis.ConnectionPool(**options, protocol=3, cache_config=CacheConfig())]
        pools.append(redis.ConnectionPool(**options))
    else:
        name = f"tracking-{random.random()}"
        pools = [pyredis.connection_pool(name=name, protocol=3, cache_config=CacheConfig())]
        pools.append(pyredis.connection_pool(name=name))
    yield [redis.Redis(connection_pool=pool) for pool in pools]
    for pool in pools:
        pool.close()


def calls(client, name="get"):
    """How often the server has run a command."""
    return client.info("commandstats").get(f"cmdstat_{name}", {"calls": 0})["calls"]


def test_a_cached_value_costs_no_request_until_it_changes(clients):
    cached, other = clients
    other.set("k", "1")
    before = calls(other)
    assert [cached.get("k") for _ in range(5)] == [b"1"] * 5
    assert calls(other) == before + 1
    other.set("k", "2")
    other.ping()
    assert [cached.get("k") for _ in range(5)] == [b"2"] * 5
    assert calls(other) == before + 2


@pytest.mark.parametrize(
    "change",
    [
        lambda other: other.delete("k"),
        lambda other: other.rename("m", "k"),
        lambda other: other.flushall(),
        lambda other: other.pexpireat("k", 1),
        lambda other: other.eval("redis.call('append', 'k', 'x')", 0),
        lambda other: other.pipeline().set("k", "x").execute(),
        lambda other: other.copy("m", "k", replace=True),
    ],
)
def test_any_change_reaches_the_cache(clients, change):
    cached, other = clients
    other.mset({"k": "1", "m": "2"})
    assert cached.get("k") == b"1"
    assert cached.mget("k", "m") == [b"1", b"2"]
    change(other)
    other.ping()
    assert cached.get("k") == other.get("k")
    assert cached.mget("k", "m") == other.mget("k", "m")


def test_a_clients_own_change_reaches_its_cache(clients):
    cached, _ = clients
    for value in (b"1", b"2", b"3"):
        cached.set("k", value)
        assert cached.get("k") == value
    cached.hset("h", "f", "1")
    assert cached.hget("h", "f") == b"1"
    cached.hdel("h", "f")
    assert cached.hget("h", "f") is None


def test_a_closed_connection_empties_the_cache(clients):
    cached, other = clients
    other.set("k", "1")
    assert cached.get("k") == b"1"
    cached.connection_pool.disconnect()
    other.set("k", "2")
    assert cached.get("k") == b"2"


def test_a_database_in_the_process_refuses_to_change_its_shared_client():
    with pyredis.open() as db:
        with pytest.raises(redis.ResponseError, match="which all callers of this database share"):
            db.client_tracking_on()
        assert db.client_tracking_off() == b"OK"
        assert db.client_getredir() == -1
        assert db.client_trackinginfo()[1] == [b"off"]


def test_a_pool_that_was_tracking_clients_gives_back_ordinary_ones():
    """A transaction's client is used again only if it does not track."""
    with pyredis.open() as db:
        pipeline = db.pipeline(transaction=False)
        pipeline.execute_command("CLIENT", "TRACKING", "ON")
        pipeline.execute()
        pipeline = db.pipeline(transaction=False)
        pipeline.execute_command("CLIENT", "GETREDIR")
        assert pipeline.execute() == [-1]

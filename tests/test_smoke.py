"""Clients in common use against our server with its default settings: redis-py, redis-cli, redis-benchmark."""

import asyncio
import csv
import io
import subprocess

import pytest
import redis
import redis.asyncio

from support.servers import require_tool

TASKS = 300  # each with a connection of its own


@pytest.fixture
def sync_client(shared_ours, protocol):
    with redis.Redis(port=shared_ours.port, protocol=protocol, decode_responses=True) as client:
        yield client


def run_async(server, protocol, body):
    """Runs ``await body(client)`` with an asyncio client and returns the result."""

    async def session():
        options = {"protocol": protocol, "decode_responses": True, "max_connections": TASKS}
        async with redis.asyncio.Redis(port=server.port, **options) as client:
            return await body(client)

    return asyncio.run(session())


def test_redis_py_reads_with_hiredis():
    """The tests are meant to run with hiredis's native reply parser, so its absence is a failure."""
    assert redis.utils.HIREDIS_AVAILABLE


def test_redis_py_stores_and_reads(sync_client):
    assert sync_client.ping()
    assert sync_client.set("name", "value", ex=100)
    assert sync_client.get("name") == "value"
    assert 0 < sync_client.ttl("name") <= 100
    assert sync_client.set("name", "other", nx=True) is None
    assert sync_client.mset({"a": 1, "b": "zwei ½"})
    assert sync_client.mget("a", "b", "absent") == ["1", "zwei ½", None]
    assert sync_client.incrbyfloat("a", 0.5) == 1.5


def test_redis_py_uses_hashes_and_scans(sync_client):
    mapping = {f"field{number}": str(number) for number in range(1000)}
    assert sync_client.hset("hash", mapping=mapping) == 1000
    assert sync_client.hgetall("hash") == mapping
    assert dict(sync_client.hscan_iter("hash", count=50)) == mapping
    sync_client.mset({f"key{number}": number for number in range(1000)})
    assert sorted(sync_client.scan_iter("key*", count=100)) == sorted(f"key{number}" for number in range(1000))


def test_redis_py_runs_a_transaction_and_sees_a_watched_key_change(sync_client):
    with sync_client.pipeline() as pipeline:
        assert pipeline.set("a", 1).incr("a").get("a").execute() == [True, 2, "2"]
        pipeline.watch("a")
        sync_client.set("a", 10)
        pipeline.multi()
        pipeline.incr("a")
        with pytest.raises(redis.WatchError):
            pipeline.execute()
    assert sync_client.get("a") == "10"


def test_redis_py_pipelines_without_transaction(sync_client):
    pipeline = sync_client.pipeline(transaction=False)
    for number in range(5000):
        pipeline.set(f"k{number}", number)
    assert all(pipeline.execute())
    assert sync_client.dbsize() == 5000


def test_redis_py_gets_errors_as_exceptions(sync_client):
    sync_client.set("text", "abc")
    with pytest.raises(redis.ResponseError, match="not an integer"):
        sync_client.incr("text")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        sync_client.hget("text", "field")


def test_redis_py_asks_the_server_about_itself(sync_client):
    assert sync_client.info("server")["redis_version"].startswith("7.")
    assert sync_client.config_get("maxclients")["maxclients"].isdigit()
    assert sync_client.client_setname("me")
    assert any(client["name"] == "me" for client in sync_client.client_list())
    assert "get" in {name.lower() for name in sync_client.command()}


def test_redis_py_asyncio_serves_many_tasks(shared_ours, protocol):
    async def body(client):
        async def visit(number):
            await client.set(f"key{number}", number)
            return await client.get(f"key{number}")

        return await asyncio.gather(*(visit(number) for number in range(TASKS)))

    assert run_async(shared_ours, protocol, body) == [str(number) for number in range(TASKS)]


def test_redis_py_asyncio_runs_a_transaction(shared_ours, protocol):
    async def body(client):
        async with client.pipeline(transaction=True) as pipeline:
            return await pipeline.hset("h", "f", 1).hincrby("h", "f", 2).execute()

    assert run_async(shared_ours, protocol, body) == [1, 3]


def cli(server, *arguments, stdin=None):
    command = [require_tool("redis-cli"), "-p", str(server.port), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_redis_cli_runs_commands(shared_ours, protocol):
    version = f"-{protocol}"
    assert cli(shared_ours, version, "SET", "a", "1") == "OK\n"
    assert cli(shared_ours, version, "INCR", "a") == "2\n"
    assert cli(shared_ours, version, "--no-raw", "GET", "a") == '"2"\n'
    assert cli(shared_ours, version, stdin="SET b 'x y'\nGET b\n") == "OK\nx y\n"


def test_redis_cli_loads_in_bulk_and_scans(shared_ours):
    requests = "".join(f"SET key:{number} {number}\r\n" for number in range(10000))
    assert "errors: 0, replies: 10000" in cli(shared_ours, "--pipe", stdin=requests)
    assert len(cli(shared_ours, "--scan", "--pattern", "key:*").splitlines()) == 10000


def test_redis_benchmark_runs(shared_ours):
    tests = ["SET", "GET", "INCR", "HSET", "MSET (10 keys)"]
    command = [require_tool("redis-benchmark"), "-p", str(shared_ours.port), "--csv", "-n", "5000", "-r", "1000"]
    for pipeline in ("1", "16"):
        options = ["-P", pipeline, "-t", "set,get,incr,hset,mset"]
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        rows = {row["test"]: float(row["rps"]) for row in csv.DictReader(io.StringIO(done.stdout))}
        assert sorted(rows) == sorted(tests)
        assert all(rate > 0 for rate in rows.values())

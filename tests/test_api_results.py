"""The methods of a database in the process have the results of redis-py, and raise its exceptions.

The same scripts of calls run on redis-py over our server and over the oracle, and on the faces in this process.
"""

import asyncio
import inspect
import os
import warnings
from contextlib import closing

import pytest
import redis
from hypothesis import given, settings
from hypothesis.strategies import lists, sampled_from
from redis.backoff import NoBackoff
from redis.retry import Retry

import pyredis
from support.api_scripts import COMMON, OURS

LONG = bool(os.environ.get("PYREDIS_LONG"))

redis_8 = pytest.mark.skipif(int(redis.__version__.split(".")[0]) < 8, reason="these are the results of redis-py 8")
# Mistakes that are found before a command is sent; the texts are our own.
OWN_TEXTS = ("DataError", "ValueError", "TypeError", "NotImplementedError")
EXPECTED = (redis.RedisError, ValueError, TypeError, NotImplementedError)


def outcome(call, face):
    """What a call does: its result with all types, or its exception."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = call.on(face)
        except EXPECTED as error:
            return raised(error)
    if "scan" in str(call).lower() or call.name in ("keys", "sdiff"):
        result = unordered(result)
    return shape(result) if call.loose else exact(result)


def unordered(value):
    """The value with its lists in one order: that of keys and members is the server's choice."""
    if isinstance(value, list):
        return sorted(map(unordered, value), key=repr)
    return tuple(map(unordered, value)) if isinstance(value, tuple) else value


def raised(error):
    kind = type(error).__name__
    return kind, None if kind in OWN_TEXTS else str(error)


def exact(value):
    """The value with the types of all its parts; the order of maps and sets does not matter."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return kind, sorted((repr(exact(key)), exact(each)) for key, each in value.items())
    if isinstance(value, set):
        return kind, sorted(repr(exact(each)) for each in value)
    if isinstance(value, list | tuple):
        return kind, [exact(each) for each in value]
    return (kind, str(value)) if isinstance(value, Exception) else (kind, repr(value))


def shape(value):
    """The types of the value and of its parts; numbers and texts differ between servers and moments."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return kind, sorted((repr(key), shape(each)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return kind, sorted({repr(shape(each)) for each in value})
    return kind


def run(script, face):
    return [f"{call}: {outcome(call, face)}" for call in script]


def differences(expected, got):
    return [pair for pair in zip(expected, got, strict=True) if pair[0] != pair[1]]


class Awaited:
    """An asynchronous database whose calls are awaited at once, so that a script runs on it."""

    def __init__(self, db):
        self.db = db
        self.loop = asyncio.new_event_loop()

    def close(self):
        self.loop.run_until_complete(self.db.aclose())
        self.loop.close()

    def __getattr__(self, name):
        def call(*arguments, **options):
            result = getattr(self.db, name)(*arguments, **options)
            if inspect.isawaitable(result):
                return self.loop.run_until_complete(awaited(result))
            return self.loop.run_until_complete(collected(result)) if hasattr(result, "__aiter__") else result

        return call


async def awaited(awaitable):
    return await awaitable


async def collected(iterator):
    return [each async for each in iterator]


# Not commands, or about the client, which a pipeline has of its own.
NOT_QUEUED = {"scan_iter", "hscan_iter", "sscan_iter", "zscan_iter", "shutdown", "client_setname", "client_getname"}


class Piped:
    """A database whose calls are made one by one through pipelines."""

    def __init__(self, db):
        self.db = db

    def close(self):
        self.db.close()

    def __getattr__(self, name):
        if name in NOT_QUEUED:
            return getattr(self.db, name)

        def call(*arguments, **options):
            with self.db.pipeline(transaction=False) as pipe:
                getattr(pipe, name)(*arguments, **options)
                (result,) = pipe.execute(raise_on_error=False)
            if isinstance(result, Exception):
                raise result
            return result

        return call


FACES = {
    "sync": lambda **options: pyredis.open(**options),
    "async": lambda **options: Awaited(pyredis.aopen(**options)),
    "pipeline": lambda **options: Piped(pyredis.open(**options)),
}


@pytest.fixture(params=[False, True], ids=["bytes", "str"])
def decode(request):
    return request.param


@pytest.fixture(params=FACES)
def face(request, decode):
    face = FACES[request.param](decode_responses=decode, enable_debug_command="yes")
    yield face
    face.close()


def over(server, decode):
    return redis.Redis(port=server.port, decode_responses=decode, retry=Retry(NoBackoff(), 0))


@redis_8
@pytest.mark.parametrize("name", [*COMMON, *OURS])
def test_a_database_in_the_process_answers_as_redis_py_over_our_server(name, decode, face, shared_ours):
    script = (COMMON | OURS)[name]
    with over(shared_ours, decode) as remote:
        expected = run(script, remote)
        remote.config_set("slowlog-log-slower-than", 10000)
    assert differences(expected, run(script, face)) == []


@redis_8
@pytest.mark.parametrize("name", COMMON)
def test_redis_py_over_the_oracle_answers_the_same(name, decode, face, shared_oracle):
    with over(shared_oracle, decode) as remote:
        expected = run(COMMON[name], remote)
    assert differences(expected, run(COMMON[name], face)) == []


# Families whose replies depend only on the keys. A call is left out if its effect is random, depends on the time, or
# may have to wait for another client.
OF_KEYS = ("strings", "bits", "keys", "sorting", "hashes", "lists", "sets", "sorted sets", "places")
TIMES = {"ttl", "pttl", "expiretime", "pexpiretime"}
RANDOM = {"spop", "srandmember", "randomkey", "hrandfield", "zrandmember", *TIMES}
WAITING = {"blpop", "brpop", "brpoplpush", "blmove", "blmpop", "bzpopmin", "bzpopmax", "bzmpop"}
CALLS = [call for name in OF_KEYS for call in COMMON[name] if not call.loose and call.name not in RANDOM | WAITING]


@redis_8
@pytest.mark.parametrize("kind", FACES)
def test_any_calls_in_any_order_have_the_same_results(kind, shared_ours):
    @settings(max_examples=150 if LONG else 25)
    @given(lists(sampled_from(CALLS), min_size=20, max_size=60))
    def check(calls):
        remote.flushall()
        face.flushall()
        assert differences(run(calls, remote), run(calls, face)) == []

    with over(shared_ours, decode=False) as remote, closing(FACES[kind]()) as face:
        check()


@redis_8
def test_any_calls_leave_the_same_data_by_a_socket_in_process_and_by_redis_py_in_process():
    @settings(max_examples=150 if LONG else 25)
    @given(lists(sampled_from(CALLS), min_size=20, max_size=60))
    def check(calls):
        for face in faces:
            face.flushall()
        expected, *others = (run(calls, face) for face in faces)
        for outcomes in others:
            assert differences(expected, outcomes) == []
        assert len({digest(face) for face in faces}) == 1

    def digest(face):
        return face.execute_command("DEBUG", "DIGEST")

    allowed = {"enable_debug_command": "yes"}
    with (
        pyredis.Server(**allowed) as server,
        redis.Redis.from_url(server.url, retry=Retry(NoBackoff(), 0)) as remote,
        pyredis.open(**allowed) as local,
        pyredis.connection_pool(**allowed) as pool,
    ):
        faces = [remote, local, redis.Redis(connection_pool=pool)]
        check()

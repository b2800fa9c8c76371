"""The pipelines of a database in the process have the results of redis-py's, and raise its exceptions."""

import asyncio
import warnings

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

import pyredis
from support.api_scripts import COMMON, c

redis_8 = pytest.mark.skipif(int(redis.__version__.split(".")[0]) < 8, reason="these are the results of redis-py 8")
FAMILIES = (
    "strings",
    "bits",
    "keys",
    "sorting",
    "hashes",
    "lists",
    "sets",
    "sorted sets",
    "groups",
    "places",
    "by name",
)
# Calls that cannot be queued, or have another reply each time, or would end the transaction.
NOT_QUEUED = ("scan", "rand", "spop", "ttl", "xinfo_consumers", "xpending_range", "xadd")


@pytest.fixture(params=[False, True], ids=["bytes", "str"])
def decode(request):
    return request.param


@pytest.fixture
def remote(shared_ours, decode):
    with redis.Redis(port=shared_ours.port, decode_responses=decode, retry=Retry(NoBackoff(), 0)) as remote:
        yield remote


@pytest.fixture
def local(decode):
    with pyredis.open(decode_responses=decode) as local:
        yield local


def can_be_queued(call, db):
    """Whether a call fails neither before it is sent nor because the server does not know it."""
    if call.loose or any(word in str(call).lower() for word in NOT_QUEUED):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call.on(db)
        except redis.DataError:
            return False
        except redis.ResponseError as error:
            return "unknown" not in str(error) and "wrong number of arguments" not in str(error)
        except (ValueError, TypeError, NotImplementedError):
            return False
    return True


def plain(results):
    return [repr(sorted(each, key=repr)) if isinstance(each, set) else repr_of(each) for each in results]


def repr_of(value):
    return (type(value).__name__, str(value)) if isinstance(value, Exception) else repr(value)


def run_together(calls, db, transaction):
    with warnings.catch_warnings(), db.pipeline(transaction=transaction) as pipe:
        warnings.simplefilter("ignore")
        for call in calls:
            call.on(pipe)
        return plain(pipe.execute(raise_on_error=False))


def failure(calls, db, transaction):
    with db.pipeline(transaction=transaction) as pipe:
        for call in calls:
            call.on(pipe)
        with pytest.raises(redis.RedisError) as raised:
            pipe.execute()
    return type(raised.value), str(raised.value)


@redis_8
@pytest.mark.parametrize("transaction", [True, False], ids=["transaction", "one by one"])
@pytest.mark.parametrize("name", FAMILIES)
def test_all_calls_of_a_script_have_the_results_of_redis_py_together(name, transaction, local, remote):
    calls = [call for call in COMMON[name] if can_be_queued(call, local)]
    local.flushall()
    found = run_together(calls, local, transaction)
    expected = run_together(calls, remote, transaction)
    assert [(str(call), *pair) for call, *pair in zip(calls, expected, found, strict=True) if pair[0] != pair[1]] == []


FAILING = [
    [c.set("a", "x"), c.lpush("a", 1), c.get("a")],
    [c.lpush("a", "x"), c.incr("a"), c.incr("a")],
    [c.execute_command("BOGUS", "x"), c.get("a")],
    [c.get("a"), c.execute_command("GET"), c.execute_command("BOGUS")],
    [c.get("a"), c.get(None)],
    [c.set("a", "x"), c.rpush("a", "y" * 300, b"\xff", 1.5)],
    [c.evalsha("0" * 40, 0)],
    [c.get("a"), c.execute_command("BOGUS", "a  b\n c" * 20)],
]


@redis_8
@pytest.mark.parametrize("transaction", [True, False], ids=["transaction", "one by one"])
@pytest.mark.parametrize("calls", FAILING, ids=lambda calls: str(calls[-1])[:40])
def test_the_first_error_is_raised_as_by_redis_py(calls, transaction, local, remote):
    expected, found = failure(calls, remote, transaction), failure(calls, local, transaction)
    assert found[0] is expected[0]
    if found[0] is not redis.DataError:
        assert found == expected
    assert local.keys() == remote.keys()


def test_a_transaction_whose_keys_have_changed_is_not_executed(local, remote):
    texts = []
    for db in (local, remote):
        with db.pipeline() as pipe:
            pipe.watch("a")
            db.set("a", 1)
            pipe.multi()
            pipe.set("b", 1)
            with pytest.raises(redis.WatchError) as raised:
                pipe.execute()
        texts.append((str(raised.value), db.get("b")))
    assert texts[0] == texts[1]


# Sequences of calls of a pipeline that end with an error.
MISUSES = [
    lambda pipe: (pipe.multi(), pipe.multi()),
    lambda pipe: (pipe.get("a"), pipe.multi()),
    lambda pipe: (pipe.watch("a"), pipe.multi(), pipe.watch("b")),
]


@redis_8
@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_refused_as_by_redis_py(misuse, local, remote):
    found = []
    for db in (local, remote):
        with db.pipeline() as pipe, pytest.raises(redis.RedisError) as raised:
            misuse(pipe)
        found.append((type(raised.value), str(raised.value)))
    assert found[0] == found[1]


def test_a_pipeline_can_be_used_again_and_emptied(local, remote):
    for db in (local, remote):
        pipe = db.pipeline()
        assert len(pipe) == 0
        assert pipe
        assert pipe.execute() == []
        assert len(pipe.set("a", 1).get("a")) == 2
        assert len(pipe.execute()) == 2
        assert len(pipe) == 0
        pipe.set("a", 2)
        pipe.reset()
        assert len(pipe) == 0
        assert int(db.get("a")) == 1


@redis_8
@pytest.mark.parametrize("transaction", [True, False], ids=["transaction", "one by one"])
def test_an_asynchronous_pipeline_has_the_same_results(transaction, local, decode):
    calls = [call for name in FAMILIES for call in COMMON[name] if can_be_queued(call, local)]
    local.flushall()

    async def main():
        async with pyredis.aopen(decode_responses=decode) as db, db.pipeline(transaction=transaction) as pipe:
            for call in calls:
                call.on(pipe)
            return plain(await pipe.execute(raise_on_error=False))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert asyncio.run(main()) == run_together(calls, local, transaction)

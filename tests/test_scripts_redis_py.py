"""Scripts as redis-py sends them: registered scripts, locks, pipelines."""

import pytest
import redis
from redis.exceptions import LockNotOwnedError, NoScriptError, ResponseError


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def connected(shared_ours, request):
    with redis.Redis(port=shared_ours.port, protocol=request.param, decode_responses=True) as client:
        yield client


def test_a_registered_script_loads_itself_when_it_is_unknown(connected):
    double = connected.register_script("return redis.call('incrby', KEYS[1], ARGV[1] * 2)")
    connected.script_flush()
    assert double(keys=["n"], args=[4]) == 8
    assert double(keys=["n"], args=[1]) == 10
    assert connected.script_exists(double.sha) == [True]
    with pytest.raises(NoScriptError):
        connected.evalsha("0" * 40, 0)
    with pytest.raises(ResponseError, match="user_script:1: bad"):
        connected.eval("error('bad')", 0)


def test_a_registered_script_in_a_pipeline(connected):
    script = connected.register_script("return {KEYS[1], ARGV[1]}")
    connected.script_flush()
    with connected.pipeline() as pipeline:
        pipeline.set("a", 1)
        script(keys=["k"], args=["v"], client=pipeline)
        pipeline.get("a")
        assert pipeline.execute() == [True, ["k", "v"], "1"]


def test_a_lock_is_taken_extended_and_released(connected):
    lock = connected.lock("lock", timeout=100)
    other = connected.lock("lock", timeout=100, blocking=False)
    assert lock.acquire()
    assert not other.acquire()
    assert lock.extend(100)
    assert connected.ttl("lock") > 100
    assert lock.reacquire()
    assert connected.ttl("lock") <= 100
    lock.release()
    assert not connected.exists("lock")
    assert other.acquire()
    connected.set("lock", "stolen")
    with pytest.raises(LockNotOwnedError):
        other.release()

"""The sorted set commands through the typed methods of redis-py."""

import pytest
import redis


@pytest.fixture
def typed(shared_ours, protocol):
    with redis.Redis(port=shared_ours.port, protocol=protocol, decode_responses=True) as client:
        client.zadd("z", {"one": 1, "two": 2, "half": 2.5, "three": 3})
        client.zadd("y", {"two": 20, "four": 4})
        yield client


def pairs(reply):
    """Returns members with scores, which redis-py gives as tuples or as lists, depending on the protocol."""
    return [(member, float(score)) for member, score in reply]


def test_additions(typed):
    assert typed.zadd("z", {"one": 5, "six": 6}, nx=True) == 1
    assert typed.zadd("z", {"one": 5, "seven": 7}, xx=True, ch=True) == 1
    assert typed.zadd("z", {"one": 4}, gt=True, ch=True) == 0
    assert typed.zadd("z", {"one": 4}, lt=True, ch=True) == 1
    assert typed.zadd("z", {"one": 1.5}, incr=True) == 5.5
    assert typed.zincrby("z", -1.5, "one") == 4.0
    with pytest.raises(redis.ResponseError, match="value is not a valid float"):
        typed.execute_command("ZADD", "z", "abc", "m")


def test_members_by_name(typed):
    assert (typed.zcard("z"), typed.zscore("z", "half"), typed.zscore("z", "nobody")) == (4, 2.5, None)
    assert typed.zmscore("z", ["one", "nobody", "three"]) == [1.0, None, 3.0]
    assert (typed.zrank("z", "half"), typed.zrevrank("z", "half"), typed.zrank("z", "nobody")) == (2, 1, None)
    rank, score = typed.zrank("z", "half", withscore=True)
    assert (rank, float(score)) == (2, 2.5)
    assert typed.zrem("z", "one", "nobody") == 1


def test_ranges(typed):
    assert typed.zrange("z", 0, -1) == ["one", "two", "half", "three"]
    assert pairs(typed.zrange("z", 0, 1, withscores=True)) == [("one", 1.0), ("two", 2.0)]
    assert typed.zrange("z", "(1", "+inf", byscore=True, offset=1, num=1) == ["half"]
    assert typed.zrange("z", 3, "(1", byscore=True, desc=True) == ["three", "half", "two"]
    assert typed.zrevrange("z", 0, 0) == ["three"]
    assert typed.zrangebyscore("z", 2, 2.5) == ["two", "half"]
    assert pairs(typed.zrevrangebyscore("z", 3, 2.5, withscores=True)) == [("three", 3.0), ("half", 2.5)]
    assert (typed.zcount("z", 2, 3), typed.zrangestore("t", "z", 1, 2)) == (3, 2)
    typed.zadd("lex", dict.fromkeys("abcde", 0))
    assert typed.zrangebylex("lex", "[b", "(d") == ["b", "c"]
    assert typed.zrevrangebylex("lex", "+", "(c") == ["e", "d"]
    assert typed.zlexcount("lex", "-", "[c") == 3


def test_removals(typed):
    assert typed.zremrangebyrank("z", 0, 0) == 1
    assert typed.zremrangebyscore("z", 2, 2.5) == 2
    assert typed.zremrangebylex("y", "-", "+") == 2
    assert typed.zrange("z", 0, -1) == ["three"]


def test_pops(typed):
    assert pairs(typed.zpopmin("z", 2)) == [("one", 1.0), ("two", 2.0)]
    key, member, score = typed.bzpopmax(["absent", "z"], 1)
    assert (key, member, float(score)) == ("z", "three", 3.0)
    key, popped = typed.zmpop(2, ["absent", "y"], min=True, count=5)
    assert (key, pairs(popped)) == ("y", [("four", 4.0), ("two", 20.0)])
    key, popped = typed.bzmpop(1, 1, ["z"], max=True)
    assert (key, pairs(popped)) == ("z", [("half", 2.5)])
    assert typed.bzpopmin("z", 0.01) is None
    typed.zadd("t", {"a": 1, "b": 2, "c": 3})
    assert pairs(typed.zpopmax("t", 2)) == [("c", 3.0), ("b", 2.0)]


def test_operations(typed):
    assert typed.zunionstore("t", {"z": 1, "y": 2}, aggregate="MAX") == 5
    assert typed.zscore("t", "two") == 40.0
    assert typed.zinter(["z", "y"]) == ["two"]
    assert pairs(typed.zinter(["z", "y"], withscores=True)) == [("two", 22.0)]
    assert typed.zinterstore("t", ["z", "y"]) == 1
    assert typed.zdiff(["y", "z"]) == ["four"]
    assert (typed.zdiffstore("t", ["z", "y"]), typed.zintercard(2, ["z", "y"])) == (3, 1)
    assert typed.zunion(["z", "y"])[-1] == "two"


def test_walks_and_picks(typed):
    assert dict(typed.zscan_iter("z")) == {"one": 1.0, "two": 2.0, "half": 2.5, "three": 3.0}
    assert typed.zrandmember("z") in {"one", "two", "half", "three"}
    assert set(typed.zrandmember("z", 10)) == {"one", "two", "half", "three"}

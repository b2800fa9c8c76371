"""Calls of the methods of redis-py, which every face must answer alike.

A script is a list of calls that starts with an empty database. ``c.get("a")`` is a call, written down and not made.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class Call:
    """A call of a method. Of a loose one, only the types of the result are compared."""

    name: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    loose: bool = False
    iterated: bool = False

    def on(self, face: Any) -> Any:
        result = getattr(face, self.name)(*self.arguments, **self.options)
        return list(result) if self.iterated else result

    def __str__(self) -> str:
        given = [*map(repr, self.arguments), *(f"{name}={value!r}" for name, value in self.options.items())]
        return f"{self.name}({', '.join(given)})"


class Recorder:
    """Writes down the calls of its methods."""

    def __getattr__(self, name: str) -> Callable[..., Call]:
        return lambda *arguments, **options: Call(name, arguments, options, iterated=name.endswith("_iter"))


def loose(call: Call) -> Call:
    return replace(call, loose=True)


class Persist(Enum):
    FNX = "FNX"
    FXX = "FXX"


c = Recorder()
LONG_AGO = datetime(2001, 9, 9)
FAR_AWAY = datetime(2100, 1, 1)
MINUTE = timedelta(minutes=1)

STRINGS = [
    *[c.set("a", "1"), c.get("a"), c.get("none"), c.append("a", "23"), c.strlen("a"), c.getrange("a", 1, 2)],
    *[c.set("a", b"\xc3\xa9"), c.get("a"), c.set("a", 1.5), c.set("a", -7), c.get("a"), c.set("a", bytearray(b"x"))],
    *[c.set("a", memoryview(b"y")), c.get(memoryview(b"a")), c.get(b"a")],
    *[c.set("b", 1, ex=60), c.ttl("b"), c.set("b", 1, ex=MINUTE), c.ttl("b"), c.set("b", 1, ex="60"), c.ttl("b")],
    *[c.set("b", 1, px=60000), c.ttl("b"), c.set("b", 1, px=MINUTE), c.ttl("b"), c.set("b", 2, keepttl=True)],
    *[c.ttl("b"), c.set("b", 1, exat=4102444800), c.expiretime("b"), c.set("b", 1, exat=FAR_AWAY), c.expiretime("b")],
    *[c.set("b", 1, pxat=4102444800123), c.pexpiretime("b"), c.set("b", 1, pxat=FAR_AWAY), c.pexpiretime("b")],
    *[c.set("b", 3, nx=True), c.set("b", 3, xx=True), c.set("new", 3, xx=True), c.set("b", 4, get=True)],
    *[c.set("new", 4, get=True), c.set("b", 5, nx=True, get=True), c.set("l", 1, nx=True)],
    *[c.set("b", 1, ex=1, px=1), c.set("b", 1, nx=True, xx=True), c.set("b", 1, ex=1.5), c.set("b", 1, px="1")],
    *[c.set("b", 1, ex=0), c.set("b", 1, ifeq=1), c.set("b", 1, ifne=1), c.set("b", 1, ifdeq="1")],
    *[c.set("b", 1, ifdne="1"), c.set("b", 1, ex=1, keepttl=True), c.set("b", 1, ifeq=1, nx=True)],
    *[c.set("b", None), c.set("b", True), c.get({}), c.set("b", [1]), c.get(None)],
    *[c.getex("b"), c.getex("b", ex=60), c.ttl("b"), c.getex("b", px=MINUTE), c.ttl("b"), c.getex("b", persist=True)],
    *[c.ttl("b"), c.getex("b", exat=FAR_AWAY), c.expiretime("b"), c.getex("b", pxat=4102444800123)],
    *[c.pexpiretime("b"), c.getex("b", ex=1, persist=True), c.getdel("b"), c.getdel("b"), c.getset("b", 1)],
    *[c.getset("b", 2), c.incr("n"), c.incr("n", 5), c.incrby("n", 5), c.incrby("n"), c.decr("n"), c.decr("n", 2)],
    *[c.decrby("n", 3), c.decrby("n"), c.incrbyfloat("n", 1.5), c.incrbyfloat("n"), c.incr("n"), c.incr("a")],
    *[c.incrbyfloat("n", amount=2), c.mset({"x": 1, "y": 2.5, b"z": b"3"}), c.mget("x", "y", "none")],
    *[c.mget(["x", "y"], "z"), c.mget([]), c.mget({"x": 1}), c.mget(b"x"), c.msetnx({"x": 1, "v": 2})],
    *[c.msetnx({"v": 2, "w": 3}), c.mset({}), c.setex("e", 60, "v"), c.ttl("e"), c.setex("e", MINUTE, "v")],
    *[c.psetex("e", 60000, "v"), c.psetex("e", MINUTE, "v"), c.ttl("e"), c.setex("e", -1, "v"), c.setnx("e", 1)],
    *[c.setnx("f", 1), c.setrange("f", 2, "xy"), c.get("f"), c.substr("f", 1), c.substr("f", 0, 1)],
    *[c.set("p", "ohmytext"), c.set("q", "mynewtext"), c.lcs("p", "q"), c.lcs("p", "q", len=True)],
    *[c.lcs("p", "q", idx=True), c.lcs("p", "q", idx=True, minmatchlen=4, withmatchlen=True)],
    *[c.lcs("p", "q", len=True, idx=True), c.stralgo("LCS", "p", "q"), c.stralgo("X", "p", "q")],
    *[c.stralgo("LCS", "p", "q", specific_argument="other"), c.stralgo("LCS", "p", "q", len=True, idx=True)],
    *[c.stralgo("LCS", "p", "q", specific_argument="keys", idx=True, minmatchlen=1, withmatchlen=True)],
    *[c.stralgo("LCS", "p", "q", len=True), c.delex("a"), c.delex("a", ifeq="1"), c.delex("a", ifne="1")],
    *[c.delex("a", ifdeq="1"), c.delex("a", ifdne="1"), c.digest("a"), c.msetex({"a": 1})],
    *[c.msetex({"a": 1}, data_persist_option=Persist.FNX, ex=1), c.msetex({"a": 1}, px=1, exat=1)],
    *[c.msetex({"a": 1}, pxat=LONG_AGO), c.msetex({"a": 1}, keepttl=True)],
]
BITS = [
    *[c.setbit("b", 7, 1), c.setbit("b", 7, 0), c.setbit("b", 9, True), c.getbit("b", 9), c.getbit("b", 10)],
    *[c.set("s", "foobar"), c.bitcount("s"), c.bitcount("s", 0, 0), c.bitcount("s", 1, 1, "BYTE")],
    *[c.bitcount("s", 5, 30, mode="BIT"), c.bitcount("s", 1), c.bitcount("s", end=1), c.bitpos("s", 1)],
    *[c.bitpos("s", 0, 1), c.bitpos("s", 1, 1, 3), c.bitpos("s", 1, 5, 20, "BIT"), c.bitpos("s", 2)],
    *[c.bitpos("s", 1, end=3), c.bitop("AND", "d", "s", "b"), c.bitop("NOT", "d", "s"), c.bitop("X", "d", "s")],
    *[c.bitfield_ro("s", "u8", 0), c.bitfield_ro("s", "u8", 0, [("i5", 8), ("u4", "#1")])],
    *[c.pfadd("p", "a", "b", 1), c.pfadd("p", "a"), c.pfcount("p"), c.pfadd("r", "c"), c.pfcount("p", "r")],
    *[c.pfmerge("m", "p", "r"), c.pfcount("m"), c.lpush("l", 1), c.pfcount("l"), c.getbit("l", 0)],
]
KEYS = [
    *[c.set("a", 1), c.set("b", 2), c.exists("a", "b", "c"), c.exists("a", "a"), c.exists(), c.keys(), c.keys("a*")],
    *[c.copy("a", "c"), c.copy("a", "c"), c.copy("a", "c", replace=True), c.copy("a", "a2", destination_db=1)],
    *[c.move("c", 1), c.move("none", 1), c.rename("b", "d"), c.rename("none", "x"), c.renamenx("a", "d")],
    *[c.renamenx("a", "e"), c.type("e"), c.type("none"), c.touch("e", "d", "none"), c.unlink("d", "none")],
    *[c.delete("e", "none"), c.delete(), c.randomkey(), c.set("a", 1), c.randomkey(), c.object("encoding", "a")],
    *[c.object("refcount", "a"), c.object("idletime", "none"), c.object("bogus", "a"), c.ttl("a"), c.pttl("none")],
    *[c.expire("a", 60), c.ttl("a"), c.expire("a", MINUTE), c.expire("none", 1), c.expire("a", 50, nx=True)],
    *[c.expire("a", 70, xx=True), c.expire("a", 60, gt=True), c.expire("a", 50, lt=True), c.ttl("a")],
    *[c.expire("a", 50, nx=True, xx=True), c.expire("a", "x"), c.expireat("a", 4102444800), c.expiretime("a")],
    *[c.expireat("a", FAR_AWAY), c.expiretime("a"), c.expireat("a", FAR_AWAY, nx=True)],
    *[c.expireat("a", 4102444900, gt=True), c.expireat("a", 4102444800, lt=True, xx=True), c.expiretime("a")],
    *[c.pexpire("a", 60000), c.pexpire("a", MINUTE, xx=True), c.pexpire("a", 1, gt=True), c.pexpire("a", 9, nx=True)],
    *[c.pexpire("a", 59000, lt=True), c.ttl("a"), c.pexpireat("a", FAR_AWAY), c.pexpiretime("a"), c.persist("a")],
    *[c.pexpireat("a", 4102444800123, nx=True), c.pexpireat("a", 1, gt=True), c.pexpireat("a", FAR_AWAY, xx=True)],
    *[c.pexpireat("a", 4102444800000, lt=True), c.pexpiretime("a"), c.persist("a"), c.persist("a"), c.pexpiretime("x")],
    *[c.expireat("a", LONG_AGO), c.exists("a")],
    *[c.restore("a", 0, b"junk", idletime="x"), c.restore("a", 0, b"junk", frequency="x")],
]
SORTING = [
    *[c.rpush("l", 3, 1, 2), c.sort("l"), c.sort("l", desc=True), c.sort("l", 1, 1), c.sort("l", start=0, num=2)],
    *[c.sort("l", 1), c.mset({"w1": 3, "w2": 2, "w3": 1, "v1": "a", "v2": "b", "v3": "c"}), c.sort("l", by="w*")],
    *[c.sort("l", get="v*"), c.sort("l", get=["v*", "#"]), c.sort("l", get=("v*", "#"), groups=True)],
    *[c.sort("l", get="v*", groups=True), c.sort("l", groups=True), c.sort("l", store="s"), c.lrange("s", 0, -1)],
    *[c.rpush("t", "b", "a"), c.sort("t", alpha=True), c.sort("t"), c.sort("t", by="nosort", alpha=True)],
    *[c.sort_ro("l"), c.sort_ro("l", 0, 1, by="w*", get=["#", "v*"], desc=True, alpha=True), c.sort("none")],
]
SCANS = [
    *[c.mset({"a1": 1, "a2": 2, "b1": 3}), c.sadd("s", "x", "y"), c.scan(), c.scan(0, "a*"), c.scan(0, count=100)],
    *[
        c.scan(_type="set"),
        c.scan(cursor=0, match="b*", count=10, _type="string"),
        c.sscan("s"),
        c.sscan("s", 0, "x*", 5),
    ],
    *[c.scan("x"), c.sscan("a1"), c.hset("h", mapping={"f": 1, "g": 2}), c.hscan("h"), c.hscan("h", 0, "f*", 10)],
    *[c.hscan("none"), c.zadd("z", {"m": 1.5, "n": 2}), c.zscan("z"), c.zscan("z", 0, "m*", 10)],
    *[c.zscan("z", score_cast_func=int), c.zscan("z", score_cast_func=str), c.scan_iter(), c.scan_iter("a*", 2)],
    *[c.scan_iter(_type="zset"), c.sscan_iter("s"), c.sscan_iter("s", "x*", 10), c.hscan_iter("h")],
    *[c.hscan_iter("h", "f*", 10), c.zscan_iter("z"), c.zscan_iter("z", "m*", 10, int), c.sscan_iter("none")],
]
HASHES = [
    *[
        c.hset("h", "f", 1),
        c.hset("h", "f", 2),
        c.hset("h", mapping={"g": 1.5, b"b": b"x"}),
        c.hset("h", items=["i", 1]),
    ],
    *[c.hset("h", "k", "v", {"m": 1}, ["n", 2]), c.hset("h"), c.hset("h", mapping={}), c.hset("h", "k", None)],
    *[c.hset("h", "k"), c.hset("h", items=["k"]), c.hget("h", "f"), c.hget("h", "none"), c.hgetall("h")],
    *[c.hgetall("none"), c.hexists("h", "f"), c.hexists("h", "none"), c.hdel("h", "k", "none"), c.hlen("h")],
    *[c.hkeys("h"), c.hvals("h"), c.hmget("h", "f", "none"), c.hmget("h", ["f", "g"]), c.hmget("h", [])],
    *[c.hincrby("h", "f"), c.hincrby("h", "f", 5), c.hincrbyfloat("h", "f"), c.hincrbyfloat("h", "f", 1.25)],
    *[c.hincrby("h", "g"), c.hsetnx("h", "f", 1), c.hsetnx("h", "new", 1), c.hstrlen("h", "f"), c.hmset("h", {"a": 1})],
    *[c.hmset("h", {}), loose(c.hrandfield("h")), loose(c.hrandfield("h", 2)), c.hset("o", "f", "v")],
    *[c.hrandfield("o", 1, withvalues=True), c.hrandfield("o", -2, True), c.hrandfield("none")],
    *[c.hrandfield("none", 1, True), c.hrandfield("o", withvalues=True), c.set("s", 1), c.hget("s", "f")],
]
FIELDS = [
    *[c.hset("h", mapping={"f": 1, "g": 2, "i": 3}), c.hexpire("h", 60, "f", "none"), c.httl("h", "f", "g", "none")],
    *[c.hexpire("h", MINUTE, "f", nx=True), c.hexpire("h", 50, "f", xx=True), c.hexpire("h", 60, "f", gt=True)],
    *[c.hexpire("h", 50, "f", lt=True), c.hexpire("h", 1, "f", nx=True, xx=True), c.hexpire("none", 1, "f")],
    *[c.hpexpire("h", 60000, "g"), c.hpexpire("h", MINUTE, "g", nx=True), c.hpexpire("h", 59000, "g", xx=True)],
    *[c.hpexpire("h", 60000, "g", gt=True), c.hpexpire("h", 59000, "g", lt=True), loose(c.hpttl("h", "g", "i"))],
    *[c.hexpireat("h", FAR_AWAY, "f"), c.hexpiretime("h", "f", "i"), c.hexpireat("h", 4102444900, "f", xx=True)],
    *[c.hexpireat("h", 4102444800, "f", nx=True), c.hexpireat("h", 4102444901, "f", gt=True)],
    *[c.hexpireat("h", 4102444800, "f", lt=True), c.hpexpireat("h", FAR_AWAY, "f"), c.hpexpiretime("h", "f", "i")],
    *[c.hpexpireat("h", 4102444800123, "f", xx=True), c.hpexpireat("h", 1, "f", nx=True)],
    *[c.hpexpireat("h", 1, "f", gt=True), c.hpexpireat("h", 4102444800000, "f", lt=True), c.hpersist("h", "f", "i")],
    *[c.hpersist("none", "f"), c.hexpire("h", 60), c.hexpireat("h", LONG_AGO, "f"), c.hkeys("h")],
    *[c.hscan("h", no_values=True), c.hscan_iter("h", no_values=True), c.hscan("h", no_values=False)],
    *[c.hgetdel("h", "g", "none"), c.hgetdel("h"), c.hgetex("h", "i"), c.hgetex("h", "i", ex=60), c.httl("h", "i")],
    *[c.hgetex("h", "i", px=MINUTE), c.hgetex("h", "i", exat=FAR_AWAY), c.hexpiretime("h", "i")],
    *[c.hgetex("h", "i", pxat=4102444800123), c.hpexpiretime("h", "i"), c.hgetex("h", "i", persist=True)],
    *[c.httl("h", "i"), c.hgetex("h"), c.hgetex("h", "i", ex=1, persist=True), c.hsetex("h", "a", 1)],
    *[c.hsetex("h", mapping={"b": 1}, ex=60), c.hsetex("h", items=["c", 1], px=60000), c.httl("h", "a", "b", "c")],
    *[c.hsetex("h", "a", 2, exat=FAR_AWAY), c.hsetex("h", "a", 2, pxat=FAR_AWAY), c.hsetex("h", "a", 3, keepttl=True)],
    *[
        c.hexpiretime("h", "a"),
        c.hsetex("h", "a", 2, data_persist_option=Persist.FNX),
        c.hsetex("h"),
        c.hsetex("h", items=[1]),
    ],
    c.hsetex("h", "a", 2, ex=1, px=1),
]
LISTS = [
    *[c.lpush("l", 1, 2, 3), c.rpush("l", "x"), c.lpushx("l", "p"), c.rpushx("l", "q"), c.lpushx("none", 1)],
    *[c.rpushx("none", 1, 2), c.llen("l"), c.lrange("l", 0, -1), c.lindex("l", 0), c.lindex("l", 99)],
    *[c.linsert("l", "BEFORE", "x", "y"), c.linsert("l", "after", "none", "y"), c.linsert("l", "bogus", "x", "y")],
    *[c.lset("l", 0, "z"), c.lset("l", 99, "z"), c.lset("none", 0, "z"), c.lrem("l", 0, "z"), c.ltrim("l", 0, 4)],
    *[c.lpop("l"), c.rpop("l"), c.lpop("l", 2), c.rpop("l", 1), c.lpop("none"), c.rpop("none"), c.lpop("none", 2)],
    *[c.lpop("l", 0), c.rpush("m", "a", "b", "c", "b"), c.lpos("m", "b"), c.lpos("m", "b", rank=2)],
    *[
        c.lpos("m", "b", count=0),
        c.lpos("m", "b", rank=-1, maxlen=1),
        c.lpos("m", "none"),
        c.lpos("m", "none", count=1),
    ],
    *[c.lpos("m", "b", rank=0), c.rpoplpush("m", "n"), c.rpoplpush("none", "n"), c.lmove("m", "n")],
    *[c.lmove("m", "n", "RIGHT", "LEFT"), c.lmove("m", "n", src="UP"), c.lmove("none", "n"), c.lrange("n", 0, -1)],
    *[
        c.blpop("n"),
        c.blpop(["none", "n"], 1),
        c.brpop("n", timeout=None),
        c.brpop(["none"], 0.01),
        c.blpop("none", 0.01),
    ],
    *[c.blpop("x", -1), c.rpush("b", 1, 2, 3, 4), c.brpoplpush("b", "d"), c.brpoplpush("none", "d", 0.01)],
    *[c.brpoplpush("b", "d", None), c.blmove("b", "d", 1), c.blmove("b", "d", 0.01, "RIGHT", "LEFT")],
    *[c.blmove("none", "d", 0.01, src="LEFT", dest="LEFT"), c.lmpop(2, "none", "d", direction="LEFT")],
    *[c.lmpop(1, "d", direction="RIGHT", count=2), c.lmpop(1, "none", direction="LEFT"), c.rpush("d", 1, 2, 3)],
    *[c.blmpop(0.01, 2, "none", "d", direction="LEFT"), c.blmpop(0.01, 1, "d", direction="RIGHT", count=5)],
    *[c.blmpop(0.01, 1, "none", direction="LEFT"), c.blmpop(0.01, 1, "d", direction="UP"), c.set("s", 1), c.lpop("s")],
    *[c.lmovem("a", "b"), c.lmovem("a", "b", "LEFT", "RIGHT", 2, "COUNT", "OBO"), c.lmovem("a", "b", count=1)],
    *[c.lmovem("a", "b", mode="COUNT"), c.blmovem("a", "b", 1), c.blmovem("a", "b", 1, ordering="OBO")],
    c.blmovem("a", "b", 1, src="LEFT", dest="LEFT", count=1, mode="EXACTLY", ordering="BULK"),
]
SETS = [
    *[c.sadd("s", "a", "b", 1), c.sadd("s", "a"), c.sadd("t", "b", "c"), c.scard("s"), c.smembers("s")],
    *[c.smembers("none"), c.sismember("s", "a"), c.sismember("s", "z"), c.smismember("s", "a", "z")],
    *[
        c.smismember("s", ["a", "z"]),
        c.sdiff("s", "t"),
        c.sdiff(["s", "t"]),
        c.sdiff("none"),
        c.sdiffstore("d", "s", "t"),
    ],
    *[c.sinter("s", "t"), c.sinter(["s", "t"], "s"), c.sinterstore("d", ["s"], "t"), c.sunion("s", "t")],
    *[c.sunionstore("d", "s", ["x"]), c.sunionstore("d", ["s", "t"]), c.sintercard(2, ["s", "t"])],
    *[c.sintercard(2, ["s", "t"], limit=1), c.sintercard(0, []), c.smove("s", "t", 1), c.smove("s", "t", "none")],
    *[c.srem("s", "b", "none"), c.spop("s"), c.spop("none"), c.sadd("s", "x"), c.spop("s", 1), c.spop("none", 2)],
    *[
        c.sadd("o", "m"),
        c.srandmember("o"),
        c.srandmember("o", 2),
        c.srandmember("o", number=-2),
        c.srandmember("none"),
    ],
    *[c.srandmember("none", 2), c.spop("o", -1), c.set("str", 1), c.sadd("str", 1), c.smembers("str")],
    *[c.sdiffcard(2, ["s", "t"]), c.sdiffcard(2, ["s", "t"], limit=1), c.sunioncard(2, ["s", "t"])],
    c.sunioncard(2, ["s", "t"], limit=1, approx=True),
]
SORTED_SETS = [
    *[c.zadd("z", {"a": 1, "b": 2.5, "c": "3"}), c.zadd("z", {"a": 5}), c.zadd("z", {"a": 5}, ch=True)],
    *[c.zadd("z", {"n": 1}, nx=True), c.zadd("z", {"n": 2}, xx=True, ch=True), c.zadd("z", {"n": 1}, gt=True, ch=True)],
    *[
        c.zadd("z", {"n": 1}, lt=True, ch=True),
        c.zadd("z", {"n": 1}, incr=True),
        c.zadd("z", {"n": 1}, nx=True, incr=True),
    ],
    *[c.zadd("z", {}), c.zadd("z", {"a": 1}, nx=True, xx=True), c.zadd("z", {"a": 1}, gt=True, lt=True)],
    *[c.zadd("z", {"a": 1, "b": 2}, incr=True), c.zadd("z", {"a": 1}, nx=True, gt=True), c.zadd("z", {"a": "x"})],
    *[c.zadd("z", {"a": None}), c.zadd("i", {"m": float("inf"), "l": float("-inf"), "t": 1e21, "s": 0.1})],
    *[c.zrange("i", 0, -1, withscores=True), c.zscore("i", "m"), c.zcard("z"), c.zcount("z", 2, "+inf")],
    *[
        c.zcount("z", "(2", 3),
        c.zscore("z", "a"),
        c.zscore("z", "none"),
        c.zmscore("z", ["a", "none"]),
        c.zmscore("z", []),
        c.zmscore("z", "a"),
    ],
    *[c.zincrby("z", 1.5, "a"), c.zincrby("z", 1, "new"), c.zrank("z", "a"), c.zrank("z", "none")],
    *[
        c.zrevrank("z", "a"),
        c.zrange("z", 0, -1),
        c.zrange("z", 0, 1, True),
        c.zrange("z", 0, 1, desc=True, withscores=True),
    ],
    *[c.zrange("z", 0, -1, False, True, int), c.zrange("z", 0, -1, withscores=True, score_cast_func=str)],
    *[c.zrange("z", 0, 1, withscores=True, score_cast_func=repr), c.zrange("z", "(1", 5, byscore=True)],
    *[
        c.zrange("z", 5, 1, byscore=True, desc=True, offset=0, num=2, withscores=True),
        c.zrange("z", "-", "+", bylex=True),
    ],
    *[c.zrange("z", "-", "+", bylex=True, offset=1, num=1), c.zrange("z", 0, 1, byscore=True, bylex=True)],
    *[c.zrange("z", 0, 1, offset=1), c.zrange("z", "-", "+", bylex=True, withscores=True), c.zrange("z", "x", "y")],
    *[
        c.zrange("none", 0, -1, withscores=True),
        c.zrangestore("d", "z", 0, 1),
        c.zrangestore("d", "z", 1, 5, byscore=True),
    ],
    *[
        c.zrangestore("d", "z", 5, 1, byscore=True, desc=True, offset=0, num=1),
        c.zrangestore("d", "z", "-", "+", bylex=True),
    ],
    *[
        c.zrevrange("z", 0, 1),
        c.zrevrange("z", 0, 1, True),
        c.zrevrange("z", 0, 1, withscores=True, score_cast_func=int),
    ],
    *[c.zrangebyscore("z", 1, 3), c.zrangebyscore("z", "-inf", "+inf", 0, 1), c.zrangebyscore("z", 1, 3, start=1)],
    *[c.zrangebyscore("z", 1, 9, withscores=True), c.zrangebyscore("z", 1, 9, withscores=True, score_cast_func=str)],
    *[
        c.zrevrangebyscore("z", 3, 1),
        c.zrevrangebyscore("z", "+inf", 1, 0, 2, True),
        c.zrevrangebyscore("z", 3, 1, num=1),
    ],
    *[c.zrevrangebyscore("z", 9, 1, withscores=True, score_cast_func=int), c.zadd("x", dict.fromkeys("abcd", 0))],
    *[c.zrangebylex("x", "[b", "+"), c.zrangebylex("x", "-", "+", start=1, num=2), c.zrangebylex("x", "-", "+", 1)],
    *[c.zrevrangebylex("x", "+", "-"), c.zrevrangebylex("x", "+", "-", 0, 1), c.zrevrangebylex("x", "+", "-", num=1)],
    *[c.zlexcount("x", "-", "(c"), c.zlexcount("x", "b", "c"), c.zremrangebylex("x", "[a", "[a")],
    *[c.zremrangebyrank("x", 0, 0), c.zremrangebyscore("x", "-inf", -1), c.zrem("x", "c", "none")],
    *[
        c.zpopmin("z"),
        c.zpopmax("z"),
        c.zpopmin("z", 2),
        c.zpopmax("z", count=1),
        c.zpopmin("none"),
        c.zpopmax("none", 2),
    ],
    *[c.zadd("p", {"a": 1, "b": 2, "c": 3}), c.zadd("q", {"b": 10, "c": 0.5, "d": 7}), c.zdiff(["p", "q"])],
    *[
        c.zdiff(["p", "q"], withscores=True),
        c.zdiff(["none"], True),
        c.zdiffstore("d", ["p", "q"]),
        c.zinter(["p", "q"]),
    ],
    *[c.zinter(["p", "q"], aggregate="MAX", withscores=True), c.zinter({"p": 2, "q": 0.5}, withscores=True)],
    *[c.zinter(["p"], aggregate="avg"), c.zinterstore("d", ["p", "q"]), c.zinterstore("d", {"p": 1, "q": 2}, "min")],
    *[
        c.zintercard(2, ["p", "q"]),
        c.zintercard(2, ["p", "q"], limit=1),
        c.zunion(["p", "q"]),
        c.zunion(["p", "q"], "SUM", True),
    ],
    *[
        c.zunion({"p": 1, "q": 2}, withscores=True, score_cast_func=int),
        c.zunionstore("d", ["p", "q"], aggregate="MAX"),
    ],
    *[c.zunionstore("d", {"p": 2}), c.zunionstore("d", {}), loose(c.zrandmember("p")), c.zrandmember("none")],
    *[loose(c.zrandmember("p", 2)), c.zadd("o", {"m": 1.5}), c.zrandmember("o", 1, withscores=True)],
    *[
        c.zrandmember("o", -2, True),
        c.zrandmember("o", withscores=True),
        c.zmpop(1, ["o"], min=True),
        c.zmpop(1, ["o"], max=True),
        c.zmpop(1, "o", max=True),
    ],
    *[c.zmpop(2, ["none", "p"], max=True, count=2), c.zmpop(1, ["p"]), c.zmpop(1, ["p"], min=True, max=True)],
    *[
        c.bzmpop(0.01, 1, ["q"], min=True),
        c.bzmpop(0.01, 1, ["q"], max=True, count=2),
        c.bzmpop(0.01, 1, ["none"], min=True),
    ],
    *[
        c.bzmpop(0.01, 1, ["q"]),
        c.zadd("b", {"a": 1, "b": 2, "c": 3, "d": 4}),
        c.bzpopmin("b"),
        c.bzpopmax(["none", "b"], 1),
    ],
    *[c.bzpopmin("none", timeout=0.01), c.bzpopmax("none", 0.01), c.bzpopmax("b", None), c.bzpopmin(["b"], None)],
    *[c.set("s", 1), c.zadd("s", {"a": 1}), c.bzpopmin("s", 1)],
]
RANKS = [
    *[c.zadd("z", {"a": 1, "b": 2.5}), c.zrank("z", "b", withscore=True), c.zrevrank("z", "b", True)],
    *[c.zrank("z", "b", withscore=True, score_cast_func=str), c.zrank("z", "none", withscore=True)],
    c.zrevrank("z", "b", withscore=True, score_cast_func=int),
]
STREAMS = [
    *[
        c.xadd("s", {"f": 1, "g": "x"}, id="1-1"),
        loose(c.xadd("s", {"f": 1})),
        c.xadd("s", {"f": 1}, "1-1"),
        c.xadd("s", {}),
    ],
    *[c.xadd("s", {"f": 1}, "9999999999999-1", maxlen=2), c.xadd("s", {"f": 2}, "9999999999999-2", 2, False)],
    *[c.xadd("none", {"f": 1}, nomkstream=True), c.xadd("s", {"f": 3}, "9999999999999-3", minid="9999999999999-1")],
    *[c.xadd("s", {"f": 3}, "9999999999999-4", minid=1, limit=10), c.xadd("s", {"f": 1}, maxlen=1, minid=1)],
    *[
        c.xadd("s", {"f": 1}, maxlen=-1),
        c.xadd("s", {"f": 1}, maxlen="1"),
        c.xadd("s", [1]),
        c.xadd("s", {"f": 1}, limit=1),
    ],
    *[
        c.xadd("s", {"f": 1}, ref_policy="KEEPREF"),
        c.xadd("s", {"f": 1}, ref_policy="x"),
        c.xadd("s", {"f": 1}, idmpauto="p"),
    ],
    *[
        c.xadd("s", {"f": 1}, idmp=("p", b"i")),
        c.xadd("s", {"f": 1}, idmp=("p", b"i"), idmpauto="p"),
        c.xadd("s", {"f": 1}, idmp=1),
    ],
    *[c.xadd("s", {"f": 1}, "1-1", idmpauto="p"), c.xlen("s"), c.xrange("s"), c.xrange("s", "9999999999999-2", "+", 1)],
    *[c.xrange("s", count=0), c.xrevrange("s"), c.xrevrange("s", "+", "-", count=1), c.xrevrange("s", count="1")],
    *[
        c.xrange("none"),
        c.xread({"s": "9999999999999-3"}),
        c.xread({"s": 0, "none": 0}, count=1),
        c.xread({"s": "$"}, block=1),
    ],
    *[
        c.xread({"none": 0}),
        c.xread({}),
        c.xread({"s": 0}, count=0),
        c.xread({"s": 0}, block=-1),
        c.xread({"s": 0}, max_count=1),
    ],
    *[c.xread({"s": 0}, max_size=5), c.xread({"s": 0}, count=2, max_count=1), c.xread({"s": 0}, max_size=0)],
    *[c.xtrim("s", 2, approximate=False), c.xtrim("s", maxlen=1), c.xtrim("s", minid="1-1", limit=5), c.xtrim("s")],
    *[c.xtrim("s", 1, minid=1), c.xtrim("s", 1, ref_policy="DELREF"), c.xtrim("s", 1, ref_policy="x")],
    *[c.xdel("s", "9999999999999-4", "5-5"), c.xlen("s"), c.set("str", 1), c.xlen("str")],
]
GROUPS = [
    *[c.xadd("s", {"f": n}, f"{n}-1") for n in range(1, 6)],
    *[c.xgroup_create("s", "g", 0), c.xgroup_create("s", "g"), c.xgroup_create("m", "g", mkstream=True)],
    *[c.xgroup_create("none", "g"), c.xgroup_create("s", "h", "$", entries_read=2), c.xgroup_setid("s", "h", "0")],
    *[
        c.xgroup_setid("s", "h", "1-1", entries_read=1),
        c.xgroup_createconsumer("s", "g", "c"),
        c.xgroup_setid("s", "x", 0),
    ],
    *[c.xreadgroup("g", "c", {"s": ">"}, count=2), c.xreadgroup("g", "d", {"s": ">"}, count=1, noack=True)],
    *[
        c.xreadgroup("g", "c", {"s": 0}),
        c.xreadgroup("g", "d", {"s": ">"}, block=1),
        c.xreadgroup("g", "d", {"s": ">"}, block=1),
    ],
    *[
        c.xreadgroup("g", "c", {}),
        c.xreadgroup("g", "c", {"s": 0}, count=0),
        c.xreadgroup("g", "c", {"s": 0}, block=-1),
    ],
    *[
        c.xreadgroup("g", "c", {"s": ">"}, claim_min_idle_time=1),
        c.xreadgroup("g", "c", {"s": ">"}, claim_min_idle_time=-1),
    ],
    *[c.xreadgroup("g", "c", {"s": ">"}, max_count=1), c.xreadgroup("g", "c", {"s": ">"}, max_size=1)],
    *[c.xreadgroup("g", "c", {"s": ">"}, count=2, max_count=1), c.xreadgroup("x", "c", {"s": ">"})],
    *[
        c.xpending("s", "g"),
        loose(c.xpending_range("s", "g", "-", "+", 10)),
        loose(c.xpending_range("s", "g", "-", "+", 10, "c", 0)),
    ],
    *[
        c.xpending_range("s", "g", None, None, None),
        c.xpending_range("s", "g", "-", None, 1),
        c.xpending_range("s", "g", "-", "+", -1),
    ],
    *[
        c.xpending_range("s", "g", None, None, None, "c"),
        c.xpending_range("s", "g", "-", "+", 10, idle=-1),
        c.xpending("s", "x"),
    ],
    *[c.xpending("m", "g"), c.xclaim("s", "g", "d", 0, ["1-1"]), c.xclaim("s", "g", "d", 0, ("2-1",), justid=True)],
    *[
        c.xclaim("s", "g", "e", 0, ["1-1"], idle=5, retrycount=3, force=True),
        c.xclaim("s", "g", "e", 0, ["1-1"], time=1000),
    ],
    *[c.xclaim("s", "g", "e", -1, ["1-1"]), c.xclaim("s", "g", "e", 0, []), c.xclaim("s", "g", "e", 0, "1-1")],
    *[
        c.xclaim("s", "g", "e", 0, ["1-1"], idle="x"),
        c.xclaim("s", "g", "e", 0, ["1-1"], time="x"),
        c.xclaim("s", "g", "e", 0, ["1-1"], force=1),
    ],
    *[c.xclaim("s", "g", "e", 0, ["1-1"], retrycount="x"), c.xclaim("s", "g", "e", 0, ["1-1"], justid=1)],
    *[
        c.xautoclaim("s", "g", "f", 0),
        c.xautoclaim("s", "g", "f", 0, "0-0", count=1),
        c.xautoclaim("s", "g", "f", 0, justid=True),
    ],
    *[c.xautoclaim("s", "g", "f", -1), c.xautoclaim("s", "g", "f", 0, count=-1), c.xautoclaim("s", "x", "f", 0)],
    *[
        c.xautoclaim("s", "g", "f", 0, start_id="2-1"),
        c.xinfo_groups("s"),
        c.xinfo_groups("none"),
    ],
    *[
        c.xack("s", "g", "1-1", "9-9"),
        c.xdel("s", "2-1"),
        c.xautoclaim("s", "g", "f", 0),
        c.xgroup_delconsumer("s", "g", "f"),
    ],
    *[c.xgroup_destroy("s", "g"), c.xgroup_destroy("s", "g"), c.xackdel("s", "g", "1-1"), c.xackdel("s", "g")],
    *[
        c.xackdel("s", "g", "1-1", ref_policy="x"),
        c.xdelex("s", "1-1"),
        c.xdelex("s"),
        c.xdelex("s", "1-1", ref_policy="x"),
    ],
    *[c.xnack("s", "g", "FAIL", "1-1"), c.xnack("s", "g", "FAIL"), c.xnack("s", "g", "x", "1-1"), c.xcfgset("s")],
    *[c.xnack("s", "g", "FAIL", "1-1", retrycount=-1), c.xnack("s", "g", "FAIL", "1-1", retrycount=1, force=True)],
    *[c.xcfgset("s", idmp_duration=1), c.xcfgset("s", idmp_maxsize=0), c.xcfgset("s", idmp_maxsize=5)],
]
STREAM_FACTS = [
    *[c.xadd("s", {"f": n}, f"{n}-1") for n in range(1, 4)],
    *[c.xgroup_create("s", "g", 0), loose(c.xinfo_stream("s")), loose(c.xinfo_stream("s", full=True))],
    *[
        c.xreadgroup("g", "c", {"s": ">"}),
        loose(c.xinfo_stream("s", full=True)),
        c.xgroup_create("e", "g", mkstream=True),
    ],
    *[
        loose(c.xinfo_stream("e")),
        loose(c.xinfo_consumers("s", "g")),
        c.xinfo_stream("none"),
        c.xinfo_consumers("s", "x"),
    ],
]
PLACES = (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")
GEO = [
    *[
        c.geoadd("g", PLACES),
        c.geoadd("g", PLACES, ch=True),
        c.geoadd("g", PLACES, nx=True),
        c.geoadd("g", PLACES, xx=True),
    ],
    *[
        c.geoadd("g", PLACES, nx=True, xx=True),
        c.geoadd("g", (1, 2)),
        c.geoadd("g", (200, 2, "x")),
        c.geodist("g", "Palermo", "Catania"),
    ],
    *[
        c.geodist("g", "Palermo", "Catania", "km"),
        c.geodist("g", "Palermo", "none"),
        c.geodist("g", "a", "b", unit="x"),
    ],
    *[c.geohash("g", "Palermo", "none"), c.geopos("g", "Palermo", "none"), c.georadius("g", 15, 37, 200, "km")],
    *[
        c.georadius("g", 15, 37, 200, unit="km", withdist=True),
        c.georadius("g", 15, 37, 200, "km", withcoord=True, withhash=True),
    ],
    *[
        c.georadius("g", 15, 37, 200, "km", True, True, True, 1, "ASC"),
        c.georadius("g", 15, 37, 200, "km", count=1, any=True),
    ],
    *[
        c.georadius("g", 15, 37, 200, "km", sort="DESC"),
        c.georadius("g", 15, 37, 200, "km", sort="x"),
        c.georadius("g", 15, 37, 1),
    ],
    *[
        c.georadius("g", 15, 37, 200, "km", any=True),
        c.georadius("g", 15, 37, 200, "x"),
        c.georadius("g", 15, 37, 200, "km", store="d"),
    ],
    *[
        c.georadius("g", 15, 37, 200, "km", store_dist="d"),
        c.georadius("g", 15, 37, 200, "km", store="d", store_dist="e"),
    ],
    *[
        c.georadiusbymember("g", "Palermo", 200, "km"),
        c.georadiusbymember("g", "Palermo", 200, "km", True, True, True, 2, "ASC"),
    ],
    *[
        c.georadiusbymember("g", "Palermo", 200, "km", store="d"),
        c.georadiusbymember("g", "Palermo", 200, "km", store_dist="d"),
    ],
    *[c.georadiusbymember("g", "none", 200), c.georadiusbymember("g", "Palermo", 200, "km", count=1, any=True)],
    *[
        c.geosearch("g", member="Palermo", radius=200, unit="km", sort="ASC"),
        c.geosearch("g", longitude=15, latitude=37, width=400, height=400, unit="KM"),
    ],
    *[
        c.geosearch(
            "g",
            longitude=15,
            latitude=37,
            radius=200,
            unit="km",
            count=1,
            any=True,
            sort="desc",
            withcoord=True,
            withdist=True,
            withhash=True,
        )
    ],
    *[
        c.geosearch("g", member="Palermo", radius=200, unit="km", sort="asc", withdist=True),
        c.geosearch("g"),
        c.geosearch("g", member="a"),
    ],
    *[
        c.geosearch("g", member="a", longitude=1, radius=1),
        c.geosearch("g", member="a", radius=1, width=1),
        c.geosearch("g", longitude=1, latitude=1),
    ],
    *[
        c.geosearch("g", member="a", radius=1, unit="x"),
        c.geosearch("g", member="a", radius=1, unit=None),
        c.geosearch("g", member="a", radius=1, sort="x"),
    ],
    *[c.geosearch("g", member="a", radius=1, any=True), c.geosearch("g", member="none", radius=1)],
    *[
        c.geosearchstore("d", "g", member="Palermo", radius=200, unit="km"),
        c.geosearchstore("d", "g", longitude=15, latitude=37, width=400, height=400, unit="km", storedist=True),
    ],
    c.geosearchstore("d", "g", member="Palermo", radius=200, unit="km", sort="ASC", count=1, any=True),
]
LUA = """#!lua name=lib
redis.register_function('f', function(keys, args) return args[1] end)
redis.register_function{function_name='r', callback=function() return 1 end, flags={'no-writes'}}
"""
SCRIPTS = [
    c.function_flush(),
    *[
        c.eval("return 1", 0),
        c.eval("return {KEYS[1], ARGV[1]}", 1, "k", 5),
        c.eval("return {1, {ok='fine'}, false}", 0),
    ],
    *[c.eval("return redis.error_reply('MY err')", 0), c.eval("return {1, redis.error_reply('ERR inner')}", 0)],
    *[
        c.eval("return redis.call('incr', KEYS[1])", 1, "n"),
        c.eval("return redis.call('bogus')", 0),
        c.eval("return", 0),
    ],
    *[c.eval("redis.setresp(3) return redis.call('hgetall', KEYS[1])", 1, "h"), c.eval("return {double=1.5}", 0)],
    *[
        c.eval("return {set={a=true}}", 0),
        c.eval("return {map={a={set={b=true}}}}", 0),
        c.eval("return true", 0),
        c.eval("x", 0),
    ],
    *[
        c.eval_ro("return redis.call('set', 'a', 1)", 0),
        c.eval_ro("return 7", 0),
        c.eval_ro("return ARGV[1]", 0, "x"),
        c.script_load("return 5"),
    ],
    *[
        c.evalsha("4ca238f611c9d0ae4e9a75a5dbac22aedc1e44282", 0),
        c.evalsha("0" * 40, 0),
        c.script_load("return ARGV[1]"),
    ],
    *[
        c.evalsha("098e0f0d1448c0a81dafe820f66d460eb09263da", 0, "x"),
        c.evalsha_ro("098e0f0d1448c0a81dafe820f66d460eb09263da", 0, "y"),
    ],
    *[c.script_exists("098e0f0d1448c0a81dafe820f66d460eb09263da", "0" * 40), c.script_flush(), c.script_flush("SYNC")],
    *[
        c.script_flush("ASYNC"),
        c.script_flush("x"),
        c.script_flush(sync_type="SYNC"),
        c.script_kill(),
        c.script_debug("YES"),
    ],
    *[c.function_load(LUA), c.function_load(LUA), c.function_load(LUA, replace=True), c.function_load("x")],
    *[
        c.fcall("f", 0, "hello"),
        c.fcall_ro("r", 0),
        c.fcall_ro("r", 0, "x"),
        c.fcall("none", 0),
        c.fcall_ro("f", 0),
        c.function_list(library="x*"),
    ],
    *[c.function_stats(), c.function_kill(), c.function_delete("lib"), c.function_delete("lib"), c.function_flush()],
    *[
        c.function_flush(mode="ASYNC"),
        c.function_flush("x"),
        c.function_restore(b"junk"),
        c.function_restore(b"junk", policy="FLUSH"),
    ],
    *[c.publish("ch", "m"), c.spublish("ch", "m"), c.pubsub_channels(), c.pubsub_channels("x*"), c.pubsub_numpat()],
    *[
        c.pubsub_numsub("a", "b"),
        c.pubsub_numsub(),
        c.pubsub_shardchannels(),
        c.pubsub_shardchannels("x*"),
        c.pubsub_shardnumsub("a"),
    ],
]
LIBRARIES = [
    c.function_flush(),
    *[c.function_load(LUA.partition("redis.register_function{")[0]), c.function_list(), c.function_list("lib", True)],
    *[c.function_list(withcode=True), loose(c.function_dump()), c.function_stats()],
]
CLIENTS = [
    *[c.ping(), c.echo("x"), c.client_getname(), c.client_setname("me"), c.client_getname(), c.client_setname("a b")],
    *[
        loose(c.client_id()),
        c.client_getredir(),
        c.client_trackinginfo(),
        c.client_no_evict("ON"),
    ],
    *[
        c.client_no_evict("x"),
        c.client_kill("1.2.3.4:5"),
    ],
    *[
        c.client_kill_filter(_id=999999),
        c.client_kill_filter(addr="1.2.3.4:5"),
        c.client_kill_filter(laddr="1.2.3.4:5"),
    ],
    *[c.client_kill_filter(_type="pubsub", skipme=True), c.client_kill_filter(user="none"), c.client_kill_filter()],
    *[
        c.client_kill_filter(_type="x"),
        c.client_kill_filter(_id=1, skipme=1),
        c.client_kill_filter(_id=999999, skipme=False),
    ],
    *[
        c.client_list(_type="x"),
        c.client_list(client_id=1),
        c.client_list(client_id=[999999]),
    ],
    *[
        c.client_list("pubsub"),
        c.client_pause(0),
        c.client_pause(0, all=False),
        c.client_pause("x"),
        c.client_unpause(),
    ],
    *[c.client_unblock(999999), c.client_unblock(999999, error=True), c.client_unblock("x"), c.client_reply("x")],
    *[c.client_tracking(prefix=["a"]), c.client_tracking_on(prefix=["a"]), c.client_tracking_off(prefix=["a"])],
    *[c.hello(), c.auth("x"), c.auth("x", "y")],
]
SERVER = [
    *[
        c.dbsize(),
        c.flushdb(),
        c.flushall(asynchronous=True),
        c.flushdb(asynchronous=True),
        c.flushall(),
        loose(c.time()),
    ],
    *[
        c.config_get("maxmemory"),
        c.config_get("maxmemory", "timeout"),
        c.config_set("maxmemory", 0),
        c.config_set("x", 1),
    ],
    *[c.config_set("maxmemory", 0, "timeout", 0), c.config_resetstat(), c.config_rewrite(), loose(c.command_count())],
    *[
        c.command_getkeys("SET", "a", "b"),
        c.command_getkeysandflags("SET", "a", "b"),
        c.command_list(pattern="xinfo"),
    ],
    *[
        c.command_list(module="x"),
        loose(c.command_list(category="geo")),
        c.command_info(),
        c.command_docs("x"),
        c.command_docs(),
    ],
    *[
        c.info("none"),
        loose(c.lastsave()),
        loose(c.lolwut()),
        loose(c.lolwut(5, 1)),
    ],
    *[
        c.memory_usage("none"),
        c.set("a", 1),
        loose(c.memory_usage("a", samples=5)),
        c.memory_purge(),
        c.memory_doctor(),
        c.memory_help(),
    ],
    *[loose(c.memory_malloc_stats()), loose(c.debug_object("a")), c.debug_object("none"), c.debug_segfault()],
    *[
        c.latency_latest(),
        c.latency_history("command"),
        c.latency_reset(),
        c.latency_reset("command"),
        c.latency_doctor(),
        c.latency_graph(),
    ],
    *[
        c.latency_histogram("x"),
        c.role(),
        loose(c.slowlog_len()),
        c.slowlog_reset(),
        c.slowlog_get(),
        c.slowlog_get(5),
        c.swapdb(0, 1),
        c.swapdb(0, 99),
    ],
    *[
        c.module_list(),
        c.module_load("/none.so", "x"),
        c.module_unload("none"),
        c.failover(),
        c.shutdown(save=True, nosave=True),
    ],
]
SLOW = [
    *[
        c.config_set("slowlog-log-slower-than", 0),
        c.config_set("slowlog-max-len", 128),
        c.slowlog_reset(),
        c.set("a", "b"),
    ],
    *[loose(c.slowlog_get(num=1)), c.config_set("slowlog-log-slower-than", 10000), c.slowlog_reset()],
]
# The oracle describes users and refusals in other words.
USERS = [
    *[c.acl_setuser("u", enabled=True, passwords="+pw"), c.acl_users(), c.acl_getuser("u"), c.acl_getuser("none")],
    *[
        c.acl_setuser("u", passwords=["-pw", "+a"], hashed_passwords=["+" + "0" * 64], categories=["+read", "-@slow"]),
        c.acl_setuser("u", commands=["+get", "-set"], keys=["a*", "%R~b", "~c"], channels=["x", "y"]),
        c.acl_setuser("u", selectors=[("+get", "d"), ("-set", "%W~e")], hashed_passwords="-" + "0" * 64),
        c.acl_getuser("u"),
        c.acl_list(),
    ],
    *[c.acl_dryrun("u", "GET", "a"), c.acl_dryrun("u", "SET", "a", 1), c.acl_dryrun("none", "GET", "a")],
    *[
        c.acl_setuser("u", enabled=True, nopass=True, reset=True, reset_keys=True, reset_channels=True),
        c.acl_setuser("u", reset_passwords=True),
        c.acl_getuser("u"),
    ],
    *[
        c.acl_setuser("u", passwords="pw"),
        c.acl_setuser("u", hashed_passwords="x"),
        c.acl_setuser("u", categories=["x"]),
    ],
    *[c.acl_setuser("u", commands=["get"]), c.acl_setuser("u", selectors=[("get", "a")]), c.acl_setuser("a b")],
    *[c.acl_setuser("u", nopass=True, passwords="+x"), c.acl_setuser("u", commands=["+nosuch"])],
    *[c.acl_cat(), loose(c.acl_cat("string")), c.acl_cat("nosuch"), c.acl_whoami(), loose(c.acl_help())],
    *[loose(c.acl_genpass()), loose(c.acl_genpass(5)), c.acl_genpass(0), c.acl_genpass(-1), c.acl_genpass("x")],
    *[c.acl_log_reset(), c.acl_log(), c.auth("x", "nobody"), loose(c.acl_log(1)), c.acl_log(0), c.acl_log("x")],
    *[c.acl_log_reset(), c.acl_load(), c.acl_save(), c.acl_deluser("u", "none"), c.acl_users()],
]
# What only a newer server than the oracle knows, or replies otherwise.
NEWER = [
    *[c.client_setinfo("lib-name", "x"), c.client_setinfo("x", "y"), c.client_kill_filter(maxage=999999999)],
    *[c.client_no_touch("OFF"), c.command_getkeys("x"), loose(c.client_info()), loose(c.info("cpu"))],
    *[loose(c.info("clients", "memory")), c.info("keyspace"), c.set("a", 1), c.info("keyspace")],
    *[loose(c.command()), loose(c.memory_stats()), loose(c.config_get())],
    *[loose(c.execute_command("COMMAND INFO", "get"))],
]
# What the server under test lacks, or refuses; the oracle has it.
LACKING = [
    *[c.restore("a", 0, b"junk", replace=True, absttl=True, idletime=1, frequency=1), c.readonly(), c.readwrite()],
    *[c.replicaof("NO", "ONE"), c.slaveof(), c.slaveof("h", 1), c.wait(0, 1), c.waitaof(0, 0, 1), c.save(), c.bgsave()],
    *[c.bgsave(schedule=False), c.migrate("h", 1, "k", 0, 1), c.migrate("h", 1, [], 0, 1), c.cluster("info", "x")],
    c.migrate("h", 1, ["k"], 0, 1, copy=True, replace=True, auth="x"),
    *[c.module_loadex("/none.so", ["a", "b"], ["c"]), c.increx("a"), c.increx("a", byfloat=1.5, lbound=0, ubound=9)],
    *[
        c.increx("a", byint=1, saturate=True, ex=1, enx=True),
        c.increx("a", byint=1, byfloat=1),
        c.increx("a", enx=True),
    ],
    *[
        c.increx("a", px=1, exat=1),
        c.increx("a", pxat=1),
        c.increx("a", persist=True),
        c.dump("a"),
        c.restore("a", 0, b"x"),
    ],
]
# What a database in the process refuses; `test_tracking_redis_py` tests it over a pool.
TRACKING = [
    *[c.client_tracking_on(bcast=True, prefix=["a"]), c.client_tracking_on(1, optin=True, optout=True, noloop=True)],
    *[c.client_tracking_off(), c.client_tracking(False), c.client_tracking(clientid=1, bcast=True, prefix=["a"])],
    *[c.client_tracking(optin=True, optout=True, noloop=True), c.client_tracking_off(1, ["a"], True, True, True, True)],
]
BY_NAME = [
    *[
        c.execute_command("SET", "a", 1),
        c.execute_command("set", "a", 1),
        c.execute_command("GET", "a"),
        c.execute_command(b"GET", "a"),
    ],
    *[
        c.execute_command("CONFIG GET", "maxmemory"),
        c.execute_command("CONFIG", "GET", "maxmemory"),
        c.execute_command("PING"),
    ],
    *[c.execute_command("ZADD", "z", 1, "a"), c.execute_command("ZRANGE", "z", 0, -1, "WITHSCORES")],
    *[
        c.execute_command("ZRANGE", "z", 0, -1, "WITHSCORES", withscores=True),
        c.execute_command("ZPOPMIN", "z"),
        c.execute_command("EXISTS", "a"),
    ],
    *[
        c.execute_command("HSET", "h", "f", 1),
        c.execute_command("HGETALL", "h"),
        c.execute_command("SADD", "s", 1),
        c.execute_command("SMEMBERS", "s"),
    ],
    *[
        c.execute_command("SPOP", "s", 5),
        c.execute_command("HRANDFIELD", "h", 1, "WITHVALUES"),
        c.execute_command("BOGUS", 1),
    ],
    *[
        c.execute_command("OBJECT", "ENCODING", "a"),
        c.execute_command("GET", None),
        c.execute_command("XADD", "x", "1-1", "f", "v"),
    ],
    *[
        c.execute_command("XREAD", "STREAMS", "x", 0),
        c.execute_command("XRANGE", "x", "-", "+"),
        c.execute_command("SCAN", 0),
    ],
    *[
        c.execute_command("GEOADD", "g", 1, 2, "a"),
        c.execute_command("GEOSEARCH", "g", "FROMMEMBER", "a", "BYRADIUS", 1, "m", "WITHDIST"),
    ],
    *[c.execute_command("SORT", "s"), c.execute_command("ECHO", "x"), c.execute_command("RPUSH", "l", 1)],
    *[
        c.execute_command("BLPOP", "l", 1),
        c.execute_command("ZRANK", "z", "a"),
        c.execute_command("EVAL", "return {1,2}", 0),
    ],
]

COMMON = {
    "strings": STRINGS,
    "bits": BITS,
    "keys": KEYS,
    "sorting": SORTING,
    "scans": SCANS,
    "hashes": HASHES,
    "lists": LISTS,
    "sets": SETS,
    "sorted sets": SORTED_SETS,
    "streams": STREAMS,
    "groups": GROUPS,
    "places": GEO,
    "scripts": SCRIPTS,
    "clients": CLIENTS,
    "server": SERVER,
    "by name": BY_NAME,
}
OURS = {
    "ranks with scores": RANKS,
    "fields that expire": FIELDS,
    "streams' facts": STREAM_FACTS,
    "libraries": LIBRARIES,
    "slow calls": SLOW,
    "users": USERS,
    "newer": NEWER,
    "lacking": LACKING,
}

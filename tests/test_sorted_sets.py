"""The sorted set commands compared with the oracle: members by name, additions, pops, random members, scans, encodings.

Fractional scores are chosen so that the 17 digits that the oracle writes are also the shortest form, which Redis 7.4
writes.
"""

import math
from collections import Counter

import pytest
from test_aof_rewriting import rewrite

CONDITIONS = [(), ("NX",), ("XX",), ("GT",), ("LT",), ("XX", "GT"), ("XX", "LT"), ("ch",), ("XX", "CH", "LT")]
PACKED, TREE = 128, 0


@pytest.fixture(params=[PACKED, TREE], ids=["listpack", "skiplist"])
def sets(request, pair):
    """Yields the pair, its sorted sets packed or not; `z` has members, `text` is a string."""
    with pair.config(zset_max_listpack_entries=request.param):
        pair.setup("ZADD", "z", 1, "one", 2, "two", 3, "three", 2.5, "half", "-inf", "low", "+inf", "high", 2, "deux")
        pair.setup("SET", "text", "abc")
        yield pair
        pair.digest()


def fractional(pair, *arguments):
    """Checks a command whose reply is one number, which the two servers may write differently."""
    pair.check(*arguments, by=float)


# ZADD.


@pytest.mark.parametrize("options", CONDITIONS)
@pytest.mark.parametrize("score", ["0", "2", "2.0", "7", "-0", "inf"])
def test_zadd_with_conditions(sets, options, score):
    sets.check("ZADD", "z", *options, score, "two", score, "new")
    sets.check("ZRANGE", "z", 0, -1, "WITHSCORES")
    sets.check("ZADD", "absent", *options, score, "new")
    sets.check("EXISTS", "absent")


@pytest.mark.parametrize("options", [("INCR", *options) for options in CONDITIONS])
@pytest.mark.parametrize("score", ["0", "1.5", "-3", "inf"])
def test_zadd_incr_with_conditions(sets, options, score):
    sets.check("ZADD", "z", *options, score, "two")
    sets.check("ZADD", "z", *options, score, "new")
    sets.check("ZADD", "absent", *options, score, "new")
    sets.check("ZRANGE", "z", 0, -1, "WITHSCORES")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nx", "xx", "1", "a"),
        ("gt", "lt", "1", "a"),
        ("gt", "nx", "1", "a"),
        ("lt", "nx", "1", "a"),
        ("incr", "1", "a", "2", "b"),
        ("incr", "nx", "xx", "1", "a", "2", "b"),
        ("1",),
        ("1", "a", "2"),
        ("nx",),
        ("nx", "1"),
        ("foo", "a"),
        ("1", "a", "foo", "b"),
        ("", "a"),
        ("nan", "a"),
        ("nx", "nx", "3", "a"),
    ],
)
def test_zadd_errors(sets, arguments):
    for key in ("z", "text", "absent"):
        sets.check("ZADD", key, *arguments)
        sets.check("ZCARD", key)


def test_a_score_that_is_no_number_is_refused(sets):
    sets.check("ZADD", "z", "INCR", "-inf", "high")
    sets.check("ZINCRBY", "z", "+inf", "low")
    sets.check("ZSCORE", "z", "high")


SCORES = ["0", "-0", "1", "+1", " 1", "1 ", "01", "1.", ".5", "-.5", ".", "-", "+", "--1", "1e5", "1E5", "1e", "1e+2"]
SCORES += ["0x10", "0x1p-2", "inf", "+inf", "-inf", "INF", "Infinity", "nan", "1e400", "-1e400", "1e-400", "1_0", "1\0"]
SCORES += ["123456789012345", "1234567890123456789", "9223372036854775807", "4611686018427387904", "0.5", "12345.0625"]
SCORES += ["3" * 40, "0." + "0" * 140 + "1", "0" * 200 + "1", "-4611686018427387905", "1.5.5", "1,5", "000000000000.25"]


@pytest.mark.parametrize("score", SCORES)
def test_scores_are_read_as_redis_reads_them(sets, score):
    sets.check("ZADD", "s", score, "m")
    fractional(sets, "ZCARD", "s")
    for command in (("ZSCORE", "s", "m"), ("ZINCRBY", "t", score, "m"), ("ZINCRBY", "t", score, "m")):
        ours, oracle = (side.call(*command) for side in (sets.ours, sets.oracle))
        assert ours.kind == oracle.kind
        if ours.is_error or ours.value is None:
            assert ours.raw == oracle.raw
        else:
            assert float(ours.value) == float(oracle.value)


def test_scores_are_written_with_few_digits_where_few_will_do(client, protocol):
    for text in ("0.1", "3.14", "1e-7", "1.7976931348623157e+308", "-2.5", "0.30000000000000004", "1e+21"):
        client.must("ZADD", "z", text, "m")
        assert float(client.must("ZSCORE", "z", "m")) == float(text)
        if protocol == 2:
            assert client.must("ZSCORE", "z", "m") == text.encode()


def test_a_member_of_any_bytes_and_size_can_be_added(sets):
    for member in (b"", b"7", b"-7", b"007", b"\0\r\n", b"m" * 64, b"m" * 65, b"m" * 254, b"m" * 255, b"m" * 70000):
        sets.check("ZADD", "z", "5", member)
        sets.check("ZSCORE", "z", member)
        sets.check("ZRANK", "z", member)
        sets.check("OBJECT", "ENCODING", "z")
    sets.check("ZRANGE", "z", 0, -1, "WITHSCORES")


# Members by name.


def test_zscore_and_zmscore(sets):
    for key in ("z", "absent", "text"):
        sets.check("ZSCORE", key, "two")
        sets.check("ZSCORE", key, "nobody")
        sets.check("ZMSCORE", key, "one", "nobody", "low", "high", "one")
    sets.check("ZMSCORE", "z")
    sets.check("ZSCORE", "z")


def test_zrank_and_zrevrank(sets):
    for command in ("ZRANK", "ZREVRANK"):
        for member in ("low", "one", "deux", "two", "half", "three", "high", "nobody", ""):
            sets.check(command, "z", member)
        sets.check(command, "absent", "one")
        sets.check(command, "text", "one")
        sets.check(command, "z")


def test_zrank_with_score(client, protocol):
    client.must("ZADD", "z", 1, "one", 2.5, "half", 3, "three")
    assert client.must("ZRANK", "z", "half", "WITHSCORE") == [1, 2.5 if protocol == 3 else b"2.5"]
    assert client.must("ZREVRANK", "z", "one", "withscore") == [2, 1.0 if protocol == 3 else b"1"]
    missing = b"_\r\n" if protocol == 3 else b"*-1\r\n"
    assert client.call("ZRANK", "z", "nobody", "WITHSCORE").raw == missing
    assert client.call("ZRANK", "absent", "one", "WITHSCORE").raw == missing
    assert client.call("ZRANK", "z", "one", "foo").raw == b"-ERR syntax error\r\n"
    assert client.call("ZRANK", "z", "one", "x", "y").raw == b"-ERR wrong number of arguments for 'zrank' command\r\n"


def test_zrem(sets):
    sets.check("ZREM", "z", "nobody")
    sets.check("ZREM", "z", "one", "nobody", "one", "two")
    sets.check("ZREM", "absent", "one")
    sets.check("ZREM", "text", "one")
    sets.check("ZREM", "z")
    sets.check("ZREM", "z", "low", "high", "deux", "three", "half", "one", "more")
    sets.check("EXISTS", "z")


def test_zincrby(sets):
    for increment in ("0", "1", "-2.5", "inf", "foo", "nan"):
        sets.check("ZINCRBY", "z", increment, "three")
        sets.check("ZINCRBY", "z", increment, f"new{increment}")
        sets.check("ZINCRBY", "text", increment, "three")
    sets.check("ZINCRBY", "z", "1")
    sets.check("ZINCRBY", "z", "nx", "1")
    sets.check("ZRANGE", "z", 0, -1, "WITHSCORES")


def test_zcard(sets):
    for key in ("z", "absent", "text"):
        sets.check("ZCARD", key)


# Pops.


@pytest.mark.parametrize("command", ["ZPOPMIN", "ZPOPMAX"])
def test_zpopmin_and_zpopmax(sets, command):
    for key in ("z", "absent", "text"):
        for count in ((), (0,), (1,), (3,), (-1,), ("foo",), (1, 2)):
            sets.check(command, key, *count)
    sets.check("ZRANGE", "z", 0, -1, "WITHSCORES")
    sets.check(command, "z", 100)
    sets.check("EXISTS", "z")


@pytest.mark.parametrize("where", ["MIN", "max"])
def test_zmpop(sets, where):
    sets.setup("ZADD", "y", 1, "a", 2, "b")
    sets.check("ZMPOP", 1, "z", where)
    sets.check("ZMPOP", 3, "absent", "y", "z", where, "COUNT", 5)
    sets.check("ZMPOP", 3, "absent", "y", "z", where, "COUNT", 2)
    sets.check("ZMPOP", 2, "absent", "y", where)
    sets.check("ZMPOP", 2, "absent", "text", where)
    sets.check("ZRANGE", "z", 0, -1, "WITHSCORES")


@pytest.mark.parametrize(
    "arguments",
    [
        (0, "z", "MIN"),
        (-1, "z", "MIN"),
        ("a", "z", "MIN"),
        (1, "z", "FOO"),
        (1, "z"),
        (2, "z", "MIN"),
        (1, "z", "MIN", "COUNT"),
        (1, "z", "MIN", "COUNT", 0),
        (1, "z", "MIN", "COUNT", -1),
        (1, "z", "MIN", "COUNT", "a"),
        (1, "z", "MIN", "COUNT", 1, "COUNT", 1),
        (1, "z", "MIN", "FOO", 1),
        (1, "z", "MIN", "MAX"),
        (2**60, "z", "MIN"),
    ],
)
def test_zmpop_errors(sets, arguments):
    sets.check("ZMPOP", *arguments)


# Random members.


@pytest.mark.parametrize("count", [0, 1, 3, 7, 50, -1, -20])
@pytest.mark.parametrize("scored", [(), ("WITHSCORES",)])
def test_zrandmember_has_the_shape_of_the_oracle(sets, count, scored):
    sets.check("ZRANDMEMBER", "z", count, *scored, by=len)
    sets.check("ZRANDMEMBER", "absent", count, *scored)
    sets.check("ZRANDMEMBER", "text", count, *scored)
    if count >= 7:
        sets.check("ZRANDMEMBER", "z", count, *scored, unordered="pairs" if scored and sets.protocol == 2 else True)


def test_zrandmember_errors_and_absent_keys(sets):
    most = 2**63 - 1
    for arguments in (
        ("absent",),
        ("text",),
        ("z", "a"),
        ("z", 1, "foo"),
        ("z", 1, "withscores", "x"),
        ("z", -most - 1),
        ("z", most, "withscores"),
        ("z", -(2**62) - 1, "withscores"),
    ):
        sets.check("ZRANDMEMBER", *arguments)


@pytest.mark.parametrize("size", [30, 300])
def test_zrandmember_is_uniform(shared_ours, size):
    with shared_ours.client(2) as client:
        for i in range(size):
            client.must("ZADD", "u", i * i, f"m{i}")
        picks = Counter(client.must("ZRANDMEMBER", "u", -200 * size))
        assert len(picks) == size
        chi = sum((count - 200) ** 2 / 200 for count in picks.values())
        # Exceeded by chance in fewer than one of 1e10 runs; the server chooses its own random seed.
        assert chi < size + 11 * math.sqrt(2 * size)


# ZSCAN.


def scan(client, key, *options):
    found, cursor = [], b"0"
    while True:
        cursor, items = client.must("ZSCAN", key, cursor, *options)
        found += zip(items[::2], items[1::2], strict=True)
        if cursor == b"0":
            return found


def test_zscan_tells_every_member_as_the_oracle(sets):
    for i in range(300):
        sets.setup("ZADD", "big", i * 0.5, f"m{i}")
    for options in ((), ("COUNT", 1000), ("MATCH", "*e*"), ("MATCH", "m1*", "COUNT", 3)):
        for key in ("z", "big", "absent"):
            ours, oracle = (sorted(set(scan(side, key, *options))) for side in (sets.ours, sets.oracle))
            assert ours == oracle


def test_zscan_errors(sets):
    for arguments in (("text", 0), ("z", "a"), ("z", 0, "COUNT", 0), ("z", 0, "MATCH"), ("z",)):
        sets.check("ZSCAN", *arguments)


# Encodings.


@pytest.mark.parametrize("count", [127, 128, 129])
def test_the_encoding_changes_with_one_member_too_many(pair, count):
    with pair.config(zset_max_listpack_entries=128):
        for i in range(count):
            pair.setup("ZADD", "z", i, f"m{i}")
        pair.check("OBJECT", "ENCODING", "z")
        pair.check("ZADD", "z", 5, "m0")
        pair.check("OBJECT", "ENCODING", "z")
        pair.check("ZPOPMIN", "z", 20)
        pair.check("OBJECT", "ENCODING", "z")


@pytest.mark.parametrize(
    "command",
    [
        "ZRANGESTORE to from 0 -1",
        "ZRANGESTORE to from 0 -1 REV",
        "ZRANGESTORE to from -inf +inf BYSCORE",
        "ZRANGESTORE to from - + BYLEX",
        "ZUNIONSTORE to 2 from absent",
        "ZUNIONSTORE to 2 from from",
        "ZINTERSTORE to 2 from from",
        "ZDIFFSTORE to 2 from absent",
        "GEOSEARCHSTORE to from FROMLONLAT 0 0 BYRADIUS 20000 km",
        "GEOSEARCHSTORE to from FROMLONLAT 0 0 BYRADIUS 20000 km STOREDIST",
        "COPY from to",
    ],
)
@pytest.mark.parametrize(("count", "longest"), [(7, 5), (8, 5), (9, 5), (4, 15), (4, 16), (4, 17), (8, 16)])
def test_a_set_made_at_once_has_the_encoding_for_its_size(pair, command, count, longest):
    """Members whose number and length are exactly at the limits still make a listpack."""
    names = [f"m{number}" for number in range(count - 1)] + ["n" * longest]
    with pair.config(zset_max_listpack_entries=8, zset_max_listpack_value=16):
        pair.check("ZADD", "from", *(word for name in names for word in (0, name)))
        pair.check("OBJECT", "ENCODING", "from")
        pair.check(*command.split())
        pair.check("OBJECT", "ENCODING", "to")
        pair.check("GEOADD", "places", *(word for name in names for word in (1, 1, name)))
        pair.check("OBJECT", "ENCODING", "places")


def test_the_encoding_changes_with_a_long_member(pair):
    pair.check("ZADD", "z", 1, "m" * 64)
    pair.check("OBJECT", "ENCODING", "z")
    pair.check("ZADD", "z", 1, "m" * 65)
    pair.check("OBJECT", "ENCODING", "z")
    pair.check("ZADD", "y", 1, "m" * 65)
    pair.check("OBJECT", "ENCODING", "y")


def test_old_names_of_the_limits_are_accepted(client):
    client.must("CONFIG", "SET", "zset-max-ziplist-entries", "7")
    assert b"7" in str(client.must("CONFIG", "GET", "zset-max-listpack-entries")).encode()
    client.must("CONFIG", "SET", "zset-max-listpack-entries", "128")


# Generic commands, memory, and the file.


def test_generic_commands_know_sorted_sets(sets):
    for command in (("TYPE", "z"), ("COPY", "z", "y"), ("RENAME", "y", "x"), ("EXPIRE", "x", 1000), ("PERSIST", "x")):
        sets.check(*command)
    sets.check("ZRANGE", "x", 0, -1, "WITHSCORES")
    sets.check("DEBUG", "DIGEST-VALUE", "z", "x", "absent")
    sets.check("UNLINK", "x")
    for wrong in (("GET", "z"), ("HGET", "z", "f"), ("APPEND", "z", "a"), ("INCR", "z")):
        sets.check(*wrong)


def test_memory_usage_and_debug_object_answer(client):
    for i in range(1000):
        client.must("ZADD", "z", i, f"member:{i}")
    assert 40_000 < client.must("MEMORY", "USAGE", "z", "SAMPLES", 0) < 70_000
    assert "encoding:skiplist" in client.must("DEBUG", "OBJECT", "z")


def test_a_rewritten_file_holds_sorted_sets(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client(2) as client:
        client.must("ZADD", "small", 0.1, "a", -0.0, "b", "inf", "c", "-inf", "d", 1e300, "e")
        for i in range(400):
            client.must("ZADD", "big", i / 7, f"m{i}")
        client.must("EXPIRE", "big", 100000)
        digest = client.must("DEBUG", "DIGEST")
        rewrite(client)
        client.must("DEBUG", "LOADAOF")
        assert client.must("DEBUG", "DIGEST") == digest
    server.restart(crash=True)
    with server.client(2) as client:
        assert client.must("DEBUG", "DIGEST") == digest

"""Ranges of sorted sets by rank, score and text, compared with the oracle: returned, counted, stored, removed."""

import itertools

import pytest

INDEXES = ["0", "1", "3", "-1", "-3", "6", "7", "100", "-100", "9223372036854775807", "-9223372036854775808"]
BOUNDS = ["-inf", "+inf", "inf", "0", "(1", "1", "2", "(2", "2.5", "3", "(3", "100", " 1", "", "(", "0x2", "(-inf"]
TEXTS = ["-", "+", "[a", "(a", "[c", "(c", "[bb", "(bb", "[", "(", "[zz", "[cc\0"]
OFFSETS = [-100, -7, -2, -1, 0, 1, 3, 6, 7, 8, 100, "9223372036854775807", "-9223372036854775808"]
COUNTS = [-100, -2, -1, 0, 1, 3, 100, "9223372036854775807"]
LIMITS = [(), ("LIMIT", 0, 2), ("LIMIT", 1, 3), ("LIMIT", 2, -1), ("LIMIT", 50, 5), ("limit", 0, 0)]


@pytest.fixture(params=[128, 0], ids=["listpack", "skiplist"])
def sets(request, pair):
    """Yields the pair; `z` has members of various scores, `lex` of equal ones, `text` is a string."""
    with pair.config(zset_max_listpack_entries=request.param):
        pair.setup("ZADD", "z", 1, "one", 2, "two", 3, "three", 2.5, "half", "-inf", "low", "+inf", "high", 2, "deux")
        pair.setup(
            "ZADD", "lex", *itertools.chain(*[(0, text) for text in ("a", "aa", "b", "bb", "c", "cc", "10", "")])
        )
        pair.setup("SET", "text", "abc")
        yield pair
        pair.digest()


@pytest.mark.parametrize("command", ["ZRANGE", "ZREVRANGE"])
def test_ranges_of_ranks(sets, command):
    for start, stop in itertools.product(INDEXES, INDEXES):
        sets.check(command, "z", start, stop)
    for options in (("WITHSCORES",), ("withscores", "WITHSCORES")):
        sets.check(command, "z", 1, -2, *options)
    for key in ("absent", "text"):
        sets.check(command, key, 0, -1)
        sets.check(command, key, "a", -1)


@pytest.mark.parametrize("limit", LIMITS)
def test_ranges_of_scores(sets, limit):
    for low, high in itertools.product(BOUNDS, BOUNDS):
        sets.check("ZRANGEBYSCORE", "z", low, high, *limit)
        sets.check("ZREVRANGEBYSCORE", "z", high, low, "WITHSCORES", *limit)
    sets.check("ZRANGE", "z", "(1", "+inf", "BYSCORE", *limit, "WITHSCORES")
    sets.check("ZRANGE", "z", "+inf", "(1", "BYSCORE", *limit, "REV")


@pytest.mark.parametrize("limit", LIMITS)
def test_ranges_of_texts(sets, limit):
    for low, high in itertools.product(TEXTS, TEXTS):
        sets.check("ZRANGEBYLEX", "lex", low, high, *limit)
        sets.check("ZREVRANGEBYLEX", "lex", high, low, *limit)
    sets.check("ZRANGE", "lex", "(a", "+", "BYLEX", *limit)
    sets.check("ZRANGE", "lex", "+", "[aa", "BYLEX", *limit, "REV")


RANGES = [
    ("z", ("0", "-1"), ()),
    ("z", ("1", "3"), ()),
    ("z", ("x", "3"), ()),
    ("z", ("-inf", "+inf"), ("BYSCORE",)),
    ("z", ("(1", "3"), ("BYSCORE",)),
    ("z", ("3", "(1"), ("BYSCORE",)),
    ("z", ("x", "3"), ("BYSCORE",)),
    ("lex", ("-", "+"), ("BYLEX",)),
    ("lex", ("[aa", "(c"), ("BYLEX",)),
    ("lex", ("x", "(c"), ("BYLEX",)),
    ("absent", ("-", "+"), ("BYLEX",)),
    ("text", ("0", "1"), ("BYSCORE",)),
]
OLDER = {"BYSCORE": "ZRANGEBYSCORE", "BYLEX": "ZRANGEBYLEX"}


def ranged(key, bounds, kind, reverse, limit, scored):
    """Yields one range in the syntax of each command that has such ranges."""
    options = [*kind, *["REV"] * reverse]
    low, high = bounds[::-1] if reverse and kind else bounds
    yield "ZRANGE", key, low, high, *options, *limit, *scored
    yield "ZRANGE", key, low, high, *scored, *limit, *options
    yield "ZRANGESTORE", "target", key, low, high, *options, *limit, *scored
    yield "ZRANGE", "target", 0, -1, "WITHSCORES"
    if kind:
        older = OLDER[kind[0]]
        yield older.replace("ZRANGE", "ZREVRANGE") if reverse else older, key, low, high, *limit, *scored
    elif reverse:
        yield "ZREVRANGE", key, low, high, *limit, *scored


@pytest.mark.parametrize("form", ["listpack", "skiplist"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_every_limit_of_every_kind_of_range(pair2, form, reverse):
    """Except a negative offset in a skiplist, where 7.4 differs from the oracle; another test below covers that."""
    entries = 128 if form == "listpack" else 0
    with pair2.config(zset_max_listpack_entries=entries):
        pair2.setup("ZADD", "z", 1, "one", 2, "two", 3, "three", 2.5, "half", "-inf", "low", "+inf", "high", 2, "deux")
        pair2.setup("ZADD", "lex", *itertools.chain(*[(0, text) for text in ("a", "aa", "b", "bb", "c", "cc", "")]))
        pair2.setup("SET", "text", "abc")
        for (key, bounds, kind), offset, count in itertools.product(RANGES, OFFSETS, COUNTS):
            if form == "skiplist" and kind and int(offset) < 0:
                continue
            for scored in ((), ("WITHSCORES",)):
                for command in ranged(key, bounds, kind, reverse, ("LIMIT", offset, count), scored):
                    pair2.check(*command)


def from_the_end(members, offset, count):
    """Returns what LIMIT leaves of a range; a negative offset counts from its end."""
    first = offset if offset >= 0 else len(members) + offset
    if first < 0:
        return []
    return members[first:] if count < 0 else members[first : first + count]


@pytest.mark.parametrize("offset", [-1000, -301, -300, -200, -120, -21, -20, -19, -2, -1, 0, 5])
def test_a_negative_offset_counts_from_the_end_in_a_skiplist_and_skips_all_in_a_listpack(client, offset):
    """As in 7.4; an older Redis returns nothing for either."""
    client.must("CONFIG", "SET", "zset-max-listpack-entries", 128)
    for key, size in (("small", 100), ("large", 300)):
        names = [b"m%03d" % number for number in range(size)]
        client.must("ZADD", key, *itertools.chain(*[(0, name) for name in names]))
        for (first, last), count in itertools.product([(0, size), (40, 60), (0, 1), (20, 20)], [-1, 0, 1, 7, 1000]):
            low = f"[m{first:03}"
            high = f"(m{last:03}" if last < size else "+"
            wanted = from_the_end(names[first:last], offset, count) if key == "large" or offset >= 0 else []
            limit = ("LIMIT", offset, count)
            assert client.must("ZRANGEBYLEX", key, low, high, *limit) == wanted
            assert client.must("ZRANGESTORE", "target", key, low, high, "BYLEX", *limit) == len(wanted)
            wanted = from_the_end(names[first:last][::-1], offset, count) if key == "large" or offset >= 0 else []
            assert client.must("ZRANGE", key, high, low, "BYLEX", "REV", *limit) == wanted


def test_ranges_are_counted(sets):
    for low, high in itertools.product(BOUNDS, BOUNDS):
        sets.check("ZCOUNT", "z", low, high)
    for low, high in itertools.product(TEXTS, TEXTS):
        sets.check("ZLEXCOUNT", "lex", low, high)
    for key in ("absent", "text"):
        sets.check("ZCOUNT", key, 0, 1)
        sets.check("ZLEXCOUNT", key, "-", "+")


@pytest.mark.parametrize(
    "arguments",
    [
        ("z", 0, -1, "LIMIT", 0, 1),
        ("z", 0, -1, "LIMIT", 0, -1),
        ("z", 0, -1, "BYLEX", "WITHSCORES"),
        ("z", "a", "b"),
        ("text", "a", "b"),
        ("z", 0, -1, "REV", "REV"),
        ("z", 0, -1, "LIMIT"),
        ("z", 0, -1, "LIMIT", 1),
        ("z", 0, -1, "LIMIT", "a", "b"),
        ("z", 0, 5, "BYSCORE", "LIMIT", 0, 2, "LIMIT", 1, 1),
        ("z", 1, 2, "BYSCORE", "BYLEX"),
        ("z", 1, 2, "BYSCORE", "BYSCORE"),
        ("z", 0, -1, "foo"),
        ("z", 0, "99999999999999999999"),
        ("z", "a", 5, "BYSCORE"),
        ("z", "nan", 5, "BYSCORE"),
        ("z", "a", "b", "BYLEX"),
        ("z", 0),
    ],
)
def test_errors_of_zrange(sets, arguments):
    sets.check("ZRANGE", *arguments)
    sets.check("ZRANGESTORE", "target", *arguments)
    sets.check("ZRANGE", "target", 0, -1)


@pytest.mark.parametrize(
    "command",
    ["ZRANGEBYSCORE", "ZREVRANGEBYSCORE", "ZRANGEBYLEX", "ZREVRANGEBYLEX", "ZREVRANGE", "ZCOUNT", "ZLEXCOUNT"],
)
def test_errors_of_the_older_commands(sets, command):
    for bounds in (
        ("a", "b"),
        (1, 2),
        ("-", "+"),
        ("[a", "(b"),
        ("((1", 2),
        ("1 ", 2),
        ("-a", "+"),
        ("++", "+"),
        ("1",),
    ):
        sets.check(command, "z", *bounds)
    for options in (("WITHSCORES",), ("REV",), ("BYSCORE",), ("LIMIT", 0, 1), ("LIMIT", 0), ("foo",)):
        sets.check(command, "z", 0, 1, *options)
        sets.check(command, "lex", "-", "+", *options)
    for key in ("absent", "text"):
        sets.check(command, key, 0, 1)
        sets.check(command, key, "-", "+")


@pytest.mark.parametrize(
    "arguments",
    [
        (0, -1),
        (1, 3, "REV"),
        (5, 3),
        ("(1", "+inf", "BYSCORE"),
        ("+inf", "(1", "BYSCORE", "REV", "LIMIT", 1, 2),
        ("-", "+", "BYLEX"),
        (0, -1, "WITHSCORES"),
        (0, "a"),
    ],
)
@pytest.mark.parametrize("target", ["target", "text", "z", "lex"])
def test_zrangestore(sets, arguments, target):
    sets.setup("EXPIRE", target, 1000) if target != "target" else None
    sets.check("ZRANGESTORE", target, "z", *arguments)
    sets.check("TYPE", target)
    sets.check("TTL", target)
    sets.check("OBJECT", "ENCODING", target)
    sets.check("ZRANGESTORE", "other", "absent", *arguments)
    sets.check("ZRANGESTORE", "lex", "absent", *arguments)
    sets.check("ZRANGESTORE", "other", "text", *arguments)
    sets.check("EXISTS", "other", "lex", "text")


def test_ranges_of_ranks_are_removed(sets):
    sets.check("ZREMRANGEBYRANK", "z", 2, 1)
    sets.check("ZREMRANGEBYRANK", "z", 50, 100)
    sets.check("ZREMRANGEBYRANK", "z", 1, 2)
    sets.check("ZREMRANGEBYRANK", "z", -2, -2)
    sets.check("ZRANGE", "z", 0, -1, "WITHSCORES")
    sets.check("ZREMRANGEBYRANK", "z", -100, 100)
    sets.check("EXISTS", "z")


def test_ranges_of_scores_are_removed(sets):
    sets.check("ZREMRANGEBYSCORE", "z", "(2", 3)
    sets.check("ZREMRANGEBYSCORE", "z", 5, 3)
    sets.check("ZREMRANGEBYSCORE", "z", "-inf", "(1")
    sets.check("ZRANGE", "z", 0, -1, "WITHSCORES")
    sets.check("ZREMRANGEBYSCORE", "z", "-inf", "+inf")
    sets.check("EXISTS", "z")


def test_ranges_of_texts_are_removed(sets):
    sets.check("ZREMRANGEBYLEX", "lex", "(a", "[b")
    sets.check("ZREMRANGEBYLEX", "lex", "[b", "(a")
    sets.check("ZRANGE", "lex", 0, -1)
    sets.check("ZREMRANGEBYLEX", "lex", "-", "+")
    sets.check("EXISTS", "lex")


@pytest.mark.parametrize("command", ["ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "ZREMRANGEBYLEX"])
def test_errors_of_removing(sets, command):
    for bounds in (("a", 1), (1, "a"), (1,), ("1 ", 2), ("-", "+"), (0, 1), (0, 1, 2)):
        for key in ("absent", "text", "lex"):
            sets.check(command, key, *bounds)


def test_a_large_set_has_the_ranges_of_the_oracle(pair2):
    numbers = [(i * 7919) % 5003 for i in range(5003)]
    for begin in range(0, 5003, 500):
        pair2.setup("ZADD", "z", *itertools.chain(*[(n // 5, f"m{n}") for n in numbers[begin : begin + 500]]))
    for low, high in (("100", "(150"), ("-inf", "(1"), ("999", "+inf"), ("(500", "501")):
        pair2.check("ZRANGEBYSCORE", "z", low, high, "WITHSCORES")
        pair2.check("ZREVRANGEBYSCORE", "z", high, low, "LIMIT", 3, 11)
        pair2.check("ZCOUNT", "z", low, high)
    for start, stop in ((0, 9), (2500, 2600), (-10, -1), (4990, 6000)):
        pair2.check("ZRANGE", "z", start, stop, "WITHSCORES")
        pair2.check("ZREVRANGE", "z", start, stop)
    for n in range(0, 5003, 97):
        pair2.check("ZRANK", "z", f"m{n}")
        pair2.check("ZREVRANK", "z", f"m{n}")
    pair2.check("ZREMRANGEBYRANK", "z", 100, 4000)
    pair2.check("ZREMRANGEBYSCORE", "z", "(900", "950")
    pair2.check("ZRANGE", "z", 0, -1, "WITHSCORES")
    pair2.digest()

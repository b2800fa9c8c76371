"""Unions, intersections and differences of sorted sets and sets, compared with the oracle."""

import itertools

import pytest

OPERATIONS = ["ZUNION", "ZINTER", "ZDIFF"]
STORING = ["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"]
KEYS = [("a",), ("a", "b"), ("b", "a"), ("a", "b", "c"), ("a", "a"), ("a", "absent"), ("absent", "a"), ("absent",)]
KEYS += [("numbers",), ("words", "a"), ("b", "numbers", "words"), ("numbers", "words"), ("many", "big", "numbers")]
KEYS += [("c", "b", "a", "b"), ("big", "a"), ("a", "big", "b"), ("inf", "minus"), ("minus", "inf", "a")]
OPTIONS = [(), ("WEIGHTS", "2"), ("AGGREGATE", "MIN"), ("aggregate", "max"), ("AGGREGATE", "SUM", "AGGREGATE", "MAX")]


@pytest.fixture(params=[128, 0], ids=["listpack", "skiplist"])
def sets(request, pair):
    """Yields the pair with some sorted sets and some sets, in each encoding; `text` is a string."""
    with pair.config(zset_max_listpack_entries=request.param):
        pair.setup("ZADD", "a", 1, "one", 2, "two", 3, "three", 4, "7")
        pair.setup("ZADD", "b", 10, "one", 0, "two", -5, "five", 2.5, "7")
        pair.setup("ZADD", "c", 1, "one", 1, "six")
        pair.setup("ZADD", "big", *itertools.chain(*[(n, n) for n in range(200)]))
        pair.setup("ZADD", "inf", "inf", "one", 1, "two", "-inf", "three")
        pair.setup("ZADD", "minus", "-inf", "one", 0, "two", "inf", "three", 0, "seven")
        pair.setup("SADD", "numbers", 7, 8, 150, 151)
        pair.setup("SADD", "words", "one", "two", "many", "7")
        pair.setup("SADD", "many", *range(100, 800, 3), "one")
        pair.setup("SET", "text", "abc")
        yield pair
        pair.digest()


def weighed(options, keys):
    """Returns the options, with as many weights as keys."""
    return ("WEIGHTS", *range(2, 2 + len(keys))) if options[:1] == ("WEIGHTS",) else options


@pytest.mark.parametrize("keys", KEYS, ids=" ".join)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_are_told(sets, operation, keys):
    for options in OPTIONS if operation != "ZDIFF" else [()]:
        options = weighed(options, keys)
        sets.check(operation, len(keys), *keys, *options)
        sets.check(operation, len(keys), *keys, *options, "WITHSCORES")


@pytest.mark.parametrize("keys", KEYS, ids=" ".join)
@pytest.mark.parametrize("operation", STORING)
def test_operations_are_stored(sets, operation, keys):
    for target in ("target", "text", "a"):
        sets.check(operation, target, len(keys), *keys)
        sets.check("TYPE", target)
        sets.check("OBJECT", "ENCODING", target)
        sets.check("ZRANGE", target, 0, -1, "WITHSCORES") if target != "text" else None
    sets.digest()


@pytest.mark.parametrize("weights", [("2", "0.5"), ("0", "-1"), ("inf", "1"), ("-inf", "0"), ("1e308", "1e308")])
@pytest.mark.parametrize("aggregate", ["SUM", "MIN", "MAX"])
def test_weights_and_aggregates(sets, weights, aggregate):
    for keys in (("a", "b"), ("inf", "minus"), ("minus", "a")):
        for operation in ("ZUNION", "ZINTER"):
            sets.check(operation, 2, *keys, "WEIGHTS", *weights, "AGGREGATE", aggregate, "WITHSCORES")
            sets.check(f"{operation}STORE", "t", 2, *keys, "AGGREGATE", aggregate, "WEIGHTS", *weights)
            sets.check("ZRANGE", "t", 0, -1, "WITHSCORES")


def test_an_expiry_of_the_target_is_dropped(sets):
    sets.setup("SET", "target", "x", "EX", 1000)
    sets.check("ZUNIONSTORE", "target", 1, "a")
    sets.check("TTL", "target")
    sets.check("ZINTERSTORE", "target", 2, "a", "absent")
    sets.check("EXISTS", "target")


def test_zintercard(sets):
    for keys in KEYS:
        sets.check("ZINTERCARD", len(keys), *keys)
        for limit in (0, 1, 2, 100):
            sets.check("ZINTERCARD", len(keys), *keys, "LIMIT", limit)


@pytest.mark.parametrize("operation", [*OPERATIONS, *STORING, "ZINTERCARD"])
@pytest.mark.parametrize(
    "arguments",
    [
        (0, "a"),
        (-1, "a"),
        ("x", "a"),
        (2, "a"),
        (2**63, "a"),
        (2**62, "a"),
        (1, "text"),
        (2, "a", "text"),
        (1, "text", "foo"),
        (1, "a", "foo"),
        (1, "a", "WITHSCORES"),
        (1, "a", "WITHSCORES", "WITHSCORES"),
        (1, "a", "WITHSCORES", "foo"),
        (1, "a", "WEIGHTS"),
        (1, "a", "WEIGHTS", "x"),
        (1, "a", "WEIGHTS", "nan"),
        (1, "a", "WEIGHTS", 1, 2),
        (2, "a", "b", "WEIGHTS", 1),
        (1, "a", "AGGREGATE"),
        (1, "a", "AGGREGATE", "foo"),
        (1, "a", "LIMIT"),
        (1, "a", "LIMIT", -1),
        (1, "a", "LIMIT", "x"),
        (1, "text", "LIMIT", -1),
        (1, "a", "LIMIT", 1, "LIMIT", 2),
        (1,),
    ],
)
def test_errors(sets, operation, arguments):
    target = ("target",) if operation in STORING else ()
    sets.check(operation, *target, *arguments)


def test_results_that_are_small_are_packed(sets):
    with sets.config(zset_max_listpack_entries=5):
        sets.setup("ZUNIONSTORE", "five", 2, "a", "b")
        sets.check("OBJECT", "ENCODING", "five")
        sets.setup("ZUNIONSTORE", "six", 3, "a", "b", "c")
        sets.check("OBJECT", "ENCODING", "six")
    with sets.config(zset_max_listpack_value=4):
        sets.setup("ZUNIONSTORE", "five", 2, "a", "b")
        sets.check("OBJECT", "ENCODING", "five")


def test_large_sets(pair2):
    for key, step in (("even", 2), ("three", 3), ("five", 5)):
        for begin in range(0, 6000, 1000):
            numbers = range(begin, begin + 1000, step)
            pair2.setup("ZADD", key, *itertools.chain(*[(number * step, f"member:{number}") for number in numbers]))
    for operation in ("ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"):
        for keys in (("even", "three"), ("five", "three", "even"), ("even", "three", "five", "absent")):
            pair2.check(operation, "target", len(keys), *keys)
            pair2.check("ZRANGE", "target", 0, 300, "WITHSCORES")
            pair2.check("ZCARD", "target")
    pair2.digest()

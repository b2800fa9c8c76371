"""SORT and SORT_RO compared with the oracle."""

import random

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

MAKERS = {
    "list": lambda key, values: ["RPUSH", key, *values],
    "set": lambda key, values: ["SADD", key, *values],
    "zset": lambda key, values: ["ZADD", key, *(part for i, value in enumerate(values) for part in (-i, value))],
}
NUMBERS = ["3", "10", "-2", "1e2", "0x10", "2.50", "2.5", "-0", "0", "inf", "-inf", "007", "99999999999999999999"]
TEXTS = ["b", "", "a", "B", "aa", "a\0b", "a\0a", "\xff", "10", "9", "b "]
kinds = pytest.mark.parametrize("kind", MAKERS)


def fill(pair, kind, values, key="k"):
    pair.setup(*MAKERS[kind](key, values))


def weigh(pair):
    """Stores weights, texts and hashes for the members 1 to 9, with ties and some missing."""
    for i in range(1, 10):
        if i != 5:
            pair.setup("SET", f"w{i}", (i * 7) % 4)
        pair.setup("SET", f"t_{i}_x", f"text{i % 3}" if i != 4 else "")
        pair.setup("HSET", f"h{i}", "f", i * -3, "name", f"name {i}")
    pair.setup("HSET", "w6x->", "f", 1)
    pair.setup("SET", "x1->", "arrow")
    pair.setup("LPUSH", "l3", "not a string")


@kinds
@pytest.mark.parametrize("options", ["", "DESC", "ASC DESC", "desc asc", "LIMIT 2 5", "DESC LIMIT 3 100", "LIMIT -5 2"])
def test_numbers_are_sorted_as_numbers(pair, kind, options):
    fill(pair, kind, NUMBERS)
    pair.check("SORT", "k", *options.split())
    pair.check("SORT_RO", "k", *options.split())


@kinds
@pytest.mark.parametrize("options", ["ALPHA", "ALPHA DESC", "alpha LIMIT 1 3", "ALPHA DESC LIMIT 4 2 STORE to"])
def test_texts_are_sorted_as_texts(pair2, kind, options):
    values = TEXTS if "STORE" in options or kind == "list" else [text for text in TEXTS if "\0" not in text]
    fill(pair2, kind, values)
    pair2.check("SORT", "k", *options.split())
    pair2.check("LRANGE", "to", 0, -1)


@pytest.mark.parametrize(
    "value", ["", " 1", "1 ", "x", "1x", "nan", "1e400", "1e-400", "\t-1", "1\0x", "\0", "0x", "+5", ".5", "5.", "- 1"]
)
def test_what_is_no_number_is_refused(pair2, value):
    pair2.setup("RPUSH", "k", "1", value, "2")
    pair2.check("SORT", "k")
    pair2.check("SORT", "k", "STORE", "to")
    pair2.check("SORT", "k", "ALPHA")
    pair2.check("SORT", "k", "BY", "nosort")
    pair2.check("EXISTS", "to")


WRONG = [
    "SORT",
    "SORT_RO",
    "SORT k BAD",
    "SORT k BY",
    "SORT k GET",
    "SORT k STORE",
    "SORT k LIMIT 1",
    "SORT k LIMIT x 1",
    "SORT k LIMIT 1 x",
    "SORT k LIMIT 1 99999999999999999999",
    "SORT k LIMIT x 1 BAD",
    "SORT_RO k STORE to",
    "SORT string",
    "SORT string BAD",
    "SORT hash ALPHA",
    "SORT absent",
    "SORT absent BY w* GET # GET h*->f",
    "SORT absent STORE to",
    "SORT absent STORE string",
    "SORT k STORE string",
    "SORT k STORE k",
    "SORT k LIMIT 0 0",
    "SORT k LIMIT 0 0 STORE hash",
    "SORT k LIMIT 100 -1",
    "SORT k LIMIT 9223372036854775807 9223372036854775807",
    "SORT k LIMIT -9223372036854775808 -9223372036854775808",
]


@pytest.mark.parametrize("command", WRONG)
def test_edges_are_answered_alike(pair, command):
    pair.setup("SET", "string", "1")
    pair.setup("HSET", "hash", "f", "v")
    pair.setup("RPUSH", "k", 3, 1, 2)
    pair.setup("EXPIRE", "string", 1000)
    pair.check(*command.split(" "))
    pair.check("TTL", "string")
    pair.digest()


PATTERNS = [
    ["BY", "w*"],
    ["BY", "w*", "DESC"],
    ["BY", "w*", "LIMIT", 0, 9],
    ["BY", "h*->f"],
    ["BY", "h*->f", "DESC", "GET", "h*->name", "GET", "#", "GET", "absent*"],
    ["BY", "h*->absent"],
    ["BY", "t_*_x", "ALPHA"],
    ["BY", "t_*_x", "ALPHA", "DESC", "GET", "t_*_x"],
    ["BY", "t_*_x"],
    ["BY", "absent*", "ALPHA", "DESC"],
    ["BY", "w*->", "ALPHA"],
    ["BY", "w*", "ALPHA", "STORE", "to"],
    ["BY", "l*", "ALPHA"],
    ["GET", "#"],
    ["GET", "constant"],
    ["GET", "w*", "GET", "w*x->", "GET", "w*x->f", "GET", "x*->", "GET", "*", "GET", "l*"],
    ["GET", "w*->f", "GET", "h*", "GET", "*->", "GET", "->*", "GET", "h*->name", "STORE", "to"],
    ["GET", "absent*", "STORE", "to", "DESC"],
    ["BY", "nosort", "GET", "#", "GET", "w*"],
    ["BY", "nosort", "BY", "w*", "DESC", "LIMIT", 2, 3],
    ["BY", "#", "DESC"],
    ["STORE", "to", "STORE", "elsewhere", "DESC"],
]


@pytest.mark.parametrize("options", PATTERNS, ids=lambda options: "-".join(map(str, options)))
@pytest.mark.parametrize("kind", ["list", "zset", "set"])
def test_keys_are_looked_up_by_patterns(pair, kind, options):
    """The servers keep sets in different orders, so members of equal weight are compared without their order."""
    weigh(pair)
    fill(pair, kind, ["3", "1", "9", "5", "4", "2", "8", "6", "7"])
    ties = "ALPHA" in options and kind != "list" and "STORE" not in options
    pair.check("SORT", "k", *options, unordered=ties)
    for key in ("to", "elsewhere"):
        pair.check("LRANGE", key, 0, -1, unordered=kind != "list" and "ALPHA" in options)


@pytest.mark.parametrize(
    "options", ["", "DESC", "LIMIT 2 3", "LIMIT 2 3 DESC", "LIMIT 0 0", "LIMIT 7 100 DESC", "STORE to"]
)
@pytest.mark.parametrize("kind", ["list", "zset"])
def test_without_sorting_the_own_order_is_kept(pair, kind, options):
    fill(pair, kind, ["c", "a", "e", "b", "d", "h", "g", "f"])
    pair.check("SORT", "k", "BY", "nosort", *options.split())
    pair.check("LRANGE", "to", 0, -1)


def test_the_key_of_an_empty_element_is_looked_up(pair):
    pair.setup("RPUSH", "k", "", "a")
    pair.setup("SET", "", "empty")
    pair.check("SORT", "k", "BY", "nosort", "GET", "*", "GET", "#")


def test_a_set_is_sorted_all_the_same_when_it_is_stored(pair):
    fill(pair, "set", ["c", "10", "9", "b"])
    pair.check("SORT", "k", "BY", "nosort", "STORE", "to", "GET", "#")
    pair.check("LRANGE", "to", 0, -1)
    pair.check("SORT", "k", "BY", "nosort", unordered=True)


@pytest.mark.parametrize("limit", [(0, 3), (5, 10), (0, 200), (700, 50), (990, 10), (999, 5), (0, 999)])
@pytest.mark.parametrize("options", [[], ["DESC"], ["ALPHA"], ["ALPHA", "DESC"]], ids="-".join)
def test_a_part_of_many_is_what_the_whole_has_there(pair2, limit, options):
    values = [random.Random(7).randint(-(10**6), 10**6) for _ in range(10)]
    values += [random.Random(index).randint(-500, 500) for index in range(990)]
    fill(pair2, "list", values)
    pair2.check("SORT", "k", *options, "LIMIT", *limit)


def test_expired_keys_weigh_nothing(pair):
    weigh(pair)
    fill(pair, "list", [1, 2, 3])
    pair.setup("PEXPIREAT", "w1", 1)
    pair.check("SORT", "k", "BY", "w*", "GET", "w*")
    pair.setup("PEXPIREAT", "k", 1)
    pair.check("SORT", "k", "STORE", "h2")
    pair.check("EXISTS", "h2")


@pytest.mark.parametrize(
    "words",
    [
        "SORT k",
        "SORT k STORE to",
        "SORT k BY STORE GET STORE STORE to",
        "SORT k LIMIT STORE 1 store a STORE b",
        "SORT k STORE",
        "SORT k GET",
        "SORT_RO k STORE to",
        "SORT_RO k BY x* GET y*",
    ],
)
def test_its_keys_are_found_as_the_oracle_finds_them(pair2, words):
    pair2.check("COMMAND", "GETKEYS", *words.split())
    pair2.check("COMMAND", "GETKEYSANDFLAGS", *words.split())


def test_what_is_stored_comes_back_from_the_file(start_ours):
    server = start_ours("--appendonly", "yes", "--enable-debug-command", "yes")
    with server.client() as client:
        client.must("RPUSH", "k", *range(300, 0, -1))
        client.must("SADD", "s", "b", "a", "c")
        client.must("SORT", "k", "STORE", "to")
        client.must("SORT", "s", "BY", "nosort", "STORE", "texts")
        client.must("SORT", "s", "LIMIT", 0, 0, "ALPHA", "STORE", "k")
        assert client.must("EXISTS", "k") == 0
        digest = client.must("DEBUG", "DIGEST")
        client.must("DEBUG", "LOADAOF")
        assert client.must("DEBUG", "DIGEST") == digest
        assert client.must("LRANGE", "texts", 0, -1) == [b"a", b"b", b"c"]


OPTIONS = st.lists(
    st.sampled_from(
        [
            "ASC",
            "DESC",
            "ALPHA",
            "LIMIT 1 3",
            "LIMIT 0 2",
            "LIMIT 2 -1",
            "BY w*",
            "BY h*->f",
            "BY none",
            "GET #",
            "GET w*",
        ]
    ),
    max_size=4,
).map(lambda words: " ".join(words).split())


@settings(max_examples=150)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), OPTIONS)
def test_lists_of_any_sort_are_sorted_alike(pair2, values, options):
    pair2.setup("FLUSHALL")
    weigh(pair2)
    fill(pair2, "list", values)
    # For equal weights the oracle's order is arbitrary when it sorts only a part.
    partly = "LIMIT" in options and "ALPHA" in options
    pair2.check("SORT", "k", *options, **({"by": len} if partly else {}))


def test_redis_py_reads_every_reply(shared_ours, protocol):
    with redis.Redis(port=shared_ours.port, protocol=protocol, decode_responses=True) as client:
        client.rpush("k", 3, 1, 2)
        client.mset({"w1": "c", "w2": "b", "w3": "a"})
        assert client.sort("k") == ["1", "2", "3"]
        assert client.sort("k", desc=True, start=1, num=1) == ["2"]
        assert client.sort("k", by="w*", alpha=True, get=["#", "w*"], groups=True) == [
            ("3", "a"),
            ("2", "b"),
            ("1", "c"),
        ]
        assert client.sort("k", store="to") == 3
        assert client.sort_ro("to", get="w*") == ["c", "b", "a"]

"""The list commands compared with the oracle, in both protocols, with lists in one listpack and in many nodes."""

import random
import re

import pytest
import redis

from support.resp import ErrorText

BIG = "b" * 9000
LIMITS = {
    "listpack": {},
    "nodes": {"list_max_listpack_size": 3},
    "compressed": {"list_max_listpack_size": 4, "list_compress_depth": 1},
}


@pytest.fixture(params=LIMITS, ids=LIMITS.keys())
def lists(pair, request):
    """Yields the pair, with lists in one block, in nodes of few elements, and in such nodes with inner compression."""
    with pair.config(**LIMITS[request.param]):
        yield pair


COMMANDS = [
    ["LINDEX", "k", 0],
    ["LINSERT", "k", "BEFORE", "a", "b"],
    ["LLEN", "k"],
    ["LMOVE", "k", "k2", "LEFT", "RIGHT"],
    ["LMPOP", 1, "k", "LEFT"],
    ["LMPOP", 1, "k", "LEFT", "COUNT", 2],
    ["LPOP", "k"],
    ["LPOP", "k", 2],
    ["LPOP", "k", 0],
    ["LPOS", "k", "a"],
    ["LPOS", "k", "a", "COUNT", 0],
    ["LPUSH", "k", "a"],
    ["LPUSHX", "k", "a"],
    ["LRANGE", "k", 0, -1],
    ["LREM", "k", 0, "a"],
    ["LSET", "k", 0, "a"],
    ["LTRIM", "k", 0, 1],
    ["RPOP", "k"],
    ["RPOP", "k", 2],
    ["RPOPLPUSH", "k", "k2"],
    ["RPUSH", "k", "a", "b"],
    ["RPUSHX", "k", "a"],
]
by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(map(str, command)))


@by_name
def test_a_key_of_another_type_is_refused(pair, command):
    pair.setup("SET", "k", "text")
    pair.check(*command)
    pair.check("GET", "k")


@by_name
def test_an_absent_key_is_an_empty_list(pair, command):
    pair.check(*command)
    pair.check("EXISTS", "k", "k2")
    pair.check("LRANGE", "k", 0, -1)


@by_name
def test_too_few_and_too_many_arguments_are_refused(pair, command):
    for count in range(1, len(command)):
        pair.check(*command[:count])
    pair.setup("RPUSH", "k", "a", "b")
    pair.check(*command, "one", "more")
    pair.check("LRANGE", "k", 0, -1)


LEAST = "-9223372036854775808"
NUMBERS = ["abc", "", "1.5", "01", "9223372036854775808", LEAST, "9223372036854775807", "-1"]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("present", [True, False])
def test_numbers_are_read_in_the_same_order_with_the_same_errors(pair, number, present):
    for command in [
        ["LINDEX", "k", number],
        ["LSET", "k", number, "x"],
        ["LPOP", "k", number],
        ["RPOP", "k", number],
        ["LRANGE", "k", number, 1],
        ["LRANGE", "k", 0, number],
        ["LRANGE", "s", number, 1],
        ["LREM", "k", number, "a"],
        ["LTRIM", "k", number, 5],
        ["LTRIM", "k", -5, number],
        ["LPOS", "k", "a", "COUNT", number],
        ["LPOS", "k", "a", "MAXLEN", number],
        ["LMPOP", number, "k", "LEFT"],
        ["LMPOP", 1, "k", "LEFT", "COUNT", number],
        ["LSET", "s", number, "x"],
        ["LINDEX", "s", number],
        ["LPOP", "s", number],
    ]:
        pair.setup("DEL", "k")
        pair.setup("SET", "s", "text")
        if present:
            pair.setup("RPUSH", "k", "a", "b", "a")
        if command[0] != "LREM" or number != LEAST:
            pair.check(*command)
        pair.check("LRANGE", "k", 0, -1)


@pytest.mark.parametrize("key", ["k", "absent", "s"])
def test_lrem_refuses_the_number_that_has_no_opposite(client, key):
    """7.0 does not refuse it."""
    client.must("RPUSH", "k", "a")
    client.must("SET", "s", "text")
    refused = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
    assert client.call("LREM", key, LEAST, "a").value == refused.encode()


@pytest.mark.parametrize(
    "command",
    [
        ["LPOS", "k", "a", "RANK", 0],
        ["LPOS", "k", "a", "RANK"],
        ["LPOS", "k", "a", "NOSUCH", 1],
        ["LPOS", "k", "a", "COUNT", 1, "COUNT", 0],
        ["LPOS", "k", "a", "rank", 1, "maxlen", 0],
        ["LINSERT", "k", "BESIDE", "a", "b"],
        ["LINSERT", "s", "BESIDE", "a", "b"],
        ["LMOVE", "k", "k2", "UP", "LEFT"],
        ["LMOVE", "k", "k2", "LEFT", "UP"],
        ["LMOVE", "s", "k2", "LEFT", "UP"],
        ["LMOVE", "k", "s", "LEFT", "RIGHT"],
        ["LMOVE", "none", "s", "LEFT", "RIGHT"],
        ["RPOPLPUSH", "k", "s"],
        ["LMPOP", 0, "k", "LEFT"],
        ["LMPOP", 2, "k", "LEFT"],
        ["LMPOP", 1, "k", "UP"],
        ["LMPOP", 1, "k", "LEFT", "COUNT"],
        ["LMPOP", 1, "k", "LEFT", "COUNT", 0],
        ["LMPOP", 1, "k", "LEFT", "COUNT", 1, "COUNT", 1],
        ["LMPOP", 1, "k", "LEFT", "NOSUCH", 1],
        ["LMPOP", 2, "none", "s", "LEFT"],
        ["LMPOP", 3, "none", "k", "s", "LEFT"],
        ["LMPOP", 100, "k", "LEFT"],
    ],
    ids=lambda command: "-".join(map(str, command)),
)
def test_wrong_words_are_refused(pair, command):
    pair.setup("RPUSH", "k", "a", "b", "a")
    pair.setup("SET", "s", "text")
    pair.check(*command)
    pair.check("LRANGE", "k", 0, -1)


def test_pushing_answers_the_length(lists):
    lists.check("RPUSH", "l", "c", "d")
    lists.check("LPUSH", "l", "b", "a", 12, BIG)
    lists.check("LPUSHX", "l", "x", "y", "z")
    lists.check("RPUSHX", "l", "", "x" * 63, "x" * 64, "x" * 127, "x" * 128)
    lists.check("LRANGE", "l", 0, -1)
    lists.check("LLEN", "l")


ELEMENTS = [
    *("", "0", "95", "96", "4191", "4192", "-1", "32767", "8388607", "2147483647", "-2147483648", "140737488355327"),
    *("9223372036854775807", "-9223372036854775808", "9223372036854775808", "007", "-0", "+1", "1.0"),
    *("x" * size for size in (1, 2, 3, 4, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33, 47, 48, 49, 62, 63, 64, 65, 126, 127)),
    *("x" * size for size in (128, 500, 5000, 8000, 8192, 8193, 20000)),
]


def test_every_kind_of_element_comes_back(lists):
    lists.check("RPUSH", "l", *ELEMENTS)
    lists.check("LRANGE", "l", 0, -1)
    for index in range(len(ELEMENTS)):
        lists.check("LINDEX", "l", index)
        lists.check("LPOS", "l", ELEMENTS[index])
    lists.check("LRANGE", "l", 3, 60)
    lists.digest()
    for _ in ELEMENTS:
        lists.check("LMOVE", "l", "m", "RIGHT", "LEFT")
    lists.digest()
    lists.check("RPOP", "m", len(ELEMENTS))


@pytest.mark.parametrize("start", [0, 1, 5, 19, 20, 100, -1, -5, -20, -21, -100])
def test_ranges_and_trims_of_all_sorts(lists, start):
    for stop in (0, 1, 5, 19, 20, 100, -1, -5, -20, -21, -100):
        lists.setup("DEL", "l")
        lists.setup("RPUSH", "l", *range(100, 120))
        lists.check("LRANGE", "l", start, stop)
        lists.check("LTRIM", "l", start, stop)
        lists.check("LRANGE", "l", 0, -1)
        lists.check("EXISTS", "l")


def test_popping_the_last_element_removes_the_key(lists):
    for pop in (
        ["LPOP", "l"],
        ["RPOP", "l"],
        ["LPOP", "l", 5],
        ["LMPOP", 1, "l", "RIGHT", "COUNT", 9],
        ["LREM", "l", 0, "a"],
    ):
        lists.check("RPUSH", "l", "a")
        lists.check(*pop)
        lists.check("EXISTS", "l")


def test_several_are_popped_from_either_end(lists):
    lists.setup("RPUSH", "l", *range(30), BIG, "end")
    for command in (["LPOP", "l", 3], ["RPOP", "l", 4], ["RPOP", "l", 1], ["LPOP", "l", 20], ["LPOP", "l", 1000]):
        lists.check(*command)
        lists.check("LRANGE", "l", 0, -1)


def test_lmpop_takes_from_the_first_list_that_has_any(lists):
    lists.setup("RPUSH", "b", *range(10))
    lists.setup("RPUSH", "c", *range(5))
    for command in (
        ["LEFT"],
        ["RIGHT", "COUNT", 3],
        ["left", "count", 100],
        ["RIGHT", "COUNT", 2],
        ["LEFT", "COUNT", 9],
        ["LEFT"],
    ):
        lists.check("LMPOP", 3, "a", "b", "c", *command)
        lists.check("LRANGE", "b", 0, -1)
        lists.check("LRANGE", "c", 0, -1)


@pytest.mark.parametrize("origin", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("target", ["LEFT", "right"])
def test_moving_from_one_list_to_another_and_round(lists, origin, target):
    lists.setup("RPUSH", "a", *range(12), BIG, "x")
    for _ in range(5):
        lists.check("LMOVE", "a", "b", origin, target)
        lists.check("LMOVE", "a", "a", origin, target)
        lists.check("RPOPLPUSH", "a", "a")
        lists.check("RPOPLPUSH", "b", "a")
        lists.check("LRANGE", "a", 0, -1)
        lists.check("LRANGE", "b", 0, -1)
    lists.setup("RPUSH", "one", "only")
    lists.check("LMOVE", "one", "one", origin, target)
    lists.check("LRANGE", "one", 0, -1)
    lists.check("LMOVE", "one", "other", origin, target)
    lists.check("EXISTS", "one")


@pytest.mark.parametrize("rank", [1, 2, 3, -1, -2, 100, -100])
def test_positions_by_rank_count_and_maxlen(lists, rank):
    lists.setup("RPUSH", "l", *"abcabcabc", BIG, 1, 2, 1, BIG, *"xaxbxc")
    for element in ("a", "c", "1", BIG, "none"):
        lists.check("LPOS", "l", element, "RANK", rank)
        for count in (0, 1, 2):
            lists.check("LPOS", "l", element, "RANK", rank, "COUNT", count)
            for most in (0, 1, 4, 12, 1000):
                lists.check("LPOS", "l", element, "COUNT", count, "RANK", rank, "MAXLEN", most)


@pytest.mark.parametrize("count", [0, 1, 2, 100, -1, -2, -100])
def test_removing_by_value_from_either_end(lists, count):
    for element in ("a", "c", "1", "-5", BIG, "none"):
        lists.setup("DEL", "l")
        lists.setup("RPUSH", "l", *"abcabcabc", BIG, 1, 2, 1, BIG, -5, *"xaxbxc")
        lists.check("LREM", "l", count, element)
        lists.check("LRANGE", "l", 0, -1)


def test_inserting_beside_elements_of_every_kind(lists):
    lists.setup("RPUSH", "l", "a", 5, BIG, "z")
    for round_number in range(6):
        for pivot in ("a", 5, BIG, "z", "none"):
            for where in ("BEFORE", "after"):
                for element in ("n", round_number, "m" * 100, BIG + "2"):
                    lists.check("LINSERT", "l", where, pivot, element)
    lists.check("LRANGE", "l", 0, -1)
    lists.digest()


def test_setting_elements_of_every_kind(lists):
    lists.setup("RPUSH", "l", *range(20))
    for index in (0, -1, 7, 8, -3, 0, 19, 20, -20, -21, 7, 8):
        for element in ("n", index, BIG, "m" * 100, BIG + "2", BIG, ""):
            lists.check("LSET", "l", index, element)
        lists.check("LRANGE", "l", 0, -1)


@pytest.mark.parametrize("seed", range(3))
def test_long_random_work_leaves_both_with_the_same_data(lists, seed):
    draw = random.Random(seed)

    def element():
        return draw.choice(["a", "b", draw.randint(-(10**6), 10**6), "x" * draw.choice([0, 30, 70, 300, 2000]), BIG])

    for _ in range(300):
        key = draw.choice("kl")
        index, other = draw.randint(-40, 40), draw.randint(-40, 40)
        command = draw.choice(
            [
                [draw.choice(["LPUSH", "RPUSH"]), key, *(element() for _ in range(draw.choice([1, 1, 1, 5, 40])))],
                [draw.choice(["LPOP", "RPOP"]), key, draw.randint(0, 6)],
                ["LSET", key, index, element()],
                ["LINSERT", key, draw.choice(["BEFORE", "AFTER"]), draw.choice(["a", "b", BIG]), element()],
                ["LREM", key, draw.randint(-3, 3), draw.choice(["a", "b", BIG])],
                ["LRANGE", key, index, other],
                ["LINDEX", key, index],
                ["LMOVE", key, draw.choice("kl"), draw.choice(["LEFT", "RIGHT"]), draw.choice(["LEFT", "RIGHT"])],
                ["LTRIM", key, draw.choice([0, 0, 1, 3]), draw.choice([-1, -1, -2, 60])],
            ]
        )
        lists.check(*command)
    lists.digest()


# ---- differences from the oracle ----


def test_the_lowest_rank_is_refused_as_in_redis_7_4(client):
    client.must("RPUSH", "l", "a")
    error = client.call("LPOS", "l", "a", "RANK", -(2**63))
    assert error.decoded == ErrorText(
        "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
    )


@pytest.mark.parametrize("number", NUMBERS)
def test_other_wrong_ranks_are_refused(pair, number):
    pair.setup("RPUSH", "k", "a", "b", "a")
    if number != str(-(2**63)):
        pair.check("LPOS", "k", "a", "RANK", number)
        pair.check("LPOS", "k", "a", "RANK", number, "COUNT", 0)


def test_encodings_are_told_as_in_redis_7_4(client):
    client.must("RPUSH", "l", *range(128))
    assert client.must("OBJECT", "ENCODING", "l") == b"listpack"
    client.must("RPUSH", "l", BIG)
    assert client.must("OBJECT", "ENCODING", "l") == b"quicklist"
    client.must("RPOP", "l")
    assert client.must("OBJECT", "ENCODING", "l") == b"listpack"


@pytest.mark.parametrize(
    ("elements", "command"),
    [
        ("BIG", "LSET l 0 x"),
        ("BIG b c", "LPOP l"),
        ("a BIG", "RPOP l"),
        ("a BIG b c", "LPOP l 2"),
        ("BIG b c", "LREM l 1 BIG"),
        ("a BIG b c", "LTRIM l 2 3"),
        ("BIG b c", "LMOVE l other LEFT LEFT"),
        ("a BIG", "LMPOP 1 l RIGHT"),
    ],
)
def test_a_long_list_that_has_lost_what_made_it_long_is_short_again(client, elements, command):
    client.must("CONFIG", "SET", "list-max-listpack-size", -1)
    client.must("RPUSH", "l", *with_big(elements))
    assert client.must("OBJECT", "ENCODING", "l") == b"quicklist"
    client.must(*with_big(command))
    assert client.must("OBJECT", "ENCODING", "l") == b"listpack"


def with_big(words: str) -> list[str]:
    return [BIG if word == "BIG" else word for word in words.split()]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("LMOVE l l LEFT RIGHT", "listpack"),
        ("LMOVE l l RIGHT RIGHT", "listpack"),
        ("RPOPLPUSH l l", "listpack"),
        ("LSET l 0 x", "quicklist"),
        ("LSET l 9 x", "quicklist"),
        ("LINSERT l BEFORE absent x", "quicklist"),
    ],
)
def test_what_would_pass_the_limit_with_one_more_is_as_in_redis_7_4(client, command, name):
    client.must("CONFIG", "SET", "list-max-listpack-size", 4)
    client.must("RPUSH", "l", *"abcd")
    before = client.must("LRANGE", "l", 0, -1)
    client.call(*command.split())
    assert client.must("OBJECT", "ENCODING", "l").decode() == name
    assert client.must("LLEN", "l") == len(before)


def test_a_limit_may_be_changed_while_lists_exist(client):
    client.must("RPUSH", "l", *range(100))
    client.must("CONFIG", "SET", "list-max-listpack-size", 10)
    client.must("RPUSH", "l", 100)
    assert client.must("OBJECT", "ENCODING", "l") == b"quicklist"
    client.must("CONFIG", "SET", "list-max-listpack-size", -2)
    client.must("LPUSH", "l", -1)
    assert client.must("LRANGE", "l", 0, -1) == [b"%d" % i for i in range(-1, 101)]


def test_memory_usage_of_a_long_list_tells_what_it_takes(client):
    client.must("RPUSH", "l", *(f"element:{i:06d}" for i in range(20000)))
    assert 15 * 20000 < client.must("MEMORY", "USAGE", "l") < 17 * 20000
    client.must("COPY", "l", "m")
    assert client.must("DEBUG", "DIGEST-VALUE", "l") == client.must("DEBUG", "DIGEST-VALUE", "m")
    client.must("UNLINK", "l")
    assert client.must("LLEN", "m") == 20000


# ---- clients ----


def test_redis_py_s_methods_for_lists(shared_ours, protocol):
    with redis.Redis(port=shared_ours.port, protocol=protocol, decode_responses=True) as client:
        assert client.rpush("l", "a", "b", "c") == 3
        assert client.lpush("l", "z") == 4
        assert (client.lpushx("none", "x"), client.rpushx("l", "d")) == (0, 5)
        assert client.lrange("l", 0, -1) == ["z", "a", "b", "c", "d"]
        assert (client.llen("l"), client.lindex("l", 1), client.lindex("l", 9)) == (5, "a", None)
        assert client.linsert("l", "before", "b", "a") == 6
        assert client.lset("l", 0, "y") is True
        assert (client.lpos("l", "a"), client.lpos("l", "a", count=0), client.lpos("l", "none")) == (1, [1, 2], None)
        assert client.lrem("l", 1, "a") == 1
        assert client.ltrim("l", 0, 3) is True
        assert (client.lpop("l"), client.rpop("l", 2), client.lpop("none", 2)) == ("y", ["c", "b"], None)
        assert client.lmove("l", "m", "LEFT", "RIGHT") == "a"
        assert client.rpoplpush("m", "l") == "a"
        assert client.lmpop(2, "none", "l", direction="LEFT", count=2) == ["l", ["a"]]
        assert client.lmpop(1, "none", direction="LEFT") is None


def test_redis_py_s_methods_that_wait(shared_ours, protocol):
    with redis.Redis(port=shared_ours.port, protocol=protocol, decode_responses=True) as client:
        client.rpush("l", *range(8))
        assert list(client.blpop(["none", "l"], timeout=1)) == ["l", "0"]
        assert list(client.brpop("l", timeout=1)) == ["l", "7"]
        assert client.brpoplpush("l", "m", timeout=1) == "6"
        assert client.blmove("l", "m", 1, "LEFT", "RIGHT") == "1"
        assert client.blmpop(1, 2, "none", "l", direction="RIGHT", count=2) == ["l", ["5", "4"]]
        assert client.lrange("m", 0, -1) == ["6", "1"]
        assert client.blpop("none", timeout=0.01) is None
        assert client.blmove("none", "m", 0.01, "LEFT", "RIGHT") is None
        assert client.blmpop(0.01, 1, "none", direction="LEFT") is None


def test_debug_object_tells_of_nodes_as_the_oracle_does(pair):
    with pair.config(list_max_listpack_size=4, list_compress_depth=1):
        pair.setup("RPUSH", "l", *range(100), BIG)
        told = pair.check("DEBUG", "OBJECT", "l", by=lambda text: re.findall(r"ql_\w+", str(text)))
        facts = dict(word.split(":") for word in str(told).split() if word.startswith("ql_"))
        assert (facts["ql_listpack_max"], facts["ql_compressed"]) == ("4", "1")
        assert 20 <= int(facts["ql_nodes"]) <= 30
        pair.setup("LTRIM", "l", 0, 0)
        assert "ql_" not in str(pair.ours.must("DEBUG", "OBJECT", "l"))

"""The set commands compared with the oracle, in both protocols and in every encoding."""

import pytest
import redis

from support.aof_folder import info
from support.client import wait_until

INTEGERS = [str(i) for i in range(0, 40, 3)]
TEXTS = ["a", "b", "", "12", "012", "member with blanks", "x" * 80]
LIMITS = {
    "compact": {},
    "hashtable": {"set-max-intset-entries": 0, "set-max-listpack-entries": 0},
}


@pytest.fixture(params=LIMITS, ids=LIMITS.keys())
def sets(pair, request):
    """Yields the pair, once with compact encodings for small sets and once with every set as a hash table."""
    limits = LIMITS[request.param]
    before = {name: pair.ours.must("CONFIG", "GET", name) for name in limits}
    for name, value in limits.items():
        pair.ours.must("CONFIG", "SET", name, value)
    yield pair
    for name, found in before.items():
        pair.ours.must("CONFIG", "SET", name, next(iter(found.values())) if isinstance(found, dict) else found[1])


COMMANDS = [
    ["SADD", "k", "m"],
    ["SCARD", "k"],
    ["SDIFF", "k"],
    ["SDIFF", "other", "k"],
    ["SDIFFSTORE", "to", "k"],
    ["SINTER", "k"],
    ["SINTER", "absent", "k"],
    ["SINTERCARD", 1, "k"],
    ["SINTERSTORE", "to", "k"],
    ["SINTERSTORE", "to", "absent", "k"],
    ["SISMEMBER", "k", "m"],
    ["SMEMBERS", "k"],
    ["SMISMEMBER", "k", "m", "n"],
    ["SMOVE", "k", "to", "m"],
    ["SMOVE", "other", "k", "m"],
    ["SMOVE", "other", "k", "absent"],
    ["SMOVE", "absent", "k", "m"],
    ["SMOVE", "k", "k", "m"],
    ["SPOP", "k"],
    ["SPOP", "k", 2],
    ["SPOP", "k", 0],
    ["SRANDMEMBER", "k"],
    ["SRANDMEMBER", "k", 2],
    ["SRANDMEMBER", "k", -2],
    ["SRANDMEMBER", "k", 0],
    ["SREM", "k", "m"],
    ["SSCAN", "k", 0],
    ["SUNION", "k"],
    ["SUNIONSTORE", "to", "k"],
    ["SUNIONSTORE", "k", "other"],
]
by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(map(str, command)))


@by_name
def test_a_key_of_another_type_is_refused(pair, command):
    pair.setup("SET", "k", "text")
    pair.setup("SADD", "other", "m")
    pair.check(*command)
    pair.digest()


@by_name
def test_an_absent_key_is_an_empty_set(pair, command):
    pair.setup("SADD", "other", "m")
    pair.check(*command)
    pair.digest()


@by_name
def test_too_few_arguments_are_refused(pair, command):
    for count in range(1, len(command)):
        pair.check(*command[:count])


WRONG = [
    "SCARD k k",
    "SISMEMBER k a b",
    "SMEMBERS k k",
    "SMOVE k k a b",
    "SPOP k x",
    "SPOP k -1",
    "SPOP k 9223372036854775808",
    "SPOP k 1 1",
    "SPOP absent x",
    "SPOP absent 1 1",
    "SPOP text 1",
    "SPOP text -1",
    "SRANDMEMBER k x",
    "SRANDMEMBER k 1 1",
    "SRANDMEMBER k -9223372036854775808",
    "SRANDMEMBER k 9223372036854775808",
    "SRANDMEMBER text x",
    "SRANDMEMBER text 1",
    "SINTERCARD 0 k",
    "SINTERCARD -1 k",
    "SINTERCARD x k",
    "SINTERCARD 2 k",
    "SINTERCARD 1 k k",
    "SINTERCARD 1 k LIMIT",
    "SINTERCARD 1 k LIMIT -1",
    "SINTERCARD 1 k LIMIT x",
    "SINTERCARD 1 k LIMIT 1 LIMIT 2",
    "SINTERCARD 1 text LIMIT x",
    "SINTERCARD 3 absent text k",
    "SSCAN k x",
    "SSCAN k 0 MATCH",
    "SSCAN k 0 COUNT 0",
    "SSCAN k 0 COUNT x",
    "SSCAN k 0 TYPE set",
    "SSCAN k 0 BAD 1",
    "SSCAN absent 0 BAD 1",
    "SSCAN text 0 BAD 1",
    "SSCAN text x",
    "SINTER k text",
    "SUNION k text absent",
    "SDIFF absent text",
    "SDIFFSTORE text absent text",
    "SUNIONSTORE text k k",
    "SINTERSTORE text absent",
]


@pytest.mark.parametrize("command", WRONG)
def test_what_is_wrong_is_answered_alike(pair, command):
    pair.setup("SET", "text", "text")
    pair.setup("SADD", "k", "a", "b")
    pair.check(*command.split(" "), unordered=True)
    pair.digest()


def test_members_are_added_once(sets):
    for members in (["1"], ["1", "2", "2"], ["a"], ["a", "b", "1", "3", "b"], ["x" * 70], TEXTS, INTEGERS):
        sets.check("SADD", "s", *members)
        sets.check("SMEMBERS", "s", unordered=True)
        sets.check("SCARD", "s")
        sets.check("TYPE", "s")
    sets.digest()


def test_members_are_any_bytes(sets):
    texts = [b"", b"\0", b"\r\n", bytes(range(256)), b"0", b"-0", b"-1", b"007", b"9223372036854775807", b"9" * 40]
    for text in texts:
        sets.check("SADD", "s", text)
        sets.check("SADD", "s", text)
        sets.check("SISMEMBER", "s", text)
    sets.check("SMISMEMBER", "s", *texts, "absent")
    sets.check("SMEMBERS", "s", unordered=True)
    for text in texts:
        sets.check("SREM", "s", text)
        sets.check("SISMEMBER", "s", text)
    sets.check("EXISTS", "s")


def test_a_set_of_integers_tells_them_in_order(pair):
    pair.check("SADD", "s", 5, -1, 70000, 3, -(2**63), 2**63 - 1, 0)
    pair.check("SMEMBERS", "s")
    pair.check("SSCAN", "s", 0)
    pair.check("SSCAN", "s", 77, "MATCH", "*0", "COUNT", 1)
    pair.check("SINTER", "s", "s")
    pair.check("OBJECT", "ENCODING", "s")


def test_removing_the_last_member_removes_the_key(sets):
    sets.check("SADD", "s", "a", 1, 2)
    sets.check("SREM", "s", "a", "absent", "a")
    sets.check("EXISTS", "s")
    sets.check("SREM", "s", 1, 2, 1, 3)
    sets.check("EXISTS", "s")
    sets.check("SREM", "s", 1)


def test_moving_a_member_moves_it_once(sets):
    sets.setup("SADD", "from", "a", "b", 1)
    for member in ("a", 1, "absent"):
        sets.check("SMOVE", "from", "to", member)
        sets.check("SMOVE", "from", "to", member)
    sets.check("SMOVE", "from", "from", "b")
    sets.check("SMOVE", "from", "from", "a")
    sets.setup("SADD", "to", "b")
    sets.check("SMOVE", "from", "to", "b")
    sets.check("EXISTS", "from")
    sets.check("SMEMBERS", "to", unordered=True)


SOURCES = {
    "numbers": [str(i) for i in range(100)],
    "odd": [str(i) for i in range(1, 100, 2)],
    "many": [str(i) for i in range(50, 700)],
    "texts": ["a", "b", "c", "7", "9", "x" * 80],
    "some": ["b", "c", "9", "51", "nothing"],
    "large": [*(f"member:{i}" for i in range(300)), "b", "9", "51", "99"],
    "one": ["9"],
}
COMBINATIONS = [
    ["numbers"],
    ["texts"],
    ["absent"],
    ["numbers", "odd"],
    ["odd", "numbers", "many"],
    ["many", "numbers"],
    ["numbers", "texts"],
    ["texts", "some"],
    ["some", "texts", "large"],
    ["large", "some", "texts"],
    ["large", "many", "numbers", "texts"],
    ["one", "large", "texts", "odd"],
    ["texts", "texts"],
    ["texts", "some", "texts"],
    ["numbers", "absent", "odd"],
    ["absent", "numbers"],
    ["large", "one", "one", "absent"],
    ["one", *["large"] * 5],
    ["large", *["one"] * 5],
]


@pytest.fixture
def sources(sets):
    for key, members in SOURCES.items():
        sets.setup("SADD", key, *members)
    return sets


@pytest.mark.parametrize("keys", COMBINATIONS, ids="-".join)
@pytest.mark.parametrize("name", ["SINTER", "SUNION", "SDIFF"])
def test_sets_are_combined(sources, name, keys):
    sources.check(name, *keys, unordered=True)
    sources.check(f"{name}STORE", "to", *keys)
    sources.check("SMEMBERS", "to", unordered=True)
    sources.check("EXISTS", "to")
    sources.digest()
    sources.check(f"{name}STORE", keys[0], *keys)
    sources.check("SMEMBERS", keys[0], unordered=True)
    sources.digest()


@pytest.mark.parametrize("keys", COMBINATIONS, ids="-".join)
def test_the_intersection_is_counted_up_to_a_limit(sources, keys):
    sources.check("SINTERCARD", len(keys), *keys)
    for limit in (0, 1, 3, 31, 32, 33, 10000):
        sources.check("SINTERCARD", len(keys), *keys, "limit", limit)


@pytest.mark.parametrize("old", [["SET", "to", "text"], ["HSET", "to", "f", "v"], ["SADD", "to", "z"]], ids=str)
@pytest.mark.parametrize("name", ["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"])
def test_storing_takes_the_place_of_any_value_and_its_expiry(sources, name, old):
    for keys in (["texts"], ["absent"]):
        sources.setup(*old)
        sources.setup("EXPIRE", "to", 1000)
        sources.check(name, "to", *keys)
        sources.check("TYPE", "to")
        sources.check("TTL", "to")
        sources.setup("DEL", "to")


def test_an_expired_source_is_an_empty_set(sets):
    sets.setup("SADD", "gone", "a")
    sets.setup("SADD", "here", "a", "b")
    sets.setup("PEXPIREAT", "gone", 1)
    sets.check("SUNIONSTORE", "to", "gone", "here")
    sets.check("SINTER", "gone", "here")
    sets.check("SDIFF", "here", "gone", unordered=True)
    sets.check("SMOVE", "here", "gone", "a")
    sets.check("SMEMBERS", "gone")


# ---- random members ----


@pytest.mark.parametrize("count", [0, 1, 2, 5, 99, 100, 101, 9223372036854775807])
@pytest.mark.parametrize("key", ["numbers", "large", "texts"])
def test_random_members_are_different_when_their_number_is_positive(sources, key, count):
    found = sources.check("SRANDMEMBER", key, count, by=len)
    assert len(set(found)) == len(found)
    assert {member.decode() for member in found} <= set(SOURCES[key])
    sources.check("SCARD", key)


@pytest.mark.parametrize("count", [-1, -7, -1000])
@pytest.mark.parametrize("key", ["numbers", "large", "texts"])
def test_random_members_may_come_again_when_their_number_is_negative(sources, key, count):
    found = sources.check("SRANDMEMBER", key, count, by=len)
    assert {member.decode() for member in found} <= set(SOURCES[key])


@pytest.mark.parametrize("count", [0, 1, 2, 5, 20, 99, 100, 101, 290, 9223372036854775807])
@pytest.mark.parametrize("key", ["numbers", "large", "texts"])
def test_popped_members_are_gone(sources, key, count):
    before = set(SOURCES[key])
    found = sources.check("SPOP", key, count, by=len)
    popped = {member.decode() for member in found}
    assert len(popped) == len(found) == min(count, len(before))
    left = sources.check("SMEMBERS", key, by=len)
    assert {member.decode() for member in left} == before - popped
    sources.check("EXISTS", key)


def test_popping_one_after_the_other_empties_the_set(sources):
    for key in ("one", "texts"):
        for _ in range(len(SOURCES[key]) + 1):
            ours, oracle = (set(client.must("SMEMBERS", key)) or {None} for client in (sources.ours, sources.oracle))
            sources.check("SRANDMEMBER", key, any_of=ours | oracle)
            assert sources.check("SPOP", key, any_of=ours | oracle) in ours
            sources.check("SCARD", key)


def test_a_client_that_asks_for_random_members_without_end_is_closed(shared_ours):
    with shared_ours.client() as client:
        client.must("SADD", "s", "x" * 1_000_000)
        client.send("SRANDMEMBER", "s", -(2**62))
        with pytest.raises(ConnectionError):
            client.read()


# ---- SSCAN ----


def scanned(client, *arguments):
    cursor, found = b"0", []
    while True:
        cursor, some = client.must("SSCAN", "large", cursor, *arguments)
        found += some
        if cursor == b"0":
            return found


@pytest.mark.parametrize(
    "options", [[], ["COUNT", 7], ["COUNT", 1000], ["MATCH", "*1*"], ["MATCH", "*", "COUNT", 3]], ids=str
)
def test_a_scan_sees_every_member(sources, options):
    assert set(scanned(sources.ours, *options)) == set(scanned(sources.oracle, *options))


# ---- encodings, as Redis 7.4 has them ----


def encoding(client):
    return client.must("OBJECT", "ENCODING", "s").decode()


def test_a_small_set_with_a_text_is_packed(client):
    client.must("SADD", "s", *range(100))
    assert encoding(client) == "intset"
    client.must("SADD", "s", "text")
    assert encoding(client) == "listpack"
    client.must("SADD", "s", *(f"t{i}" for i in range(27)))
    assert encoding(client) == "listpack"
    client.must("SADD", "s", "one more")
    assert encoding(client) == "hashtable"


@pytest.mark.parametrize(
    ("members", "name"),
    [
        (range(512), "intset"),
        (range(513), "hashtable"),
        (["a", *range(127)], "listpack"),
        (["a", *range(128)], "hashtable"),
        (["a", "y" * 64], "listpack"),
        (["y" * 65], "hashtable"),
        (["a"] * 129, "hashtable"),
    ],
    ids=lambda value: f"{len(value)}" if not isinstance(value, str) else value,
)
def test_a_new_set_has_the_encoding_for_its_members(client, members, name):
    client.must("SADD", "s", *members)
    assert encoding(client) == name
    client.must("SUNIONSTORE", "to", "s")
    client.must("COPY", "s", "copy")
    assert client.must("OBJECT", "ENCODING", "copy").decode() == name


def test_a_stored_result_is_in_its_smallest_encoding(client):
    client.must("SADD", "texts", "a", *range(200))
    client.must("SADD", "numbers", *range(700))
    for source, name in (("texts", "hashtable"), ("numbers", "hashtable")):
        assert client.must("OBJECT", "ENCODING", source).decode() == name
    client.must("SINTERSTORE", "s", "texts", "numbers")
    assert encoding(client) == "intset"
    client.must("SADD", "few", "a", 1, 2)
    client.must("SINTERSTORE", "s", "texts", "few")
    assert encoding(client) == "listpack"
    client.must("SDIFFSTORE", "s", "numbers", "texts")
    assert encoding(client) == "intset"


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (range(8), range(12), "intset"),
        (["a", *range(8)], ["b", *range(8)], "intset"),
        (["a", *range(9)], ["b", *range(9)], "listpack"),
        (["a", *range(32)], ["b", *range(32)], "listpack"),
        (["a", *range(33)], ["b", *range(33)], "hashtable"),
        (["a", *range(32)], ["a", *range(32)], "hashtable"),
        (["a", *range(31)], ["a", *range(31)], "listpack"),
        (["a", *range(9988, 10000)], ["b", *range(9988, 10000)], "listpack"),
        (["a", *range(-999, -980)], ["b", *range(-999, -980)], "listpack"),
        (["a", *range(9989, 10001)], ["b", *range(9989, 10001)], "hashtable"),
        (["a", *range(-1000, -980)], ["b", *range(-1000, -980)], "hashtable"),
        (["a", *range(8)], ["b", *range(12)], "intset"),
        (["a", *range(12)], ["b", *range(12)], "listpack"),
        (range(12), range(12), "listpack"),
        (["a", *range(12)], range(4), "intset"),
        (["a", *range(40)], ["b", *range(40)], "hashtable"),
        (["a", *range(1, 99999, 9999)], ["b", *range(1, 99999, 9999)], "hashtable"),
        (["a", *range(12)], ["a", *range(12)], "listpack"),
    ],
)
def test_an_intersection_may_be_packed_where_integers_may_not_be_many(client, first, second, name):
    for directive, value in (("intset-entries", 8), ("listpack-entries", 32), ("listpack-value", 4)):
        client.must("CONFIG", "SET", f"set-max-{directive}", value)
    client.must("SADD", "first", *first)
    client.must("SADD", "second", *second)
    client.must("SINTERSTORE", "s", "first", "second")
    assert encoding(client) == name
    assert client.must("SINTERCARD", 2, "first", "second") == client.must("SCARD", "s")


# ---- the append-only file, DEBUG OBJECT, redis-py ----


def test_random_removals_are_told_to_the_file_by_name(start_ours):
    server = start_ours("--appendonly", "yes", "--enable-debug-command", "yes")
    with server.client() as client:
        client.must("SADD", "all", *range(3000))
        client.must("SADD", "texts", *(f"t{i}" for i in range(100)))
        client.must("SPOP", "all")
        client.must("SPOP", "all", 1500)
        client.must("SPOP", "all", 1480)
        client.must("SPOP", "texts", 60)
        client.must("SADD", "gone", 1, 2)
        client.must("SPOP", "gone", 5)
        client.must("SADD", "gone", 1)
        client.must("SPOP", "gone")
        client.must("MULTI")
        client.must("SPOP", "texts", 3)
        client.must("SPOP", "texts")
        client.must("EXEC")
        digest = client.must("DEBUG", "DIGEST")
        client.must("DEBUG", "LOADAOF")
        assert client.must("DEBUG", "DIGEST") == digest
        written = b"".join(path.read_bytes() for path in sorted(server.folder.rglob("*.incr.aof"))).upper()
        assert b"SPOP" not in written
        assert written.count(b"\nSREM\r") == 1 + 2 + 2 + 1 + 1 + 2
        assert written.count(b"\nDEL\r") == 1


def test_every_encoding_survives_a_rewrite(start_ours):
    server = start_ours("--appendonly", "yes", "--enable-debug-command", "yes")
    with server.client() as client:
        client.must("SADD", "integers", *range(-100, 100))
        client.must("SADD", "packed", "a", "", *range(64))
        client.must("SADD", "table", *(f"t{i}" for i in range(1000)), "x" * 1000)
        digest = client.must("DEBUG", "DIGEST")
        client.must("BGREWRITEAOF")
        wait_until(lambda: info(client)["aof_rewrites"] == "1", "the rewrite's beginning")
        wait_until(lambda: info(client)["aof_rewrite_in_progress"] == "0", "the rewrite's end")
        client.must("SADD", "after", 1)
        client.must("DEL", "after")
    server.restart()
    with server.client() as client:
        assert client.must("DEBUG", "DIGEST") == digest
        assert client.must("OBJECT", "ENCODING", "packed") == b"listpack"


@pytest.mark.parametrize("members", [range(500), ["a", "b"], [f"member:{i}" for i in range(1000)]], ids=len)
def test_debug_object_tells_the_encoding_of_a_set(client, members):
    client.must("SADD", "s", *members)
    assert f" encoding:{client.must('OBJECT', 'ENCODING', 's').decode()} " in client.must("DEBUG", "OBJECT", "s")


def test_redis_py_reads_every_reply(shared_ours, protocol):
    with redis.Redis(port=shared_ours.port, protocol=protocol, decode_responses=True) as client:
        assert client.sadd("a", "x", "y", "z") == 3
        assert client.sadd("b", "y", "z", "1") == 3
        assert client.scard("a") == 3
        assert client.smembers("a") == {"x", "y", "z"}
        assert client.sismember("a", "x") == 1
        assert client.smismember("a", ["x", "1"]) == [1, 0]
        assert set(client.sinter("a", "b")) == {"y", "z"}
        assert set(client.sunion("a", "b")) == {"x", "y", "z", "1"}
        assert set(client.sdiff("a", "b")) == {"x"}
        assert client.sintercard(2, ["a", "b"], limit=1) == 1
        assert client.sinterstore("c", "a", "b") == 2
        assert client.sunionstore("c", "a", "b") == 4
        assert client.sdiffstore("c", "a", "b") == 1
        assert client.smove("a", "b", "x") == 1
        assert client.srandmember("a") in {"y", "z"}
        assert set(client.srandmember("a", 5)) == {"y", "z"}
        assert set(client.sscan_iter("b")) == {"x", "y", "z", "1"}
        assert client.spop("c") == "x"
        assert set(client.spop("a", 2)) == {"y", "z"}
        assert client.srem("b", "x", "y", "absent") == 2

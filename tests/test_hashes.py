"""The hash commands compared with the oracle, in both protocols and both encodings."""

import pytest

BIG = "b" * 65
LIMITS = {"listpack": {}, "hashtable": {"hash_max_listpack_entries": 0}}


@pytest.fixture(params=LIMITS, ids=LIMITS.keys())
def hashes(pair, request):
    """The pair, once with small hashes as listpacks and once with every hash as a hash table."""
    with pair.config(**LIMITS[request.param]):
        yield pair


COMMANDS = [
    ["HDEL", "k", "f"],
    ["HEXISTS", "k", "f"],
    ["HGET", "k", "f"],
    ["HGETALL", "k"],
    ["HINCRBY", "k", "f", 1],
    ["HINCRBYFLOAT", "k", "f", "1.5"],
    ["HKEYS", "k"],
    ["HLEN", "k"],
    ["HMGET", "k", "f", "g"],
    ["HMSET", "k", "f", "v"],
    ["HRANDFIELD", "k"],
    ["HRANDFIELD", "k", 3],
    ["HRANDFIELD", "k", -3, "WITHVALUES"],
    ["HSCAN", "k", 0],
    ["HSET", "k", "f", "v"],
    ["HSETNX", "k", "f", "v"],
    ["HSTRLEN", "k", "f"],
    ["HVALS", "k"],
]
by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(map(str, command)))


@by_name
def test_a_key_of_another_type_is_refused(pair, command):
    pair.setup("SET", "k", "text")
    pair.check(*command)
    pair.check("GET", "k")


@by_name
def test_an_absent_key_is_an_empty_hash(pair, command):
    pair.check(*command)
    pair.check("EXISTS", "k")
    pair.check("HGETALL", "k")


@by_name
def test_too_few_arguments_are_refused(pair, command):
    for count in range(1, len(command)):
        pair.check(*command[:count])


def test_setting_fields_answers_how_many_are_new(hashes):
    hashes.check("HSET", "h", "a", 1)
    hashes.check("HSET", "h", "a", 2, "b", 3, "b", 4, "c", "")
    hashes.check("HSET", "h", "a", 5)
    hashes.check("HMSET", "h", "d", 1, "a", "last")
    hashes.check("HGETALL", "h", unordered="pairs")
    hashes.check("HLEN", "h")


@pytest.mark.parametrize("name", ["HSET", "HMSET", "hSeT"])
def test_a_field_without_value_is_refused_before_the_type_is_looked_at(pair, name):
    pair.setup("SET", "k", "text")
    pair.check(name, "k", "a", 1, "b")
    pair.check(name, "absent", "a", 1, "b")
    pair.check("EXISTS", "absent")


def test_a_packed_hash_keeps_the_order_of_its_fields(pair):
    pair.check("HSET", "h", "z", 1, "a", 2, "m", 3)
    pair.check("HSET", "h", "a", "changed to something longer")
    pair.check("HDEL", "h", "z")
    pair.check("HSET", "h", "z", "again")
    for name in ("HGETALL", "HKEYS", "HVALS"):
        pair.check(name, "h")
    pair.check("HSCAN", "h", 0)
    pair.check("HSCAN", "h", 12345)


def test_fields_and_values_are_any_bytes(hashes):
    texts = [b"", b"\0", b"\r\n", bytes(range(256)), b"0", b"-1", b"007", b"9223372036854775807", b"9" * 40]
    for text in texts:
        hashes.check("HSET", "h", text, text)
    for text in texts:
        hashes.check("HGET", "h", text)
        hashes.check("HSTRLEN", "h", text)
        hashes.check("HEXISTS", "h", text)
    hashes.check("HMGET", "h", *texts, "absent")
    hashes.check("HGETALL", "h", unordered="pairs")


def test_setting_only_when_absent_leaves_a_value_alone(hashes):
    hashes.check("HSETNX", "h", "f", "first")
    hashes.check("HSETNX", "h", "f", "second")
    hashes.check("HGET", "h", "f")


def test_removing_the_last_field_removes_the_key(hashes):
    hashes.check("HSET", "h", "a", 1, "b", 2, "c", 3)
    hashes.check("HDEL", "h", "a", "absent", "a")
    hashes.check("EXISTS", "h")
    hashes.check("HDEL", "h", "b", "c", "b", "d")
    hashes.check("EXISTS", "h")
    hashes.check("TYPE", "h")


@pytest.mark.parametrize("count", [127, 128, 129])
def test_the_encoding_changes_with_one_field_too_many(pair, count):
    with pair.config(hash_max_listpack_entries=128):
        for i in range(count):
            pair.setup("HSET", "h", f"f{i}", i)
        pair.check("OBJECT", "ENCODING", "h")
        pair.check("HSET", "h", "f0", "again")
        pair.check("HDEL", "h", "f1")
        pair.check("OBJECT", "ENCODING", "h")


def test_more_fields_at_once_than_the_limit_count_with_their_repetitions(client):
    """This is so since Redis 7.2; the oracle is older."""
    client.must("CONFIG", "SET", "hash-max-listpack-entries", 3)
    client.must("HSET", "three", "a", 1, "a", 2, "b", 3)
    client.must("HSET", "four", "a", 1, "a", 2, "a", 3, "b", 4)
    client.must("CONFIG", "SET", "hash-max-listpack-entries", 512)
    assert client.must("OBJECT", "ENCODING", "three") == b"listpack"
    assert client.must("OBJECT", "ENCODING", "four") == b"hashtable"


@pytest.mark.parametrize("size", [63, 64, 65])
@pytest.mark.parametrize("where", ["field", "value", "another key's value"])
def test_the_encoding_changes_with_a_text_too_long(pair, size, where):
    text = "x" * size
    arguments = {"field": (text, "v"), "value": ("f", text), "another key's value": ("f", "v", "g", text)}[where]
    pair.check("HSET", "h", *arguments)
    pair.check("OBJECT", "ENCODING", "h")


def test_the_limits_are_directives(pair):
    with pair.config(hash_max_listpack_entries=2, hash_max_listpack_value=5):
        pair.check("HSET", "few", "a", 1, "b", 2)
        pair.check("HSET", "many", "a", 1, "b", 2, "c", 3)
        pair.check("HSET", "short", "a", "12345")
        pair.check("HSET", "long", "a", "123456")
        for key in ("few", "many", "short", "long"):
            pair.check("OBJECT", "ENCODING", key)


def test_a_number_too_long_for_a_packed_hash_changes_the_encoding(pair):
    with pair.config(hash_max_listpack_value=3):
        pair.check("HINCRBY", "h", "f", 999)
        pair.check("OBJECT", "ENCODING", "h")
        pair.check("HINCRBYFLOAT", "g", "f", "0.25")
        pair.check("OBJECT", "ENCODING", "g")


@pytest.mark.parametrize(
    "increment", [0, 1, -1, 2**63 - 1, -(2**63), 2**63, "1.0", "", " 1", "1 ", "+1", "01", "0x1", "abc"]
)
@pytest.mark.parametrize(
    "value", [None, "0", "-7", "9223372036854775807", "-9223372036854775808", "1.5", "", " 1", "01"]
)
def test_integers_are_added_or_refused(hashes, value, increment):
    if value is not None:
        hashes.setup("HSET", "h", "f", value)
    hashes.check("HINCRBY", "h", "f", increment)
    hashes.check("HINCRBY", "h", "f", 1)
    hashes.check("HGETALL", "h")


@pytest.mark.parametrize(
    "increment",
    *[
        [
            "0",
            "1.5",
            "-1.5",
            "1e3",
            "5.0e-1",
            "0.1",
            "1e17",
            "1e-17",
            "3",
            "inf",
            "-inf",
            "nan",
            "",
            " 1",
            "1 ",
            "0x10",
            "x",
        ]
    ],
)
@pytest.mark.parametrize(
    "value", [None, "10.5", "3.0e3", "-0.1", "1e4000", "1e5000", "text", "", " 1", "12345678901234567890"]
)
def test_fractions_are_added_or_refused(hashes, value, increment):
    if value is not None:
        hashes.setup("HSET", "h", "f", value)
    hashes.check("HINCRBYFLOAT", "h", "f", increment)
    hashes.check("HINCRBYFLOAT", "h", "f", "-1.25")
    hashes.check("HGETALL", "h")


@pytest.mark.parametrize(
    "arguments",
    [
        ["x"],
        ["1.5"],
        [""],
        [9223372036854775808],
        [-9223372036854775808],
        [-9223372036854775807, "WITHVALUES"],
        [9223372036854775807, "WITHVALUES"],
        [4611686018427387904, "WITHVALUES"],
        [4611686018427387903, "WITHVALUES"],
        [1, "VALUES"],
        [1, "WITHVALUES", "more"],
        ["x", "VALUES"],
        [0],
        [0, "WITHVALUES"],
        [-0],
    ],
    ids=str,
)
@pytest.mark.parametrize("key", ["h", "absent"])
def test_arguments_of_hrandfield_are_checked(pair, key, arguments):
    pair.setup("HSET", "h", "f", "v")
    pair.check("HRANDFIELD", key, *arguments)


def test_random_fields_have_the_oracles_shape(hashes):
    hashes.setup("HSET", "h", "a", 1, "b", 2, "c", 3)
    hashes.check("HRANDFIELD", "h", any_of=[b"a", b"b", b"c"])
    fields = {b"a": b"1", b"b": b"2", b"c": b"3"}
    for count in (1, 2, 3, 10, -1, -2, -10):
        assert set(hashes.check("HRANDFIELD", "h", count, shape_only=True)) <= fields.keys()
        found = hashes.check("HRANDFIELD", "h", count, "withvalues", shape_only=True)
        pairs = found if hashes.protocol == 3 else zip(found[::2], found[1::2], strict=True)
        assert {tuple(pair) for pair in pairs} <= set(fields.items())
    hashes.check("HRANDFIELD", "h", 3, unordered=True)
    hashes.check("HRANDFIELD", "h", 4, unordered=True)


def test_random_fields_are_different_unless_repetition_is_asked_for(hashes):
    fields = {f"f{i}": str(i) for i in range(100)}
    hashes.setup("HSET", "h", *[text for pair in fields.items() for text in pair])
    for count in (1, 5, 33, 34, 90, 99, 100, 1000):
        picked = hashes.ours.must("HRANDFIELD", "h", count)
        assert len(picked) == len(set(picked)) == min(count, 100)
        assert {name.decode() for name in picked} <= fields.keys()
    picked = hashes.ours.must("HRANDFIELD", "h", -1000)
    assert len(picked) == 1000
    assert 90 < len(set(picked)) <= 100


@pytest.mark.parametrize(
    "arguments",
    [
        ["x"],
        ["0 "],
        ["+0"],
        ["18446744073709551615"],
        ["18446744073709551616"],
        ["1.0"],
        [0, "COUNT"],
        [0, "COUNT", 0],
        [0, "COUNT", -1],
        [0, "COUNT", "x"],
        [0, "MATCH"],
        [0, "TYPE", "hash"],
        [0, "nonsense"],
        [0, "MATCH", "f*"],
        [0, "match", "*", "count", 3],
        [0, "MATCH", "none", "COUNT", 100],
        [0, "COUNT", 1, "COUNT", 2, "MATCH", "a", "MATCH", "g"],
    ],
    ids=str,
)
@pytest.mark.parametrize("key", ["h", "absent", "text"])
def test_hscan_of_a_small_hash_answers_at_once(pair, key, arguments):
    pair.setup("HSET", "h", "f", "v", "g", "w", "12", "34")
    pair.setup("SET", "text", "value")
    pair.check("HSCAN", key, *arguments)


def scan(client, key, *options):
    """Everything that a complete scan returns, and the number of items in its largest reply."""
    cursor, found, largest = b"0", [], 0
    while True:
        cursor, items = client.must("HSCAN", key, cursor, *options)
        found += items
        largest = max(largest, len(items))
        if cursor == b"0":
            return found, largest


def test_hscan_walks_a_large_hash_in_steps(client):
    fields = {b"field:%d" % i: b"%d" % i for i in range(3000)}
    client.must("HSET", "h", *[text for pair in fields.items() for text in pair])
    found, largest = scan(client, "h", "COUNT", 100)
    assert dict(zip(found[::2], found[1::2], strict=True)) == fields
    assert len(found) == 6000
    assert largest < 2 * 200
    found, _ = scan(client, "h", "MATCH", "field:1*")
    assert {*found[::2]} == {name for name in fields if name.startswith(b"field:1")}


def test_hscan_finds_all_fields_that_stay_while_others_come_and_go(client):
    stay = {b"stay:%d" % i for i in range(500)}
    client.must("HSET", "h", *[text for name in stay for text in (name, "v")])
    cursor, found, step = b"0", set(), 0
    while True:
        cursor, items = client.must("HSCAN", "h", cursor)
        found.update(items[::2])
        if cursor == b"0":
            break
        step += 1
        grow = [text for i in range(100) for text in (f"come:{step}:{i}", "v")]
        client.must("HSET", "h", *grow)
        if step > 20:
            client.must("HDEL", "h", *[f"come:{step - 20}:{i}" for i in range(100)])
    assert stay <= found


def test_hscan_without_values_tells_fields_alone(client):
    client.must("HSET", "small", "a", 1, "b", 2)
    assert client.must("HSCAN", "small", 0, "NOVALUES") == [b"0", [b"a", b"b"]]
    names = {b"f%d" % i for i in range(500)}
    client.must("HSET", "large", *[text for name in names for text in (name, BIG)])
    found, _ = scan(client, "large", "novalues")
    assert len(found) == 500
    assert set(found) == names


def test_a_large_hash_answers_as_the_oracle_does(pair):
    for i in range(0, 2000, 50):
        pair.check("HSET", "h", *[text for j in range(i, i + 50) for text in (f"field{j}", j * j)])
    for name in ("HGETALL", "HKEYS", "HVALS"):
        pair.check(name, "h", unordered="pairs" if name == "HGETALL" else True)
    pair.check("HDEL", "h", *[f"field{i}" for i in range(0, 2000, 3)])
    pair.check("HLEN", "h")
    pair.check("HMGET", "h", *[f"field{i}" for i in range(100)])
    pair.check("HINCRBY", "h", "field1", 5)
    pair.check("HGET", "h", "field1")


def test_a_value_longer_than_any_buffer_comes_back(pair):
    text = "0123456789" * 300_000
    pair.check("HSET", "h", "f", text, text[:70000], "v")
    pair.check("HGET", "h", "f")
    pair.check("HGET", "h", text[:70000])
    pair.check("HSET", "h", "f", "short")
    pair.check("HVALS", "h", unordered=True)


@pytest.mark.parametrize("name", ["COPY", "RENAME"])
def test_a_copied_or_renamed_hash_is_whole(hashes, name):
    hashes.setup("HSET", "h", "a", 1, "b", BIG)
    hashes.check(name, "h", "other")
    hashes.check("HSET", "other", "c", 3)
    hashes.check("HGETALL", "h", unordered="pairs")
    hashes.check("HGETALL", "other", unordered="pairs")

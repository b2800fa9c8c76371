"""SCAN: its options compared with the oracle, and the guarantee that a key present throughout is returned."""

import random
from itertools import islice

import pytest


@pytest.mark.parametrize(
    "words",
    [
        "",
        "x",
        "1x",
        "18446744073709551616",
        "-x",
        "0 COUNT",
        "0 MATCH",
        "0 TYPE",
        "0 COUNT 0",
        "0 COUNT -1",
        "0 COUNT x",
        "0 COUNT 99999999999999999999",
        "0 FOO 1",
        "0 FOO",
        "0 COUNT 10 MATCH",
    ],
)
def test_a_wrong_call_is_answered_as_by_the_oracle(pair, words):
    pair.check("SCAN", *words.split())


@pytest.mark.parametrize("cursor", ["", " ", "-", "-1", "1 ", "0x10", "--0", "99999999999999999999"])
def test_a_cursor_is_a_number(client, cursor):
    assert client.call("SCAN", cursor).raw == b"-ERR invalid cursor\r\n"


@pytest.mark.parametrize("cursor", [" 1", "\t+1", "-0"])
def test_a_cursor_is_read_as_redis_7_4_reads_it(client, cursor):
    assert client.must("SCAN", cursor) == [b"0", []]


def test_only_hashes_have_values_to_leave_out(client):
    assert client.call("SCAN", 0, "NOVALUES").raw == b"-ERR NOVALUES option can only be used in HSCAN\r\n"


@pytest.mark.parametrize("cursor", ["0", "00", "+0", "18446744073709551615", "12345"])
def test_any_number_is_a_cursor_of_an_empty_database(pair, cursor):
    assert pair.check("SCAN", cursor) == [b"0", []]


def scan(client, *options, meanwhile=lambda: None):
    """Returns all keys of a complete walk, each as often as SCAN returned it."""
    cursor, found = b"0", []
    while True:
        cursor, keys = client.must("SCAN", cursor, *options)
        found += keys
        if cursor == b"0":
            return found
        meanwhile()


def fill(client, prefix, count, first=0):
    """Sets `count` numbered keys and returns their names."""
    names = [b"%s:%d" % (prefix, number) for number in range(first, first + count)]
    for at in range(0, count, 500):
        client.must("MSET", *[word for name in names[at : at + 500] for word in (name, b"x")])
    return names


@pytest.fixture
def mixed(pair):
    for number in range(300):
        pair.setup("SET", f"string:{number}", number)
        pair.setup("HSET", f"hash:{number}", "f", number)
    return pair


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("COUNT", 1),
        ("COUNT", 1000000),
        ("MATCH", "*"),
        ("MATCH", "string:1*"),
        ("MATCH", "nothing*"),
        ("TYPE", "string"),
        ("TYPE", "HASH"),
        ("TYPE", "list"),
        ("TYPE", "nosuchtype"),
        ("TYPE", ""),
        ("MATCH", "*:2?", "COUNT", 50, "TYPE", "hash"),
        ("match", "a*", "match", "*:5", "count", 1, "count", 5),
    ],
    ids=lambda options: " ".join(map(str, options)),
)
def test_a_walk_tells_what_the_options_ask_for(mixed, options):
    ours, oracle = scan(mixed.ours, *options), scan(mixed.oracle, *options)
    assert sorted(ours) == sorted(oracle)


def test_a_walk_without_changes_tells_each_key_once(client):
    names = fill(client, b"key", 10_000)
    assert sorted(scan(client)) == sorted(names)


def test_count_bounds_a_call_roughly(client):
    fill(client, b"key", 10_000)
    for count in (1, 10, 100, 1000):
        _, keys = client.must("SCAN", 0, "COUNT", count)
        assert count <= len(keys) <= count + 50


@pytest.mark.parametrize("command", ["SCAN", "SCAN TYPE hash", "HSCAN h", "SSCAN s", "ZSCAN z"])
def test_count_bounds_what_a_call_looks_at_whether_it_matches_or_not(client, command):
    names = fill(client, b"key", 5000)
    client.must("HSET", "h", *[word for name in names for word in (name, b"x")])
    client.must("SADD", "s", *names)
    client.must("ZADD", "z", *[word for at, name in enumerate(names) for word in (at, name)])
    name, *words = command.split()
    before, options = (words, []) if name != "SCAN" else ([], words)
    cursor, calls = b"0", 0
    while calls == 0 or cursor != b"0":
        cursor, found = client.must(
            name, *before, cursor, "COUNT", 100, *options, *([] if options else ["MATCH", "a*"])
        )
        assert len(found) <= 1
        calls += 1
    assert 5000 // 150 <= calls <= 5000 // 100 + 10


def test_count_covers_the_database_in_one_call(client):
    names = fill(client, b"key", 1000)
    cursor, keys = client.must("SCAN", 0, "COUNT", 2**63 - 1)
    assert (cursor, sorted(keys)) == (b"0", sorted(names))


def test_expired_keys_are_passed_over_and_removed(pair):
    pair.setup("SET", "stays", 1)
    for number in range(20):
        pair.setup("SET", f"goes:{number}", 1, "PX", 1)
    pair.setup("DEBUG", "SLEEP", "0.005")
    for client in (pair.ours, pair.oracle):
        # The table may shrink meanwhile, and then the remaining key may be returned twice.
        assert set(scan(client)) == {b"stays"}
        assert client.must("DBSIZE") == 1


def test_keys_present_throughout_are_told_while_the_table_grows(client):
    names = fill(client, b"key", 1000)
    added = iter(range(0, 20_000, 500))

    def add():
        first = next(added, None)
        if first is not None:
            fill(client, b"more", 500, first)

    assert set(scan(client, "MATCH", "key:*", meanwhile=add)) == set(names)


def test_keys_present_throughout_are_told_while_the_table_shrinks(client):
    names = fill(client, b"key", 200)
    others = fill(client, b"other", 20_000)
    random.Random(1).shuffle(others)

    def remove():
        if others:
            client.must("DEL", *[others.pop() for _ in range(200)])

    assert set(scan(client, "MATCH", "key:*", meanwhile=remove)) == set(names)


@pytest.mark.parametrize("seed", range(8))
def test_keys_present_throughout_are_told_whatever_happens_between(client, seed):
    chance = random.Random(seed)
    names = fill(client, b"key", chance.choice([1, 50, 2000]))
    others: list[bytes] = []
    counter = iter(range(30_000))

    def meddle():
        if chance.random() < 0.5:
            batch = [b"other:%d" % number for number in islice(counter, chance.choice([1, 30, 1000]))]
            client.must("MSET", "another", 1, *[word for name in batch for word in (name, b"x")])
            others.extend(batch)
        elif others:
            batch = [others.pop(chance.randrange(len(others))) for _ in range(min(len(others), 1500))]
            client.must("DEL", *batch)

    for _ in range(3):
        assert set(names) <= set(scan(client, "COUNT", chance.choice([1, 10, 100]), meanwhile=meddle))


def test_keys_removed_and_added_again_during_a_walk_do_no_harm(client):
    names = fill(client, b"key", 2000)

    def replace():
        client.must("DEL", *names[:1000])
        fill(client, b"key", 1000)

    found = scan(client, "COUNT", 100, meanwhile=replace)
    assert set(names[1000:]) <= set(found) <= set(names)

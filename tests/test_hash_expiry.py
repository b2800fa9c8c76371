"""The expiry of hash fields as Redis 7.4 documents it; the oracle is older and does not have it."""

import pytest

from support.client import now_ms, wait_until

NO_FIELD, NO_EXPIRY, UNMET, DONE, DELETED = -2, -1, 0, 1, 2
LATEST = 2**46 - 1
PLACE = "ERR Mandatory argument FIELDS is missing or not at the right position"
NUMBER = "ERR Number of fields must be a positive integer"
GREATER = "ERR Parameter `numFields` should be greater than 0"
MATCH = "ERR The `numfields` parameter must match the number of arguments"
WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
SETTING = ["HEXPIRE", "HPEXPIRE", "HEXPIREAT", "HPEXPIREAT"]
TELLING = ["HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST"]


@pytest.fixture(params=[512, 0], ids=["packed", "table"])
def hashes(client, request):
    """A client of a server whose hashes are all listpacks (up to 512 fields) or all hash tables."""
    client.must("CONFIG", "SET", "hash-max-listpack-entries", request.param)
    yield client
    client.must("CONFIG", "SET", "hash-max-listpack-entries", 512)


@pytest.fixture
def lazy(hashes):
    """`hashes` with active expiry off, so that only commands remove due fields."""
    hashes.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    yield hashes
    hashes.must("DEBUG", "SET-ACTIVE-EXPIRE", 1)


def error(client, *arguments):
    reply = client.call(*arguments)
    assert reply.is_error, reply.decoded
    return reply.raw[1:-2].decode()


def as_map(reply):
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))


def with_due_fields(client, key, due, living=()):
    """Create a hash with fields that are due but not yet removed."""
    client.must("HSET", key, *[text for name in (*due, *living) for text in (name, name)])
    client.must("HPEXPIRE", key, 1, "FIELDS", len(due), *due)
    wait_until(lambda: client.must("HPTTL", key, "FIELDS", 1, due[0]) == [NO_FIELD], "the fields to be due")


@pytest.mark.parametrize("name", [*SETTING, *TELLING])
def test_an_absent_key_has_none_of_the_fields(client, name):
    time = [9] if name in SETTING else []
    assert client.must(name, "absent", *time, "FIELDS", 3, "a", "b", "a") == [NO_FIELD] * 3


@pytest.mark.parametrize("name", [*SETTING, *TELLING])
def test_a_key_of_another_type_is_refused_before_the_arguments(client, name):
    client.must("SET", "k", "text")
    time = ["nonsense"] if name in SETTING else []
    assert error(client, name, "k", *time, "nonsense", 1, "f") == WRONG_TYPE


@pytest.mark.parametrize("name", SETTING)
@pytest.mark.parametrize("key", ["h", "absent"])
def test_arguments_for_setting_are_checked(client, name, key):
    client.must("HSET", "h", "f", "v")
    command = name.lower()
    largest = LATEST // 1000 if "P" not in name[1:].replace("EXP", "") else LATEST
    assert error(client, name, key, "x", "FIELDS", 1, "f") == "ERR value is not an integer or out of range"
    assert error(client, name, key, -1, "FIELDS", 1, "f") == "ERR invalid expire time, must be >= 0"
    assert error(client, name, key, largest + 1, "FIELDS", 1, "f") == f"ERR invalid expire time in '{command}' command"
    assert error(client, name, key, 2**63 - 1, "FIELDS", 1, "f") == f"ERR invalid expire time in '{command}' command"
    assert error(client, name, key, 9, "FIELD", 1, "f") == PLACE
    assert error(client, name, key, 9, "NX", "XX", "FIELDS", 1, "f") == PLACE
    assert error(client, name, key, 9, "FIELDS", 0, "f") == GREATER
    assert error(client, name, key, 9, "FIELDS", "x", "f") == GREATER
    assert error(client, name, key, 9, "FIELDS", 2, "f") == MATCH
    assert error(client, name, key, 9, "FIELDS", 1, "f", "g") == MATCH
    assert error(client, name, key, 9, "LT", "FIELDS", 1) == MATCH
    assert error(client, name, key, 9, "FIELDS", 1) == f"ERR wrong number of arguments for '{command}' command"


@pytest.mark.parametrize(("name", "unit"), [("HPEXPIREAT", 1), ("HEXPIREAT", 1000)])
def test_a_field_may_expire_at_the_latest_time(hashes, name, unit):
    hashes.must("HSET", "h", "f", "v", "g", "v", "i", "v")
    assert hashes.must(name, "h", LATEST // unit, "FIELDS", 1, "f") == [DONE]
    assert hashes.must(name, "h", LATEST // unit - 1, "FIELDS", 1, "g") == [DONE]
    latest = LATEST // unit * unit
    assert hashes.must("HPEXPIRETIME", "h", "FIELDS", 3, "f", "g", "i") == [latest, latest - unit, NO_EXPIRY]
    assert hashes.must("HMGET", "h", "f", "g", "i") == [b"v"] * 3


@pytest.mark.parametrize("name", ["HEXPIRE", "HPEXPIRE"])
def test_a_relative_time_may_not_reach_past_the_latest(client, name):
    client.must("HSET", "h", "f", "v")
    unit = 1000 if name == "HEXPIRE" else 1
    assert "invalid expire time" in error(client, name, "h", LATEST // unit - 5, "FIELDS", 1, "f")
    assert client.must(name, "h", (LATEST - now_ms() - 1_000_000) // unit, "FIELDS", 1, "f") == [DONE]


@pytest.mark.parametrize("name", TELLING)
@pytest.mark.parametrize("key", ["h", "absent"])
def test_arguments_for_telling_are_checked(client, name, key):
    client.must("HSET", "h", "f", "v")
    assert error(client, name, key, "FIELD", 1, "f") == PLACE
    assert error(client, name, key, "FIELDS", 0, "f") == NUMBER
    assert error(client, name, key, "FIELDS", -1, "f") == NUMBER
    assert error(client, name, key, "FIELDS", "x", "f") == NUMBER
    assert error(client, name, key, "FIELDS", 2, "f") == MATCH
    assert error(client, name, key, "FIELDS", 1, "f", "g") == MATCH


def check_remaining(hashes, field, at):
    """Check the remaining time of a field against our clock, which the server shares; seconds are rounded up."""
    for command, unit in (("HPTTL", 1), ("HTTL", 1000)):
        before, (left,), after = now_ms(), hashes.must(command, "h", "FIELDS", 1, field), now_ms()
        assert -(-(at - after) // unit) <= left <= -(-(at - before) // unit)


@pytest.mark.parametrize("fraction", [0, 1, 300, 499, 500, 999])
def test_a_time_of_expiry_in_seconds_is_rounded_up(hashes, fraction):
    second = now_ms() // 1000 + 100
    hashes.must("HSET", "h", "f", "v")
    assert hashes.must("HPEXPIREAT", "h", second * 1000 + fraction, "FIELDS", 1, "f") == [DONE]
    assert hashes.must("HEXPIRETIME", "h", "FIELDS", 1, "f") == [second + (fraction > 0)]


def test_a_field_tells_when_it_expires_in_every_unit(hashes):
    hashes.must("HSET", "h", "f", "v", "g", "w")
    at = now_ms() + 100_500
    assert hashes.must("HPEXPIREAT", "h", at, "FIELDS", 2, "f", "none") == [DONE, NO_FIELD]
    assert hashes.must("HPEXPIRETIME", "h", "FIELDS", 3, "f", "g", "none") == [at, NO_EXPIRY, NO_FIELD]
    assert hashes.must("HEXPIRETIME", "h", "FIELDS", 1, "f") == [(at + 999) // 1000]
    check_remaining(hashes, "f", at)
    assert hashes.must("HEXPIREAT", "h", at // 1000, "FIELDS", 1, "g") == [DONE]
    assert hashes.must("HPEXPIRETIME", "h", "FIELDS", 1, "g") == [at // 1000 * 1000]
    begun = now_ms()
    assert hashes.must("HEXPIRE", "h", 1000, "FIELDS", 1, "g") == [DONE]
    (later,) = hashes.must("HPEXPIRETIME", "h", "FIELDS", 1, "g")
    assert begun + 1_000_000 <= later <= now_ms() + 1_000_000
    check_remaining(hashes, "g", later)


@pytest.mark.parametrize(
    ("condition", "verdicts"),
    [
        ([], [DONE, DONE, DONE, DONE]),
        (["NX"], [DONE, UNMET, UNMET, UNMET]),
        (["xx"], [UNMET, DONE, DONE, DONE]),
        (["GT"], [UNMET, DONE, UNMET, UNMET]),
        (["LT"], [DONE, UNMET, UNMET, DONE]),
    ],
    ids=str,
)
def test_conditions_compare_with_the_expiry_there_is(hashes, condition, verdicts):
    base = now_ms() + 1_000_000
    hashes.must("HSET", "h", "none", 1, "earlier", 1, "same", 1, "later", 1)
    for name, at in (("earlier", base - 1), ("same", base), ("later", base + 1)):
        assert hashes.must("HPEXPIREAT", "h", at, "FIELDS", 1, name) == [DONE]
    names = ["none", "earlier", "same", "later"]
    assert hashes.must("HPEXPIREAT", "h", base, *condition, "FIELDS", 4, *names) == verdicts
    old = [NO_EXPIRY, base - 1, base, base + 1]
    expected = [base if verdict == DONE else was for was, verdict in zip(old, verdicts, strict=True)]
    assert hashes.must("HPEXPIRETIME", "h", "FIELDS", 4, *names) == expected


def test_a_time_that_is_past_deletes_the_field_and_the_last_one_the_key(hashes):
    hashes.must("HSET", "h", "a", 1, "b", 2)
    assert hashes.must("HEXPIREAT", "h", 1, "FIELDS", 2, "a", "none") == [DELETED, NO_FIELD]
    assert as_map(hashes.must("HGETALL", "h")) == {b"b": b"2"}
    assert hashes.must("HPEXPIREAT", "h", 0, "XX", "FIELDS", 1, "b") == [UNMET]
    assert hashes.must("HEXPIRE", "h", 0, "FIELDS", 2, "b", "b") == [DELETED, NO_FIELD]
    assert hashes.must("EXISTS", "h") == 0


def test_persisting_takes_the_expiry_away(hashes):
    hashes.must("HSET", "h", "a", 1, "b", 2)
    hashes.must("HEXPIRE", "h", 100, "FIELDS", 1, "a")
    assert hashes.must("HPERSIST", "h", "FIELDS", 3, "a", "b", "c") == [DONE, NO_EXPIRY, NO_FIELD]
    assert hashes.must("HTTL", "h", "FIELDS", 1, "a") == [NO_EXPIRY]


def test_setting_a_field_takes_its_expiry_away_and_adding_to_it_does_not(hashes):
    hashes.must("HSET", "h", "a", 1, "b", 2, "c", 3)
    hashes.must("HEXPIRE", "h", 100, "FIELDS", 3, "a", "b", "c")
    hashes.must("HSET", "h", "a", 5)
    hashes.must("HINCRBY", "h", "b", 5)
    hashes.must("HINCRBYFLOAT", "h", "c", "0.5")
    assert [ttl > 0 for ttl in hashes.must("HTTL", "h", "FIELDS", 3, "a", "b", "c")] == [False, True, True]
    assert hashes.must("HMGET", "h", "a", "b", "c") == [b"5", b"7", b"3.5"]


def test_the_encoding_tells_of_expiry_in_a_packed_hash(client):
    client.must("HSET", "h", "a", 1)
    client.must("HPERSIST", "h", "FIELDS", 1, "a")
    assert client.must("OBJECT", "ENCODING", "h") == b"listpack"
    client.must("HEXPIRE", "h", 100, "FIELDS", 1, "none")
    assert client.must("OBJECT", "ENCODING", "h") == b"listpackex"
    client.must("HEXPIRE", "h", 100, "FIELDS", 1, "a")
    assert client.must("OBJECT", "ENCODING", "h") == b"listpackex"
    client.must("HPERSIST", "h", "FIELDS", 1, "a")
    assert client.must("OBJECT", "ENCODING", "h") == b"listpackex"
    client.must("HSET", "h", *[text for i in range(600) for text in (i, i)])
    assert client.must("OBJECT", "ENCODING", "h") == b"hashtable"


def test_reading_commands_hide_due_fields(lazy):
    with_due_fields(lazy, "h", ["a", "b"], ["c"])
    assert lazy.must("HGET", "h", "a") is None
    assert lazy.must("HMGET", "h", "a", "b", "c") == [None, None, b"c"]
    assert lazy.must("HEXISTS", "h", "a") == 0
    assert lazy.must("HSTRLEN", "h", "a") == 0
    assert as_map(lazy.must("HGETALL", "h")) == {b"c": b"c"}
    assert lazy.must("HKEYS", "h") == [b"c"]
    assert lazy.must("HVALS", "h") == [b"c"]
    assert lazy.must("HSCAN", "h", 0) == [b"0", [b"c", b"c"]]
    assert lazy.must("HRANDFIELD", "h") == b"c"
    assert lazy.must("HRANDFIELD", "h", 5) == [b"c"]
    assert lazy.must("HRANDFIELD", "h", -3) == [b"c"] * 3
    assert lazy.must("HTTL", "h", "FIELDS", 2, "a", "c") == [NO_FIELD, NO_EXPIRY]
    assert lazy.must("HLEN", "h") == 3


def test_writing_commands_meet_no_due_field(lazy):
    with_due_fields(lazy, "counter", ["n"], ["m"])
    assert lazy.must("HINCRBY", "counter", "n", 5) == 5
    assert lazy.must("HTTL", "counter", "FIELDS", 1, "n") == [NO_EXPIRY]
    with_due_fields(lazy, "absent", ["f"])
    assert lazy.must("HSETNX", "absent", "f", "new") == 1
    assert as_map(lazy.must("HGETALL", "absent")) == {b"f": b"new"}
    with_due_fields(lazy, "persist", ["f"], ["g"])
    assert lazy.must("HPERSIST", "persist", "FIELDS", 1, "f") == [NO_FIELD]
    assert lazy.must("HEXPIRE", "persist", 100, "FIELDS", 1, "f") == [NO_FIELD]
    assert lazy.must("HLEN", "persist") == 1


def test_a_hash_whose_fields_are_all_due_goes_by_itself(hashes):
    hashes.must("HSET", "h", "a", 1, "b", 2)
    hashes.must("HSET", "mixed", "a", 1, "b", 2)
    hashes.must("HPEXPIRE", "h", 1, "FIELDS", 2, "a", "b")
    hashes.must("HPEXPIRE", "mixed", 1, "FIELDS", 1, "a")
    wait_until(lambda: hashes.must("EXISTS", "h") == 0, "the hash to be removed")
    wait_until(lambda: hashes.must("HLEN", "mixed") == 1, "the field to be removed")


def test_many_fields_that_expire_in_many_hashes_all_go(client):
    for i in range(100):
        client.must("HSET", f"h{i}", *[text for j in range(150) for text in (j, j)])
        client.must("HPEXPIRE", f"h{i}", 1, "FIELDS", 150, *range(150))
    client.must("HSET", "stays", "f", "v")
    client.must("HEXPIRE", "stays", 1000, "FIELDS", 1, "f")
    wait_until(lambda: client.must("DBSIZE") == 1, "the hashes to be removed")
    assert client.must("HGET", "stays", "f") == b"v"


@pytest.mark.parametrize("name", ["COPY", "RENAME"])
def test_expiry_goes_along_with_a_hash(hashes, name):
    hashes.must("HSET", "h", "a", 1, "b", 2)
    at = now_ms() + 100_000
    hashes.must("HPEXPIREAT", "h", at, "FIELDS", 1, "a")
    hashes.must(name, "h", "other")
    assert hashes.must("HPEXPIRETIME", "other", "FIELDS", 2, "a", "b") == [at, NO_EXPIRY]
    hashes.must("HPEXPIRE", "other", 1, "FIELDS", 2, "a", "b")
    wait_until(lambda: hashes.must("EXISTS", "other") == 0, "the hash to be removed")
    assert hashes.must("EXISTS", "h") == (name == "COPY")


def expiring_hashes(client):
    """The number of hashes with expiring fields in each database, as INFO reports it."""
    told = statistics(client)
    return {
        name: int(text.rsplit("=", 1)[1]) for name, text in told.items() if name.startswith("db") and name[2:].isdigit()
    }


@pytest.mark.parametrize(
    ("commands", "counted"),
    [
        ("", {"db0": 1}),
        ("RENAME h other", {"db0": 1}),
        ("SET other x, RENAME h other", {"db0": 1}),
        ("COPY h other", {"db0": 2}),
        ("COPY h h DB 1", {"db0": 1, "db1": 1}),
        ("HSET other f v, COPY h other REPLACE", {"db0": 2}),
        ("MOVE h 1", {"db1": 1}),
        ("SWAPDB 0 1", {"db1": 1}),
        ("EXPIRE h 1000", {"db0": 1}),
        ("EXPIRE h 1000, PERSIST h, RENAME h other", {"db0": 1}),
    ],
)
def test_wherever_a_hash_has_gone_its_fields_expire_though_nobody_looks(lazy, commands, counted):
    before = int(statistics(lazy)["expired_subkeys"])
    lazy.must("HSET", "h", "a", 1, "b", 2)
    lazy.must("HPEXPIRE", "h", 1, "FIELDS", 1, "a")
    for command in filter(None, commands.split(", ")):
        lazy.must(*command.split())
    assert expiring_hashes(lazy) == counted
    lazy.must("DEBUG", "SET-ACTIVE-EXPIRE", 1)
    total = sum(counted.values())
    wait_until(lambda: int(statistics(lazy)["expired_subkeys"]) == before + total, "the fields to be removed")
    assert expiring_hashes(lazy) == dict.fromkeys(counted, 0)


@pytest.mark.parametrize(
    "command",
    ["HPERSIST h FIELDS 1 a", "HDEL h a", "HSET h a 2", "HMSET h a 2", "HPEXPIREAT h 1 FIELDS 1 a", "DEL h", "SET h x"],
)
def test_a_hash_with_no_field_left_that_expires_is_not_counted(hashes, command):
    hashes.must("HSET", "h", "a", 1, "b", 2)
    hashes.must("SET", "stays", "x")
    hashes.must("HPEXPIRE", "h", 1_000_000, "FIELDS", 1, "a")
    hashes.must(*command.split())
    assert expiring_hashes(hashes) == {"db0": 0}


def whole(client):
    """Every hash with its fields, their values and their expiry."""
    found = {}
    for key in client.must("KEYS", "*"):
        names = sorted(client.must("HKEYS", key))
        times = client.must("HPEXPIRETIME", key, "FIELDS", len(names), *names)
        found[key] = list(zip(names, client.must("HMGET", key, *names), times, strict=True))
    return found


def test_the_file_brings_back_fields_values_and_expiry(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client() as client:
        for size in (5, 300):
            key = f"h{size}"
            client.must("HSET", key, *[text for i in range(size) for text in (f"f{i}", i)])
            client.must("HEXPIRE", key, 1000, "FIELDS", 3, "f0", "f1", "none")
            client.must("HPEXPIRE", key, 2_000_000, "NX", "FIELDS", 2, "f1", "f2")
            client.must("HEXPIREAT", key, 1, "FIELDS", 1, "f3")
            client.must("HINCRBYFLOAT", key, "f1", "0.1")
            client.must("HINCRBY", key, "f2", 7)
            client.must("HPERSIST", key, "FIELDS", 1, "f0")
            client.must("HPEXPIRE", key, 1, "FIELDS", 1, "f4")
        wait_until(lambda: (client.must("HLEN", "h5"), client.must("HLEN", "h300")) == (3, 298), "f4 to be removed")
        before = whole(client)
    server.kill()
    server.start()
    with server.client() as client:
        assert whole(client) == before


def statistics(client):
    lines = client.must("INFO", "stats", "keyspace").decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def test_info_counts_expired_fields_and_hashes_that_have_expiring_ones(hashes):
    before = int(statistics(hashes)["expired_subkeys"])
    hashes.must("HSET", "h", "a", 1, "b", 2)
    hashes.must("HSET", "other", "a", 1)
    hashes.must("HEXPIRE", "h", 100, "FIELDS", 2, "a", "b")
    assert statistics(hashes)["db0"].endswith("subexpiry=1")
    hashes.must("HPEXPIRE", "h", 1, "FIELDS", 2, "a", "b")
    wait_until(lambda: hashes.must("EXISTS", "h") == 0, "the hash to be removed")
    assert int(statistics(hashes)["expired_subkeys"]) == before + 2
    assert statistics(hashes)["db0"].endswith("subexpiry=0")


@pytest.mark.parametrize("command", ["HEXPIRE h 0", "HPEXPIREAT h 1"])
def test_info_counts_fields_that_expire_at_once(hashes, command):
    before = int(statistics(hashes)["expired_subkeys"])
    hashes.must("HSET", "h", "a", 1, "b", 2, "c", 3)
    assert hashes.must(*command.split(), "FIELDS", 3, "a", "b", "none") == [DELETED, DELETED, NO_FIELD]
    assert int(statistics(hashes)["expired_subkeys"]) == before + 2


# The numbers of hashes with expiring fields in databases 0 and 1 after each command; before it, only "h" in 0 has some.
SUBEXPIRY = {
    "COPY h other": (2, 0),
    "COPY h other DB 1": (1, 1),
    "COPY h plain REPLACE": (2, 0),
    "COPY plain h REPLACE": (0, 0),
    "RENAME h other": (1, 0),
    "RENAME h plain": (1, 0),
    "RENAME plain h": (0, 0),
    "MOVE h 1": (0, 1),
    "SWAPDB 0 1": (0, 1),
    "EXPIRE h 1000": (1, 0),
    "PERSIST h": (1, 0),
    "HSET h b 3": (1, 0),
    "HSET h a 3": (0, 0),
    "HDEL h a": (0, 0),
    "HINCRBY h a 1": (1, 0),
    "HINCRBYFLOAT h a 1": (1, 0),
    "HPERSIST h FIELDS 1 a": (0, 0),
    "HPEXPIREAT plain 4102444800000 FIELDS 1 a": (2, 0),
    "SET h string": (0, 0),
    "SADD set a": (1, 0),
    "SUNIONSTORE h set": (0, 0),
    "DEL h": (0, 0),
    "UNLINK h": (0, 0),
    "FLUSHDB": (0, 0),
}


@pytest.mark.parametrize("expiring", [False, True], ids=["lasting", "expiring"])
@pytest.mark.parametrize("line", SUBEXPIRY)
def test_hashes_with_expiring_fields_are_known_wherever_they_go(shared_ours, line, expiring):
    """Only the counted hashes are searched for due fields."""
    with shared_ours.client() as client:
        for key in ("h", "plain"):
            client.must("HSET", key, "a", 1, "b", 2)
        if expiring:
            client.must("PEXPIREAT", "h", 4102444800000)
        client.must("HPEXPIREAT", "h", 4102444800000, "FIELDS", 1, "a")
        client.must(*line.split())
        told = statistics(client)
    found = [told.get(name, "subexpiry=0").rpartition("subexpiry=")[2] for name in ("db0", "db1")]
    assert tuple(map(int, found)) == SUBEXPIRY[line]


def test_a_hash_whose_expiring_fields_have_gone_is_looked_through_no_more(shared_ours):
    with shared_ours.client() as client:
        client.must("HSET", "h", "a", 1, "b", 2)
        client.must("HPEXPIRE", "h", 1, "FIELDS", 1, "a")
        wait_until(lambda: client.must("HLEN", "h") == 1, "the field to be removed")
        assert statistics(client)["db0"].endswith("subexpiry=0")


@pytest.mark.parametrize("line", ["COPY h other", "RENAME h other", "MOVE h 1", "SWAPDB 0 1", "COPY h other DB 1"])
def test_fields_that_went_elsewhere_go_by_themselves_when_they_are_due(shared_ours, line):
    with shared_ours.client() as client:
        client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        try:
            client.must("HSET", "h", "a", 1)
            client.must("HPEXPIREAT", "h", now_ms() + 50, "FIELDS", 1, "a")
            client.must(*line.split())
        finally:
            client.must("DEBUG", "SET-ACTIVE-EXPIRE", 1)
        wait_until(lambda: not any(name.startswith("db") for name in statistics(client)), "the hashes to be removed")


@pytest.mark.parametrize(
    "command",
    [
        ["HEXPIRE", "h", "x", "FIELDS", 1, "f"],
        ["HPERSIST", "h", "FIELDS", 1, "f"],
        ["HSETNX", "h", "f", "w"],
        ["HDEL", "h", "none"],
        ["HINCRBY", "h", "f", 1],
    ],
)
def test_a_command_that_only_met_due_fields_is_not_told_to_the_file(start_ours, command):
    server = start_ours("--appendonly", "yes")
    with server.client() as client:
        client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        with_due_fields(client, "h", ["due"], ["f"])
        client.call(*command)
        client.must("SET", "last", 1)
    file = (server.folder / "appendonlydir" / "appendonly.aof.1.incr.aof").read_bytes()
    told = file[file.index(b"HPEXPIREAT") :]
    assert told.index(b"*3\r\n$4\r\nHDEL\r\n$1\r\nh\r\n$3\r\ndue\r\n*3\r\n$3\r\nSET\r\n") > 0

"""HGETDEL, HGETEX and HSETEX as Redis 8 documents them; the oracle is older and does not have them.

``test_propagation`` checks what they write to the append-only file, ``test_events`` their events.
"""

import pytest
from test_hash_expiry import LATEST, MATCH, NO_EXPIRY, NUMBER, PLACE, WRONG_TYPE, as_map, error, with_due_fields
from test_hash_expiry import hashes as hashes
from test_hash_expiry import lazy as lazy

NAMED = ["HGETDEL", "HGETEX"]
INTEGER = "ERR value is not an integer or out of range"
NEGATIVE = "ERR invalid expire time, must be >= 0"
ONE_MOMENT = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"
ONE_CONDITION = "ERR Only one of FXX or FNX arguments can be specified"
FAR_SECONDS = 4_102_444_800
FAR = FAR_SECONDS * 1000


def arity(name):
    return f"ERR wrong number of arguments for '{name.lower()}' command"


def moments(client, key, *fields):
    return client.must("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)


@pytest.mark.parametrize("name", NAMED)
def test_fields_of_an_absent_key_are_null(client, name):
    assert client.must(name, "absent", "FIELDS", 3, "a", "b", "a") == [None] * 3
    assert client.must("EXISTS", "absent") == 0


@pytest.mark.parametrize("name", NAMED)
def test_a_key_of_another_type_is_refused_before_the_arguments(client, name):
    client.must("SET", "k", "text")
    assert error(client, name, "k", "nonsense", 1, "f") == WRONG_TYPE
    assert error(client, "HSETEX", "k", "FIELDS", 1, "f", "v") == WRONG_TYPE


def test_hsetex_looks_at_its_arguments_before_the_key(client):
    client.must("SET", "k", "text")
    assert error(client, "HSETEX", "k", "EX", "x", "FIELDS", 1, "f", "v") == INTEGER


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("key", ["h", "absent"])
def test_the_fields_named_are_checked(client, name, key):
    client.must("HSET", "h", "f", "v")
    assert error(client, name, key, "FIELDS", 1) == arity(name)
    assert error(client, name, key, "XFIELDX", 1, "f") == PLACE
    assert error(client, name, key, "FIELDS", 0, "f") == NUMBER
    assert error(client, name, key, "FIELDS", -1, "f") == NUMBER
    assert error(client, name, key, "FIELDS", "x", "f") == NUMBER
    assert error(client, name, key, "FIELDS", 2**63, "f") == NUMBER
    assert error(client, name, key, "FIELDS", 2, "f") == MATCH
    assert error(client, name, key, "FIELDS", 1, "f", "g") == MATCH


# ---- HGETDEL ----


def test_hgetdel_returns_values_and_removes_their_fields(hashes):
    hashes.must("HSET", "h", "f", "1", "g", "two", "i", "")
    assert hashes.must("HGETDEL", "h", "FIELDS", 4, "g", "absent", "i", "g") == [b"two", None, b"", None]
    assert as_map(hashes.must("HGETALL", "h")) == {b"f": b"1"}


def test_hgetdel_removes_the_key_with_the_last_field(hashes):
    hashes.must("HSET", "h", "f", "1")
    assert hashes.must("hgetdel", "h", "fields", 2, "x", "f") == [None, b"1"]
    assert hashes.must("EXISTS", "h") == 0


def test_hgetdel_does_not_return_what_is_due(lazy):
    with_due_fields(lazy, "h", ["f"], ["g"])
    assert lazy.must("HGETDEL", "h", "FIELDS", 2, "f", "g") == [None, b"g"]
    assert lazy.must("EXISTS", "h") == 0


def test_a_hash_whose_last_field_with_an_expiry_is_removed_has_none(hashes):
    hashes.must("HSETEX", "h", "EX", 100, "FIELDS", 1, "f", "1")
    hashes.must("HSET", "h", "g", "1")
    assert b"subexpiry=1" in hashes.must("INFO", "keyspace")
    hashes.must("HGETDEL", "h", "FIELDS", 1, "f")
    assert b"subexpiry=0" in hashes.must("INFO", "keyspace")


# ---- HGETEX ----


def test_hgetex_without_an_option_only_reads(hashes):
    hashes.must("HSET", "h", "f", "1", "g", "two")
    hashes.must("HPEXPIREAT", "h", FAR, "FIELDS", 1, "f")
    assert hashes.must("HGETEX", "h", "FIELDS", 3, "g", "f", "x") == [b"two", b"1", None]
    assert moments(hashes, "h", "f", "g") == [FAR, NO_EXPIRY]


@pytest.mark.parametrize(
    ("option", "value"), [("EXAT", FAR_SECONDS), ("PXAT", FAR), ("exat", FAR_SECONDS), ("pXat", FAR)]
)
def test_hgetex_sets_the_expiry_of_the_fields_it_returns(hashes, option, value):
    hashes.must("HSET", "h", "f", "1", "g", "2")
    assert hashes.must("HGETEX", "h", option, value, "FIELDS", 2, "f", "x") == [b"1", None]
    assert moments(hashes, "h", "f", "g") == [FAR, NO_EXPIRY]


@pytest.mark.parametrize(("option", "value"), [("EX", 1000), ("PX", 1_000_000)])
def test_hgetex_counts_from_now(hashes, option, value):
    hashes.must("HSET", "h", "f", "1")
    hashes.must("HGETEX", "h", option, value, "FIELDS", 1, "f")
    assert 900 < hashes.must("HTTL", "h", "FIELDS", 1, "f")[0] <= 1000


def test_hgetex_removes_the_expiry(hashes):
    hashes.must("HSETEX", "h", "EX", 100, "FIELDS", 2, "f", "1", "g", "2")
    assert hashes.must("HGETEX", "h", "PERSIST", "FIELDS", 2, "f", "x") == [b"1", None]
    assert moments(hashes, "h", "f")[0] == NO_EXPIRY != moments(hashes, "h", "g")[0]


@pytest.mark.parametrize(("option", "value"), [("EXAT", 1), ("PXAT", 1), ("EX", 0), ("PX", 0)])
def test_hgetex_with_a_moment_that_has_passed_returns_and_removes(hashes, option, value):
    hashes.must("HSET", "h", "f", "1", "g", "2")
    assert hashes.must("HGETEX", "h", option, value, "FIELDS", 3, "f", "x", "f") == [b"1", None, None]
    assert as_map(hashes.must("HGETALL", "h")) == {b"g": b"2"}
    hashes.must("HGETEX", "h", option, value, "FIELDS", 1, "g")
    assert hashes.must("EXISTS", "h") == 0


@pytest.mark.parametrize("option", [["EX", 100], ["PERSIST"], []])
def test_hgetex_does_not_return_what_is_due(lazy, option):
    with_due_fields(lazy, "h", ["f"], ["g"])
    assert lazy.must("HGETEX", "h", *option, "FIELDS", 2, "f", "g") == [None, b"g"]
    assert lazy.must("HKEYS", "h") == [b"g"]


@pytest.mark.parametrize("option", [["EX", 100], ["PERSIST"], ["PXAT", 1]])
def test_a_hash_that_could_get_an_expiry_is_encoded_for_it(client, option):
    """This holds even if no field got one, as in Redis."""
    client.must("HSET", "h", "f", "1")
    client.must("HGETEX", "h", "FIELDS", 1, "f")
    assert client.must("OBJECT", "ENCODING", "h") == b"listpack"
    client.must("HGETEX", "h", *option, "FIELDS", 1, "x")
    assert client.must("OBJECT", "ENCODING", "h") == b"listpackex"


@pytest.mark.parametrize("key", ["h", "absent"])
def test_the_options_of_hgetex_are_checked(client, key):
    client.must("HSET", "h", "f", "v")
    invalid = "ERR invalid expire time in 'hgetex' command"
    assert error(client, "HGETEX", key, "EX", "x", "FIELDS", 1, "f") == INTEGER
    assert error(client, "HGETEX", key, "EXAT", 2**63, "FIELDS", 1, "f") == INTEGER
    assert error(client, "HGETEX", key, "PX", -1, "FIELDS", 1, "f") == NEGATIVE
    assert error(client, "HGETEX", key, "EX", 2**48, "FIELDS", 1, "f") == invalid
    assert error(client, "HGETEX", key, "EX", LATEST // 1000, "FIELDS", 1, "f") == invalid
    assert error(client, "HGETEX", key, "PXAT", LATEST + 1, "FIELDS", 1, "f") == invalid
    assert error(client, "HGETEX", key, "PX", 1, "FIELDS") == PLACE
    assert error(client, "HGETEX", key, "PXAT", 1, 1) == PLACE
    assert error(client, "HGETEX", key, "PERSIST", 1, "FIELDS", 1, "f") == PLACE
    assert error(client, "HGETEX", key, "EX", 100, "PERSIST", "FIELDS", 1, "f") == PLACE
    assert error(client, "HGETEX", key, "KEEPTTL", "FIELDS", 1, "f") == PLACE
    assert error(client, "HGETEX", key, "PERSIST", "FIELDS", 1) == MATCH


# ---- HSETEX ----


def test_hsetex_sets_fields(hashes):
    assert hashes.must("HSETEX", "h", "FIELDS", 2, "f", "1", "g", "two") == 1
    assert hashes.must("HSETEX", "h", "FIELDS", 3, "g", "2", "i", "", "i", "3") == 1
    assert as_map(hashes.must("HGETALL", "h")) == {b"f": b"1", b"g": b"2", b"i": b"3"}


def test_hsetex_without_an_option_drops_the_expiry(hashes):
    hashes.must("HSETEX", "h", "EX", 100, "FIELDS", 1, "f", "1")
    hashes.must("HSETEX", "h", "FIELDS", 1, "f", "2")
    assert moments(hashes, "h", "f") == [NO_EXPIRY]


def test_hsetex_keeps_the_expiry_when_it_is_to(hashes):
    hashes.must("HSETEX", "h", "PXAT", FAR, "FIELDS", 1, "f", "1")
    assert hashes.must("HSETEX", "h", "KEEPTTL", "FIELDS", 2, "f", "2", "g", "3") == 1
    assert moments(hashes, "h", "f", "g") == [FAR, NO_EXPIRY]
    assert hashes.must("HMGET", "h", "f", "g") == [b"2", b"3"]


@pytest.mark.parametrize(("option", "value"), [("EXAT", FAR_SECONDS), ("PXAT", FAR)])
def test_hsetex_sets_the_expiry(hashes, option, value):
    assert hashes.must("HSETEX", "h", option, value, "FIELDS", 2, "f", "1", "g", "2") == 1
    assert moments(hashes, "h", "f", "g") == [FAR, FAR]
    assert b"subexpiry=1" in hashes.must("INFO", "keyspace")


@pytest.mark.parametrize(("option", "value"), [("EX", 1000), ("PX", 1_000_000)])
def test_hsetex_counts_from_now(hashes, option, value):
    hashes.must("HSETEX", "h", option, value, "FIELDS", 1, "f", "1")
    assert 900 < hashes.must("HTTL", "h", "FIELDS", 1, "f")[0] <= 1000


def test_hsetex_sets_all_fields_only_if_all_exist(hashes):
    assert hashes.must("HSETEX", "h", "FXX", "FIELDS", 1, "f", "1") == 0
    assert hashes.must("EXISTS", "h") == 0
    hashes.must("HSET", "h", "f", "1", "g", "2")
    assert hashes.must("HSETEX", "h", "FXX", "EX", 100, "FIELDS", 2, "f", "x", "absent", "x") == 0
    assert hashes.must("HSETEX", "h", "EX", 100, "FXX", "FIELDS", 2, "f", "3", "g", "4") == 1
    assert as_map(hashes.must("HGETALL", "h")) == {b"f": b"3", b"g": b"4"}


def test_hsetex_sets_all_fields_only_if_none_exists(hashes):
    assert hashes.must("HSETEX", "h", "FNX", "FIELDS", 1, "f", "1") == 1
    assert hashes.must("HSETEX", "h", "FNX", "FIELDS", 2, "g", "2", "f", "2") == 0
    assert hashes.must("HSETEX", "h", "PXAT", FAR, "FNX", "FIELDS", 2, "g", "2", "i", "3") == 1
    assert as_map(hashes.must("HGETALL", "h")) == {b"f": b"1", b"g": b"2", b"i": b"3"}


def test_a_due_field_does_not_exist_for_hsetex(lazy):
    with_due_fields(lazy, "h", ["f"], ["g"])
    assert lazy.must("HSETEX", "h", "FXX", "FIELDS", 1, "f", "1") == 0
    assert lazy.must("HSETEX", "h", "FNX", "FIELDS", 1, "f", "1") == 1
    with_due_fields(lazy, "all", ["f", "g"])
    assert lazy.must("HSETEX", "all", "FXX", "FIELDS", 1, "f", "1") == 0
    assert lazy.must("EXISTS", "all") == 0


@pytest.mark.parametrize(("option", "value"), [("EXAT", 1), ("PX", 0)])
def test_hsetex_with_a_moment_that_has_passed_removes_the_fields(hashes, option, value):
    assert hashes.must("HSETEX", "h", option, value, "FIELDS", 1, "f", "1") == 1
    assert hashes.must("EXISTS", "h") == 0
    hashes.must("HSET", "h", "f", "1", "g", "2")
    assert hashes.must("HSETEX", "h", option, value, "FIELDS", 2, "f", "3", "i", "4") == 1
    assert as_map(hashes.must("HGETALL", "h")) == {b"g": b"2"}


def test_many_fields_are_set_with_one_expiry(hashes):
    pairs = [text for index in range(1000) for text in (f"field:{index}", index)]
    assert hashes.must("HSETEX", "h", "PXAT", FAR, "FIELDS", 1000, *pairs) == 1
    assert hashes.must("HLEN", "h") == 1000
    assert moments(hashes, "h", *pairs[::2]) == [FAR] * 1000
    values = hashes.must("HGETDEL", "h", "FIELDS", 1000, *pairs[::2])
    assert values == [str(value).encode() for value in pairs[1::2]]
    assert hashes.must("EXISTS", "h") == 0


WRONG = [
    (["FIELDS", 1, "f"], arity("HSETEX")),
    (["FXX", "FIELDS", 1, "f"], arity("HSETEX")),
    (["EX", 100, "FIELDS", 1], arity("HSETEX")),
    (["FIELDS", 2, "f", "v"], arity("HSETEX")),
    (["FIELDS", 1, "f", "v", "g"], arity("HSETEX")),
    (["FIELDS", 1, "f", "v", "g", "w"], arity("HSETEX")),
    (["FIELDS", "x", "f", "v"], "ERR invalid number of fields"),
    (["FIELDS", 0, "f", "v"], "ERR invalid number of fields"),
    (["FIELDS", -1, "f", "v"], "ERR invalid number of fields"),
    (["FIELDS", 2**31, "f", "v"], "ERR invalid number of fields"),
    (["NX", "FIELDS", 1, "f", "v"], "ERR unknown argument: NX"),
    (["a\r\nb\0c", "FIELDS", 1, "f", "v"], "ERR unknown argument: a  b"),
    (["PERSIST", "FIELDS", 1, "f", "v"], "ERR unknown argument: PERSIST"),
    (["FXX", "FNX", "FIELDS", 1, "f", "v"], ONE_CONDITION),
    (["FXX", "EX", 1, "FXX", "FIELDS", 1, "f", "v"], ONE_CONDITION),
    (["EX", 100, "PX", 100, "FIELDS", 1, "f", "v"], ONE_MOMENT),
    (["KEEPTTL", "EXAT", 100, "FIELDS", 1, "f", "v"], ONE_MOMENT),
    (["PXAT", 1, "KEEPTTL", "FIELDS", 1, "f", "v"], ONE_MOMENT),
    (["KEEPTTL", "KEEPTTL", "FIELDS", 1, "f", "v"], ONE_MOMENT),
    (["EX", "FIELDS", 1, "f", "v"], INTEGER),
    (["PXAT", 2**63, "FIELDS", 1, "f", "v"], INTEGER),
    (["EXAT", -1, 1, "f", "v"], NEGATIVE),
    (["EXAT", 2**48, 1, "f", "v"], "ERR invalid expire time in 'hsetex' command"),
    (["FNX", "KEEPTTL", "FXX", "EX"], ONE_CONDITION),
    (["FNX", "EX", 5, "FIELDS"], arity("HSETEX")),
    (["FNX", "KEEPTTL", "EX", 1], ONE_MOMENT),
    (["KEEPTTL", "FNX", "FIELDS", 1], arity("HSETEX")),
]


@pytest.mark.parametrize(("words", "text"), WRONG, ids=[" ".join(map(str, words)) for words, _ in WRONG])
@pytest.mark.parametrize("key", ["h", "absent"])
def test_the_arguments_of_hsetex_are_checked(client, key, words, text):
    client.must("HSET", "h", "f", "v")
    assert error(client, "HSETEX", key, *words) == text
    assert as_map(client.must("HGETALL", "h")) == {b"f": b"v"}
    assert client.must("EXISTS", "absent") == 0


def test_commands_of_redis_8_are_listed_with_their_version(client):
    docs = as_map(client.must("COMMAND", "DOCS", "hsetex"))
    assert as_map(docs[b"hsetex"])[b"since"] == b"8.0.0"
    info = client.must("COMMAND", "INFO", "hgetdel", "hgetex", "hsetex")
    assert [row[:6] for row in info] == [
        [b"hgetdel", -5, info[0][2], 1, 1, 1],
        [b"hgetex", -5, info[1][2], 1, 1, 1],
        [b"hsetex", -6, info[2][2], 1, 1, 1],
    ]
    assert {b"hgetdel", b"hgetex", b"hsetex"} <= set(client.must("COMMAND", "LIST"))

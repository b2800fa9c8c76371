"""Commands on keys of any type, and on databases, compared with the oracle in both protocols."""

import pytest

KEYS = ("int", "embstr", "raw", "small", "large")


@pytest.fixture
def filled(pair):
    """The pair with a string or hash of each encoding."""
    pair.setup("SET", "int", 12345678901)
    pair.setup("SET", "embstr", "short")
    pair.setup("SET", "raw", "x" * 300)
    pair.setup("HSET", "small", "f", 1, "g", "two")
    pair.setup("HSET", "large", *[part for number in range(600) for part in (f"field:{number}", number)])
    return pair


def contents(pair, key):
    """The value, compared between the servers."""
    if pair.check("TYPE", key) == "hash":
        return pair.check("HGETALL", key, unordered="pairs")
    return pair.check("GET", key)


@pytest.mark.parametrize(
    "command",
    [
        "DEL",
        "UNLINK",
        "EXISTS",
        "TOUCH",
        "TYPE",
        "KEYS",
        "RENAME a",
        "RENAMENX a",
        "COPY a",
        "COPY a b DB",
        "COPY a b DB x",
        "COPY a b DB 99",
        "COPY a b DB -1",
        "COPY a b DB 99999999999",
        "COPY a b NX",
        "COPY a a",
        "COPY a a REPLACE",
        "COPY a a DB 0",
        "MOVE a",
        "MOVE a 0",
        "MOVE a x",
        "MOVE a 99",
        "MOVE a -1",
        "MOVE a 99999999999",
        "MOVE a 9999999999999999999999",
        "OBJECT",
        "OBJECT ENCODING",
        "OBJECT NOSUCH a",
        "OBJECT FREQ absent",
        "OBJECT ENCODING absent",
        "OBJECT IDLETIME absent",
        "OBJECT REFCOUNT absent",
        "RENAME absent b",
        "RENAME absent absent",
        "RENAMENX absent b",
        "RANDOMKEY x",
        "DBSIZE x",
        "SELECT",
        "SELECT x",
        "SELECT 16",
        "SELECT -1",
        "SELECT 99999999999",
        "SELECT 9999999999999999999999",
        "SELECT 01",
        "SWAPDB 0",
        "SWAPDB a 1",
        "SWAPDB 1 b",
        "SWAPDB 0 16",
        "SWAPDB -1 0",
        "SWAPDB 0 99999999999",
        "FLUSHALL NOW",
        "FLUSHALL ASYNC SYNC",
        "FLUSHDB LATER",
    ],
)
def test_a_wrong_call_is_answered_as_by_the_oracle(pair, command):
    pair.setup("SET", "a", 1)
    pair.check(*command.split())
    assert pair.check("GET", "a") == b"1"


@pytest.mark.parametrize("command", ["DEL", "UNLINK"])
@pytest.mark.parametrize("lazy", ["yes", "no"])
def test_removal_counts_what_was_there(filled, command, lazy):
    with filled.config(lazyfree_lazy_user_del=lazy):
        assert filled.check(command, "absent") == 0
        assert filled.check(command, "int", "absent", "int", "large") == 2
        assert filled.check(command, *KEYS) == 3
    assert filled.check("DBSIZE") == 0


def test_exists_and_touch_count_each_mention(filled):
    assert filled.check("EXISTS", "int", "int", "absent", "large") == 3
    assert filled.check("TOUCH", "int", "int", "absent", "large") == 3
    assert filled.check("EXISTS", "absent") == 0


def test_type_and_encoding_name_every_value(filled):
    for key in (*KEYS, "absent"):
        filled.check("TYPE", key)
        filled.check("OBJECT", "ENCODING", key)


@pytest.mark.parametrize("value", [0, 9999, 10000, -1, 2**63 - 1, "text"])
def test_refcount_tells_shared_integers(pair, value):
    pair.setup("SET", "a", value)
    pair.check("OBJECT", "REFCOUNT", "a")


def test_idle_time_counts_from_the_last_access(pair):
    pair.setup("SET", "a", "text")
    pair.setup("GET", "a")
    pair.check("OBJECT", "IDLETIME", "a", drift=1)


def test_frequency_and_idle_time_exclude_each_other(pair):
    pair.setup("SET", "a", 1)
    assert pair.check("OBJECT", "FREQ", "a").startswith("ERR An LFU maxmemory policy is not selected")
    with pair.config(maxmemory_policy="allkeys-lfu"):
        assert pair.check("OBJECT", "IDLETIME", "a").startswith("ERR An LFU maxmemory policy is selected")


def test_frequency_counts_accesses(pair):
    with pair.config(maxmemory_policy="allkeys-lfu", lfu_log_factor=0, lfu_decay_time=0):
        pair.setup("SET", "a", "text")
        assert pair.check("OBJECT", "FREQ", "a") == 5
        for command in (("GET", "a"), ("SET", "a", "other"), ("SET", "a", 12345), ("INCR", "a"), ("EXPIRE", "a", 100)):
            pair.setup(*command)
            pair.check("OBJECT", "FREQ", "a")
        for _ in range(300):
            pair.setup("TOUCH", "a")
        assert pair.check("OBJECT", "FREQ", "a") == 255


def test_a_large_log_factor_slows_the_counter_down(client):
    settings = {"maxmemory-policy": "allkeys-lfu", "lfu-log-factor": 1000, "lfu-decay-time": 0}
    try:
        client.must("CONFIG", "SET", *[word for item in settings.items() for word in item])
        client.must("SET", "a", "text")
        client.pipeline([("GET", "a")] * 1000)
        assert 6 <= client.must("OBJECT", "FREQ", "a") < 20
    finally:
        client.must("CONFIG", "SET", "maxmemory-policy", "noeviction", "lfu-log-factor", 10, "lfu-decay-time", 1)


def test_object_help_is_a_list_of_lines(client):
    lines = client.call("OBJECT", "HELP")
    assert {line.kind for line in lines.value} == {"+"}
    assert lines.decoded[0] == "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    assert "ENCODING <key>" in lines.decoded


@pytest.mark.parametrize("pattern", ["*", "k?y", "key*", "[^a]*", "\\a", "**", "", "nothing*", "*[0-9]"])
def test_keys_tells_what_matches(pair, pattern):
    for key in ("", "a", "abc", "key", "kay", "key:1", "key:22", "x\xff"):
        pair.setup("SET", key, 1)
    pair.check("KEYS", pattern, unordered=True)


def test_keys_passes_over_what_has_expired(pair):
    pair.setup("SET", "stays", 1)
    pair.setup("SET", "goes", 1, "PX", 1)
    pair.setup("DEBUG", "SLEEP", "0.005")
    assert pair.check("KEYS", "*", unordered=True) == [b"stays"]


def test_randomkey_tells_a_key_that_exists(pair):
    assert pair.check("RANDOMKEY") is None
    for key in "abc":
        pair.setup("SET", key, 1)
    for _ in range(20):
        pair.check("RANDOMKEY", any_of=[b"a", b"b", b"c"])


def test_randomkey_reaches_every_key(client):
    for number in range(50):
        client.must("SET", number, 1)
    seen = {reply.decoded for reply in client.pipeline([("RANDOMKEY",)] * 3000)}
    assert len(seen) == 50


def test_randomkey_finds_nothing_when_everything_has_expired(pair):
    for key in "abc":
        pair.setup("SET", key, 1, "PX", 1)
    pair.setup("DEBUG", "SLEEP", "0.005")
    assert pair.check("RANDOMKEY") is None


# ---- names ----


@pytest.mark.parametrize("source", KEYS)
@pytest.mark.parametrize("target", ["absent", "embstr", "large", "a name of more than 255 bytes " * 9])
@pytest.mark.parametrize("command", ["RENAME", "RENAMENX"])
def test_a_renamed_key_keeps_value_and_expiry(filled, command, source, target):
    filled.setup("PEXPIREAT", source, 4_102_444_800_000)
    filled.check(command, source, target)
    for key in (source, target):
        contents(filled, key)
        filled.check("PEXPIRETIME", key)
        filled.check("OBJECT", "ENCODING", key)
    filled.check("DBSIZE")


def test_a_key_renamed_over_one_with_an_expiry_does_not_take_that_over(pair):
    pair.setup("SET", "a", 1)
    pair.setup("SET", "b", 2, "EX", 1000)
    pair.check("RENAME", "a", "b")
    assert pair.check("TTL", "b") == -1


@pytest.mark.parametrize("command", ["RENAME", "RENAMENX"])
def test_a_key_renamed_to_itself_stays(pair, command):
    pair.setup("SET", "a", 1, "EX", 1000)
    pair.check(command, "a", "a")
    assert pair.check("GET", "a") == b"1"


def test_a_key_that_has_expired_is_no_obstacle(pair):
    for command in (("RENAMENX", "a", "b"), ("COPY", "a", "b"), ("MOVE", "a", 1)):
        pair.setup("FLUSHALL")
        pair.setup("SET", "a", 1)
        pair.setup("SET", "b", 2, "PX", 1)
        pair.setup("SELECT", 1)
        pair.setup("SET", "a", 2, "PX", 1)
        pair.setup("SELECT", 0)
        pair.setup("DEBUG", "SLEEP", "0.005")
        assert pair.check(*command) == 1


@pytest.mark.parametrize("source", KEYS)
@pytest.mark.parametrize("options", ["", "REPLACE", "DB 1", "DB 1 REPLACE", "REPLACE DB 2 DB 1", "replace db 0"])
def test_a_copy_is_a_key_of_its_own(filled, source, options):
    filled.setup("EXPIREAT", source, 4_102_444_800)
    for _ in range(2):
        filled.check("COPY", source, "copy", *options.split())
    filled.check("DEL", source)
    for database in (0, 1):
        filled.check("SELECT", database)
        contents(filled, "copy")
        filled.check("EXPIRETIME", "copy")
        filled.check("OBJECT", "ENCODING", "copy")


def test_changing_a_copy_leaves_the_original_alone(filled):
    for key in KEYS:
        filled.check("COPY", key, f"copy of {key}")
    filled.check("APPEND", "copy of raw", "more")
    filled.check("INCR", "copy of int")
    filled.check("HSET", "copy of large", "field:1", "other")
    filled.check("HDEL", "copy of small", "f", "g")
    for key in KEYS:
        contents(filled, key)


def test_an_absent_key_is_not_copied(pair):
    assert pair.check("COPY", "absent", "b") == 0
    pair.setup("SET", "b", 1)
    assert pair.check("COPY", "absent", "b", "REPLACE") == 0
    assert pair.check("GET", "b") == b"1"


@pytest.mark.parametrize("source", KEYS)
def test_a_key_moves_to_another_database(filled, source):
    filled.setup("EXPIREAT", source, 4_102_444_800)
    assert filled.check("MOVE", source, 3) == 1
    assert filled.check("MOVE", source, 3) == 0
    assert filled.check("EXISTS", source) == 0
    filled.setup("SELECT", 3)
    contents(filled, source)
    filled.check("EXPIRETIME", source)
    filled.check("DBSIZE")


def test_a_key_does_not_move_onto_another(pair):
    pair.setup("SET", "a", 1)
    pair.setup("SELECT", 1)
    pair.setup("SET", "a", 2)
    assert pair.check("MOVE", "a", 0) == 0
    assert pair.check("GET", "a") == b"2"


# ---- databases ----


def test_databases_keep_their_keys_apart(pair):
    pair.setup("SET", "a", "zero")
    pair.check("SELECT", 15)
    assert pair.check("GET", "a") is None
    pair.check("SET", "a", "fifteen")
    assert pair.check("DBSIZE") == 1
    pair.check("SELECT", 0)
    assert pair.check("GET", "a") == b"zero"


def test_swapped_databases_exchange_everything(pair):
    pair.setup("SET", "a", 1, "EX", 1000)
    pair.setup("SET", "b", 2)
    pair.setup("SELECT", 1)
    pair.setup("HSET", "h", "f", 1)
    assert pair.check("SWAPDB", 0, 1) == "OK"
    assert pair.check("DBSIZE") == 2
    pair.check("TTL", "a", drift=1)
    pair.check("SELECT", 0)
    assert pair.check("KEYS", "*") == [b"h"]
    assert pair.check("SWAPDB", 0, 0) == "OK"
    assert pair.check("DBSIZE") == 1


@pytest.mark.parametrize("mode", [(), ("SYNC",), ("async",)])
def test_flushing_empties_one_database_or_all(filled, mode):
    filled.setup("SELECT", 2)
    filled.setup("SET", "a", 1, "EX", 1000)
    assert filled.check("FLUSHDB", *mode) == "OK"
    assert filled.check("DBSIZE") == 0
    filled.setup("SET", "a", 1)
    filled.setup("SELECT", 0)
    assert filled.check("DBSIZE") == len(KEYS)
    assert filled.check("FLUSHALL", *mode) == "OK"
    assert filled.check("DBSIZE") == 0
    filled.setup("SELECT", 2)
    assert filled.check("DBSIZE") == 0
    assert filled.check("TTL", "a") == -2


# ---- what counts as an access ----

ACCESSES = """
GET a
EXISTS a
EXISTS a a
TYPE a
TTL a
PEXPIRETIME a
TOUCH a
STRLEN a
GETRANGE a 0 1
MGET a b
SET a x
SET a a_longer_value_than_there_was
SET a x KEEPTTL
SET a x NX
SETNX a x
APPEND a x
SETRANGE a 0 x
INCR n
INCRBYFLOAT n 1.5
EXPIRE a 100
PERSIST a
GETEX a
OBJECT ENCODING a
OBJECT REFCOUNT a
SCAN 0
SCAN 0 TYPE string
KEYS *
RANDOMKEY
MEMORY USAGE a
DBSIZE
BITCOUNT a
GETBIT a 1
SETBIT a 1 1
COPY a c
SORT l BY w_*
LINDEX l 0
RPUSH l x
HSET h f w
HGET h f
SADD s m
SISMEMBER s m
ZADD z 2 m
ZSCORE z m
XADD x 2-1 f v
XLEN x
"""


@pytest.mark.parametrize("command", ACCESSES.strip().splitlines())
def test_the_same_commands_count_as_accesses(pair2, command):
    """With a factor of 0 every access raises the frequency by one, and with a decay time of 0 it never falls.

    The oracle shares small integers between keys, including their frequency, so the numbers here are large.
    """
    keys = ["a", "b", "n", "l", "w_1", "h", "s", "z", "x"]
    with pair2.config(maxmemory_policy="allkeys-lfu", lfu_log_factor=0, lfu_decay_time=0):
        for prepare in (
            *(
                "SET a text",
                "SET b text",
                "SET n 123456",
                "RPUSH l 1",
                "SET w_1 123457",
                "HSET h f v",
                "SADD s m",
                "ZADD z 1 m",
            ),
            *("XADD x 1-1 f v", "MGET a b n w_1"),
        ):
            pair2.setup(*prepare.split())
        pair2.setup(*command.split())
        for key in keys:
            pair2.check("OBJECT", "FREQ", key)

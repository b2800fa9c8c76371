"""DEBUG, compared with the oracle, especially digests, because other tests rely on them."""

import hashlib
import re
import time

import pytest

from pyredis.commands.server.digest import sha1_of
from support.client import wait_until

NOTHING = "0" * 40


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["NOSUCH"],
        ["SLEEP"],
        ["SLEEP", "0"],
        ["SLEEP", "x"],
        ["SET-ACTIVE-EXPIRE"],
        ["OBJECT", "absent"],
        ["OBJECT"],
        ["DIGEST", "x"],
        ["DIGEST-VALUE"],
        ["POPULATE"],
        ["POPULATE", "x"],
        ["POPULATE", "-1"],
        ["POPULATE", "1", "k", "-1"],
        ["POPULATE", "1", "k", "x"],
        ["POPULATE", "1", "k", "1", "1"],
        ["ERROR"],
        ["ERROR", "ERR some text"],
        ["ERROR", "CODE two\r\nlines"],
        ["HTSTATS"],
        ["HTSTATS", "x"],
        ["HTSTATS", "-1"],
        ["HTSTATS", "16"],
        ["PROTOCOL"],
        ["PROTOCOL", "x"],
    ],
)
def test_errors_and_fixed_answers(pair, arguments):
    pair.check("DEBUG", *arguments)


@pytest.mark.parametrize(
    "kind",
    [
        *("string", "integer", "double", "bignum", "null", "array", "set", "map", "attrib", "verbatim"),
        *("true", "false", "VERBATIM"),
    ],
)
def test_protocol_shows_every_type(pair, kind):
    pair.check("DEBUG", "PROTOCOL", kind)


def test_protocol_shows_a_push(pair):
    """Redis 7.0 sends the push first, later versions send the reply first; the bytes of each are the same."""
    if pair.protocol == 2:
        pair.check("DEBUG", "PROTOCOL", "push")
        return
    ours, theirs = ([client.call("DEBUG", "PROTOCOL", "push"), client.read()] for client in (pair.ours, pair.oracle))
    assert sorted(reply.raw for reply in ours) == sorted(reply.raw for reply in theirs)
    assert ours[1].decoded == [b"server-cpu-usage", 42]


# Digests.


@pytest.mark.parametrize("size", [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000, 65537])
def test_sha1(size):
    text = bytes(index * 7 % 256 for index in range(size))
    assert sha1_of(text) == hashlib.sha1(text).hexdigest()


def fill(pair):
    """Strings and hashes of every encoding, some with expiry, in three databases."""
    for number in (0, 3, 15):
        pair.setup("SELECT", number)
        for key, value in (
            ("a", "1"),
            ("b", "x" * 1000),
            ("", ""),
            (b"\0\xff", b"\r\n"),
            ("n", "-9223372036854775808"),
        ):
            pair.setup("SET", key, value)
        pair.setup("SET", "expires", "value", "EX", 10000)
        pair.setup("APPEND", "a", "2")
        pair.setup("HSET", "h", "f", "v", "g", "1", "", "", "long", "y" * 200)
        pair.setup("HSET", "table", *[f"{name}{index}" for index in range(600) for name in "fv"])
        pair.setup("EXPIRE", "h", 10000)
    pair.setup("SELECT", 0)


def test_nothing_has_a_digest_of_zeros(pair):
    assert pair.digest() == NOTHING
    pair.check("DEBUG", "DIGEST-VALUE", "absent")


def test_equal_data_have_equal_digests(pair):
    fill(pair)
    assert pair.digest() != NOTHING
    for number in (0, 3, 7):
        pair.setup("SELECT", number)
        pair.check("DEBUG", "DIGEST-VALUE", "a", "b", "", "n", "expires", "h", "table", "absent", b"\0\xff")


@pytest.mark.parametrize(
    "change",
    [
        ["SET", "a", "13"],
        ["SET", "A", "12"],
        ["DEL", "b"],
        ["EXPIRE", "b", "1000"],
        ["PERSIST", "expires"],
        ["HSET", "h", "f", "w"],
        ["HSET", "h", "w", "f"],
        ["HDEL", "table", "f5"],
        ["MOVE", "a", "1"],
        ["SWAPDB", "0", "1"],
        ["RENAME", "a", "c"],
    ],
)
def test_every_change_shows_in_the_digest(pair2, change):
    fill(pair2)
    before = pair2.digest()
    pair2.setup(*change)
    assert pair2.digest() != before


def test_the_order_of_writing_does_not_show(shared_ours):
    digests = set()
    for order in (range(500), reversed(range(500))):
        with shared_ours.client() as client:
            client.must("FLUSHALL")
            for index in order:
                client.must("SET", f"k{index}", index)
                client.must("HSET", f"h{index % 5}", index, index)
            digests.add(client.must("DEBUG", "DIGEST"))
    assert len(digests) == 1


def test_a_field_that_expires_shows_in_the_digest(client):
    client.must("HSET", "h", "f", "v")
    before = client.must("DEBUG", "DIGEST-VALUE", "h")
    client.must("HPEXPIRE", "h", 100000, "FIELDS", 1, "f")
    during = client.must("DEBUG", "DIGEST-VALUE", "h")
    client.must("HPERSIST", "h", "FIELDS", 1, "f")
    assert client.must("DEBUG", "DIGEST-VALUE", "h") == before != during


# POPULATE and OBJECT.


def test_populate_makes_the_keys_of_redis(pair):
    pair.check("SET", "key:1", "mine")
    for arguments in (["5"], ["3", "p"], ["3", "q", "3"], ["3", "r", "20"], ["0"], ["12", "key"]):
        pair.check("DEBUG", "POPULATE", *arguments)
        pair.digest()
    pair.check("DBSIZE")
    pair.check("GET", "key:1")
    pair.check("GET", "r:2")


def test_populated_keys_are_seen_by_who_watches(pair2):
    pair2.check("WATCH", "key:0")
    pair2.check("DEBUG", "POPULATE", "1")
    pair2.check("MULTI")
    pair2.check("PING")
    pair2.check("EXEC")


def object_words(text):
    return dict(word.split(":") for word in text.split() if ":" in word)


def test_object_tells_how_a_value_is_held(pair):
    values = {"int": "100", "long": "1234567890", "short": "abc", "raw": "x" * 60}
    for key, value in values.items():
        began = time.monotonic() - 1  # the clock of accesses counts whole seconds
        pair.setup("SET", key, value)
        ours, oracle = (object_words(client.must("DEBUG", "OBJECT", key)) for client in (pair.ours, pair.oracle))
        assert list(ours) == list(oracle)
        for name in ("refcount", "encoding"):
            if key != "int":  # Redis shares small integers
                assert ours[name] == oracle[name]
        if key != "raw":  # Redis compresses
            assert ours["serializedlength"] == oracle["serializedlength"]
        assert int(ours["lru_seconds_idle"]) <= time.monotonic() - began
    pair.setup("HSET", "h", "f", "v")
    assert object_words(pair.ours.must("DEBUG", "OBJECT", "h"))["encoding"] == "listpack"


def test_htstats_tells_of_both_tables(client):
    empty = client.must("DEBUG", "HTSTATS", "0")
    client.must("DEBUG", "POPULATE", "100")
    full = client.must("DEBUG", "HTSTATS", "0")
    for text in (empty, full):
        assert text.startswith(b"[Dictionary HT]\n")
        assert b"[Expires HT]\n" in text
    assert empty.count(b"No stats available") == 2
    assert full.count(b"No stats available") == 1
    assert sum(map(int, re.findall(rb" number of elements: (\d+)\n", full))) == 100


# The server.


def test_sleep_stops_the_server(client):
    began = time.monotonic()
    client.must("DEBUG", "SLEEP", "0.05")
    assert time.monotonic() - began >= 0.05


def await_cron(client):
    """Wait until the cron has run several times: the rate of commands has risen and fallen."""

    def rate():
        told = client.must("INFO", "stats").decode()
        return int(told.split("instantaneous_ops_per_sec:")[1].split("\r\n")[0])

    wait_until(lambda: client.pipeline([("PING",)] * 500) and rate() > 500, "a rate")
    wait_until(lambda: rate() < 500, "the rate to fall")


def test_active_expiry_can_be_turned_off(shared_ours):
    with shared_ours.client() as client:
        try:
            client.must("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            client.must("SET", "k", "v", "PX", "1")
            client.must("DEBUG", "SLEEP", "0.01")
            await_cron(client)
            assert client.must("DBSIZE") == 1
            client.must("DEBUG", "SET-ACTIVE-EXPIRE", "1")
            wait_until(lambda: client.must("DBSIZE") == 0, "the key to be removed")
        finally:
            client.must("DEBUG", "SET-ACTIVE-EXPIRE", "1")


def test_stringmatch_len(client):
    assert client.do("DEBUG", "STRINGMATCH-LEN", "a*c", "abbbc") == 1
    assert client.do("DEBUG", "STRINGMATCH-LEN", "a*c", "abbbd") == 0


def test_help_lists_the_subcommands(pair2):
    ours, oracle = pair2.ours.must("DEBUG", "HELP"), pair2.oracle.must("DEBUG", "HELP")
    assert ours[0] == oracle[0]
    titles = {line.split()[0] for line in ours[1:] if not line.startswith(" ")}
    assert titles - {"STRINGMATCH-LEN"} <= {line.split()[0] for line in oracle[1:] if not line.startswith(" ")}


def test_loadaof_puts_the_file_in_place_of_memory(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client() as client, server.client() as other:
        client.must("SET", "kept", "1")
        client.must("HSET", "h", "f", "v")
        client.must("SELECT", 2)
        client.must("INCR", "n")
        digest = client.must("DEBUG", "DIGEST")
        client.must("DEBUG", "POPULATE", "100")
        assert other.must("PING") == "PONG"
        replies = client.pipeline([("DEBUG", "LOADAOF"), ("GET", "n"), ("DBSIZE",), ("DEBUG", "DIGEST")])
        assert [reply.decoded for reply in replies] == ["OK", b"1", 1, digest]
        client.must("INCR", "n")
        digest = client.must("DEBUG", "DIGEST")
        client.must("DEBUG", "LOADAOF")
        assert client.must("DEBUG", "DIGEST") == digest
        client.must("BGREWRITEAOF")
        client.must("DEBUG", "LOADAOF")
        assert client.must("DEBUG", "DIGEST") == digest
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("DEBUG", "DIGEST") == digest


def test_loadaof_without_a_file_is_an_error(start_ours):
    server = start_ours("--appendonly", "no")
    with server.client() as client:
        client.must("SET", "k", "v")
        assert client.call("DEBUG", "LOADAOF").is_error
        assert client.must("GET", "k") == b"v"


def test_loadaof_is_refused_inside_a_transaction(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client() as client:
        client.must("MULTI")
        client.must("DEBUG", "LOADAOF")
        client.must("SET", "k", "v")
        replies = client.must("EXEC")
        assert "transaction" in replies[0]
        assert replies[1] == "OK"


# Permission.


def refusal(server) -> bytes:
    with server.client() as client:
        return client.call("DEBUG", "DIGEST").raw


def test_nobody_may_unless_it_is_enabled(start_ours, start_oracle):
    arguments = ["--enable-debug-command", "no"]
    refused = refusal(start_ours(*arguments))
    assert refused.startswith(b"-ERR DEBUG command not allowed.")
    assert refused == refusal(start_oracle(*arguments))


def test_who_may_not_is_refused_before_the_transaction_is_run(start_ours, start_oracle):
    told = []
    for start in (start_ours, start_oracle):
        with start("--enable-debug-command", "no").client() as client:
            client.must("MULTI")
            told.append([client.call("DEBUG", "DIGEST").raw, client.call("EXEC").raw])
            stats = client.must("INFO", "commandstats").decode()
            told[-1].append([field for field in stats.split() if field.startswith("cmdstat_debug")])
    assert told[0] == told[1]
    assert told[0][1].startswith(b"-EXECABORT")


def test_local_clients_may_where_it_is_local(start_ours):
    assert refusal(start_ours("--enable-debug-command", "local")).startswith(b"+")


@pytest.mark.parametrize("key", ["absent", "text", "table"])
def test_only_what_is_packed_is_shown_as_a_listpack(pair, key):
    pair.setup("SET", "text", "x")
    pair.setup("HSET", "table", "field", "x" * 100)
    pair.check("DEBUG", "LISTPACK", key)


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        (("RPUSH", "k", "a", "12"), ["listpack of 2 elements", "0: b'a'", "1: b'12'"]),
        (("SADD", "k", "a"), ["listpack of 1 elements", "0: b'a'"]),
        (("ZADD", "k", "1.5", "a"), ["listpack of 2 elements", "0: b'a'", "1: 1.5"]),
        (("HSET", "k", "f", "v"), ["listpack of 2 elements", "0: b'f'", "1: b'v'"]),
        (("HPEXPIREAT", "k", 4102444800000, "FIELDS", 1, "f"), ["listpackex of 3 elements", "2: 4102444800000"]),
    ],
    ids=lambda value: value[0],
)
def test_a_listpack_is_shown_on_the_servers_output(start_ours, command, lines):
    server = start_ours("--enable-debug-command", "yes")
    with server.client() as client:
        if command[0] == "HPEXPIREAT":
            client.must("HSET", "k", "f", "v")
        client.must(*command)
        assert client.must("DEBUG", "LISTPACK", "k") == "Listpack structure printed on stdout"
    printed = server.log().splitlines()
    assert set(lines) <= set(printed)

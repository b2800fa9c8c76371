"""Expiry of keys, compared with the oracle in both protocols, and what the append-only file receives."""

import pytest

from support.client import now_ms, wait_until

FAR = 4_102_444_800  # the first second of the year 2100
SETTERS = ("EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT")
CONDITIONS = ("", "NX", "XX", "GT", "LT", "XX GT", "xx lt", "NX NX", "GT XX")


def expired(pair, *keys):
    """Let these keys expire in both servers, without accessing them since."""
    for key in keys:
        pair.setup("PEXPIRE", key, 1)
    pair.setup("DEBUG", "SLEEP", "0.005")


@pytest.mark.parametrize("command", SETTERS)
@pytest.mark.parametrize(
    "words",
    [
        "",
        "x",
        "1.5",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775",
        "9223372036854776",
        "92233720368547758070",
        "100 FOO",
        "x FOO",
        "100 NX XX",
        "100 NX GT",
        "100 NX LT",
        "100 GT LT",
        "100 XX GT LT",
        "100 NX FOO",
        "x NX XX",
    ],
)
@pytest.mark.parametrize("key", ["a", "absent"])
def test_a_wrong_moment_or_condition_is_refused_as_by_the_oracle(pair, command, words, key):
    pair.setup("SET", "a", 1)
    pair.check(command, key, *words.split())
    pair.check("EXISTS", "a")


def test_an_unsupported_option_is_told_in_one_line(pair):
    pair.setup("SET", "a", 1)
    pair.check("EXPIRE", "a", 1, b"two\r\nlines")
    pair.check("EXPIRE", "a", 1, b"nul\0byte")
    pair.check("EXPIRE", "a", 1, "")


@pytest.mark.parametrize("command", ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "PERSIST", "EXPIRE", "PEXPIREAT"])
def test_the_number_of_arguments_is_checked(pair, command):
    pair.check(command)
    pair.check(command, "a", *["x"] * 2)


@pytest.mark.parametrize("command", ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "PERSIST"])
def test_keys_without_expiry_and_absent_keys(pair, command):
    pair.setup("SET", "a", 1)
    pair.setup("HSET", "h", "f", 1)
    for key in ("a", "h", "absent"):
        pair.check(command, key)


@pytest.mark.parametrize("seconds", [FAR, FAR + 7])
@pytest.mark.parametrize("kind", ["string", "hash"])
def test_a_moment_is_kept_to_the_millisecond(pair, seconds, kind):
    pair.setup(*(("SET", "a", 1) if kind == "string" else ("HSET", "a", "f", 1)))
    assert pair.check("EXPIREAT", "a", seconds) == 1
    assert pair.check("PEXPIRETIME", "a") == seconds * 1000
    for milliseconds in (1, 499, 500, 999):
        assert pair.check("PEXPIREAT", "a", seconds * 1000 + milliseconds) == 1
        assert pair.check("PEXPIRETIME", "a") == seconds * 1000 + milliseconds
        pair.check("EXPIRETIME", "a")
    pair.check("TTL", "a", drift=1)
    pair.check("PTTL", "a", drift=1000)
    pair.check("PEXPIREAT", "a", 2**63 - 1)
    pair.check("PEXPIRETIME", "a")
    pair.check("EXPIRETIME", "a")


@pytest.mark.parametrize(("command", "unit"), [("EXPIRE", 1), ("PEXPIRE", 1000)])
def test_a_span_counts_from_now(pair, command, unit):
    pair.setup("SET", "a", 1)
    begun = now_ms()
    assert pair.check(command, "a", 100 * unit) == 1
    moment = pair.check("PEXPIRETIME", "a", drift=1000)
    assert begun + 100_000 <= moment <= now_ms() + 100_000
    before, left, after = now_ms(), pair.check("PTTL", "a", drift=1000), now_ms()
    assert moment - after <= left <= moment - before
    before, left, after = now_ms(), pair.check("TTL", "a", drift=1), now_ms()
    assert (moment - after + 500) // 1000 <= left <= (moment - before + 500) // 1000


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("before", [None, FAR])
@pytest.mark.parametrize("after", [FAR - 1, FAR, FAR + 1, 1])
def test_a_condition_decides_whether_the_expiry_changes(pair, condition, before, after):
    pair.setup("SET", "a", 1)
    if before is not None:
        pair.setup("EXPIREAT", "a", before)
    pair.check("EXPIREAT", "a", after, *condition.split())
    pair.check("PEXPIRETIME", "a")
    pair.check("PEXPIREAT", "absent", after, *condition.split())


@pytest.mark.parametrize("moment", [0, -1, -(2**62)])
@pytest.mark.parametrize("command", SETTERS)
def test_a_moment_already_past_removes_the_key(pair, command, moment):
    pair.setup("SET", "a", 1)
    pair.check(command, "a", moment)
    pair.check("EXISTS", "a")
    pair.check("DBSIZE")


def test_persist_takes_the_expiry_away(pair):
    pair.setup("SET", "a", "x" * 1000, "EX", 100)
    assert pair.check("PERSIST", "a") == 1
    assert pair.check("TTL", "a") == -1
    assert pair.check("PERSIST", "a") == 0
    assert pair.check("GET", "a") == b"x" * 1000


def test_writing_anew_takes_the_expiry_away_and_changing_does_not(pair):
    pair.setup("SET", "a", 1, "EX", 100)
    pair.setup("INCR", "a")
    pair.check("TTL", "a", drift=1)
    pair.setup("APPEND", "a", "5")
    pair.check("TTL", "a", drift=1)
    pair.setup("SET", "a", 1)
    assert pair.check("TTL", "a") == -1


READS = [
    ("GET", "a"),
    ("EXISTS", "a"),
    ("TYPE", "a"),
    ("TTL", "a"),
    ("PEXPIRETIME", "a"),
    ("STRLEN", "a"),
    ("OBJECT", "ENCODING", "a"),
    ("TOUCH", "a"),
    ("DEL", "a"),
    ("UNLINK", "a"),
    ("PERSIST", "a"),
    ("EXPIRE", "a", 100),
    ("RENAME", "a", "b"),
    ("RENAMENX", "a", "b"),
    ("COPY", "a", "b"),
    ("MOVE", "a", 1),
    ("KEYS", "*"),
    ("RANDOMKEY",),
    ("INCR", "a"),
    ("APPEND", "a", "x"),
    ("HSET", "a", "f", "v"),
]


@pytest.mark.parametrize("command", READS, ids=lambda command: " ".join(map(str, command)))
def test_an_expired_key_is_gone_for_every_command(pair, command):
    pair.setup("SET", "a", 1)
    expired(pair, "a")
    pair.check(*command)


def test_expired_keys_vanish_without_being_looked_at(client):
    for number in range(1000):
        client.must("SET", f"key:{number}", "x" * 100, "PX", 1)
    wait_until(lambda: client.must("DBSIZE") == 0, "the active expiry")


# ---- the append-only file ----


def commands_in(folder):
    """The commands of the incremental file, as lists of words."""
    (path,) = (folder / "appendonlydir").glob("*.incr.aof")
    lines = path.read_bytes().split(b"\r\n")
    commands = []
    while len(lines) > 1:
        count = int(lines.pop(0)[1:])
        commands.append([lines[2 * index + 1] for index in range(count)])
        del lines[: 2 * count]
    return [command for command in commands if command[0] != b"SELECT"]


@pytest.fixture
def durable(start_ours):
    return start_ours("--appendonly", "yes", "--aof-timestamp-enabled", "no")


@pytest.mark.parametrize(("command", "moment"), [("EXPIRE", 100), ("PEXPIRE", 100_000), ("EXPIREAT", FAR)])
def test_the_file_is_told_the_moment(durable, command, moment):
    with durable.client() as client:
        client.must("SET", "a", 1)
        assert client.must(command, "a", moment, "LT") == 1
        told = b"%d" % client.must("PEXPIRETIME", "a")
    assert commands_in(durable.folder)[-1] == [b"PEXPIREAT", b"a", told]


def test_a_condition_that_is_not_met_is_not_told(durable):
    with durable.client() as client:
        client.must("SET", "a", 1)
        assert client.must("EXPIRE", "a", 100, "XX") == 0
        assert client.must("PERSIST", "a") == 0
    assert [command[0] for command in commands_in(durable.folder)] == [b"SET"]


@pytest.mark.parametrize(("lazy", "told"), [("no", b"DEL"), ("yes", b"UNLINK")])
def test_the_file_is_told_of_a_removal_where_the_moment_is_past(durable, lazy, told):
    with durable.client() as client:
        client.must("CONFIG", "SET", "lazyfree-lazy-expire", lazy)
        client.must("SET", "a", 1)
        assert client.must("EXPIRE", "a", -1) == 1
    assert commands_in(durable.folder)[-1] == [told, b"a"]


def test_the_file_is_told_when_a_key_has_expired(durable):
    with durable.client() as client:
        client.must("SET", "a", 1, "PX", 1)
        wait_until(lambda: client.must("GET", "a") is None, "the expiry")
        wait_until(lambda: commands_in(durable.folder)[-1] == [b"DEL", b"a"], "the DEL, which no reply waits for")


def test_expiries_survive_a_crash(durable):
    with durable.client() as client:
        client.must("SET", "later", 1)
        client.must("PEXPIREAT", "later", FAR * 1000 + 1)
        client.must("SET", "never", 1, "EX", 100)
        client.must("PERSIST", "never")
        client.must("HSET", "soon", "f", 1)
        client.must("PEXPIRE", "soon", 1)
    durable.restart(crash=True)
    with durable.client() as client:
        assert client.must("PEXPIRETIME", "later") == FAR * 1000 + 1
        assert client.must("TTL", "never") == -1
        assert client.must("EXISTS", "soon") == 0


def test_time_passes_within_a_pipeline(shared_ours):
    with shared_ours.client() as client:
        replies = client.pipeline([["SET", "k", "v", "PX", 20], ["DEBUG", "SLEEP", "0.05"], ["GET", "k"]])
    assert [reply.raw for reply in replies] == [b"+OK\r\n", b"+OK\r\n", b"$-1\r\n"]

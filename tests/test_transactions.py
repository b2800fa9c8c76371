"""MULTI, EXEC, DISCARD, WATCH, UNWATCH: compared with the oracle in both protocols, and their unit in the file."""

import pytest

from support.client import wait_until


def queue(pair, *commands):
    """Sends MULTI and the commands, each a string of words."""
    pair.check("MULTI")
    for command in commands:
        pair.check(*command.split())


# ---- the queue ----


@pytest.mark.parametrize(
    "command", ["EXEC", "DISCARD", "UNWATCH", "MULTI x", "EXEC x", "DISCARD x", "UNWATCH x", "WATCH"]
)
def test_outside_a_transaction(pair, command):
    pair.check(*command.split())
    pair.check("PING")


@pytest.mark.parametrize(
    "command",
    [
        "MULTI",
        "MULTI x",
        "WATCH a",
        "WATCH",
        "EXEC x",
        "DISCARD x",
        "UNWATCH",
        "NOSUCH",
        "GET",
        "OBJECT NOSUCH a",
        "OBJECT ENCODING",
        "HGET a f",
        "SELECT 99",
        "EXPIRE a x",
        "DISCARD",
    ],
)
def test_a_wrong_command_inside_a_transaction(pair, command):
    pair.setup("SET", "a", 1)
    queue(pair, "INCR a", command, "INCR a")
    pair.check("EXEC")
    pair.check("GET", "a")
    pair.check("EXEC")


def test_replies_come_in_order_and_of_every_kind(pair):
    queue(
        pair,
        "SET a 1",
        "INCR a",
        "GET a",
        "GET absent",
        "HSET h f v",
        "HGETALL h",
        "HGETALL absent",
        "MGET a absent",
        "TYPE h",
        "TTL a",
        "EXISTS a h",
        "SCAN 0 MATCH nothing COUNT 100",
        "PING",
        "OBJECT ENCODING a",
    )
    pair.check("EXEC")
    pair.check("GET", "a")


def test_nothing_queued_gives_nothing(pair):
    queue(pair)
    assert pair.check("EXEC") == []
    pair.check("EXEC")


def test_queued_commands_run_at_exec_only(pair):
    with pair.another() as other:
        queue(pair, "SET a 1")
        assert other.check("GET", "a") is None
        pair.check("EXEC")
        assert other.check("GET", "a") == b"1"


def test_errors_while_running_stop_nothing(pair):
    pair.setup("SET", "a", "text")
    queue(pair, "INCR a", "HSET a f v", "SET b 1", "HGET a f", "EXPIRE a x", "INCR b", "RENAME absent x")
    pair.check("EXEC")
    assert pair.check("GET", "b") == b"2"


def test_a_discarded_transaction_leaves_nothing(pair):
    pair.setup("SET", "a", 1)
    queue(pair, "INCR a", "NOSUCH")
    assert pair.check("DISCARD") == "OK"
    assert pair.check("GET", "a") == b"1"
    queue(pair, "INCR a")
    assert pair.check("EXEC") == [2]


def test_a_pipelined_transaction(pair):
    commands = [("MULTI",), *[("INCR", "a")] * 100, ("EXEC",), ("GET", "a")]
    for ours, oracle in zip(pair.ours.pipeline(commands), pair.oracle.pipeline(commands), strict=True):
        pair.compare("pipeline", ours, oracle)


def test_large_and_binary_arguments_are_kept(pair):
    value = bytes(range(256)) * 1000
    pair.check("MULTI")
    pair.check("SET", b"\0\r\n", value)
    pair.check("GET", b"\0\r\n")
    pair.check("EXEC")
    pair.check("GET", b"\0\r\n")


def test_memory_that_runs_out_ends_the_transaction(pair):
    queue(pair, "GET a", "SET a 1")
    with pair.another() as other, other.config(maxmemory=1):
        pair.check("EXEC")
        pair.check("EXEC")
        queue(pair, "SET a 1")
        pair.check("EXEC")
        queue(pair)
        assert pair.check("EXEC") == []


def test_without_memory_what_needs_none_is_queued(client):
    """As in Redis 7.4; 7.0 refuses to queue anything."""
    client.must("CONFIG", "SET", "maxmemory", 1)
    try:
        replies = [client.call(word) for word in ("MULTI", "PING", "EXEC")]
    finally:
        client.must("CONFIG", "SET", "maxmemory", 0)
    assert [reply.raw for reply in replies] == [b"+OK\r\n", b"+QUEUED\r\n", b"*1\r\n+PONG\r\n"]


def test_inline_commands_are_queued_too(pair):
    pair.check_bytes(b"MULTI\r\nSET a 'x y'\r\nGET a\r\nEXEC\r\n", 4)


def test_select_within_a_transaction_holds_for_what_follows(pair):
    queue(pair, "SET a 0", "SELECT 1", "SET a 1", "SWAPDB 0 1", "GET a", "FLUSHDB", "DBSIZE")
    pair.check("EXEC")
    pair.check("GET", "a")
    pair.check("SELECT", 0)
    pair.check("GET", "a")


def test_the_protocol_may_change_within_a_transaction(pair2):
    pair2.check("MULTI")
    pair2.check("HGETALL", "h")
    pair2.setup("HELLO", 3)
    pair2.check("HGETALL", "h")
    pair2.check("GET", "absent")
    assert pair2.check("EXEC", by=lambda replies: (replies[0], replies[2:]))


def test_a_transaction_happens_at_one_moment_however_long_it_takes(pair2):
    queue(pair2, "SET k v PX 60", "DEBUG SLEEP 0.1", "EXISTS k", "GET k")
    assert pair2.check("EXEC") == ["OK", "OK", 1, b"v"]
    pair2.check("EXISTS", "k")


def test_statistics_count_the_commands_and_their_errors(pair):
    def counts(client):
        text = client.must("INFO", "everything")
        wanted = ("cmdstat_exec", "cmdstat_incr", "cmdstat_multi", "errorstat_ERR", "errorstat_EXECABORT")
        found = {}
        for line in text.decode().splitlines():
            name, _, rest = line.partition(":")
            if name in wanted:
                fields = dict(field.split("=") for field in rest.split(","))
                kept = ("calls", "failed_calls", "rejected_calls", "count")
                found[name] = {field: value for field, value in fields.items() if field in kept}
        return found

    pair.setup("CONFIG", "RESETSTAT")
    pair.setup("SET", "a", "text")
    queue(pair, "INCR b", "INCR a", "INCR a")
    pair.check("EXEC")
    queue(pair, "INCR", "INCR b")
    pair.check("EXEC")
    assert counts(pair.ours) == counts(pair.oracle)


# ---- what else ends a transaction ----


def test_reset_forgets_transaction_and_watches(pair):
    pair.check("WATCH", "a")
    queue(pair, "SET a 1")
    assert pair.check("RESET") == "RESET"
    pair.check("EXEC")
    assert pair.check("GET", "a") is None


def test_a_lost_connection_forgets_transaction_and_watches(pair):
    with pair.another() as other:
        other.check("WATCH", "a")
        queue(other, "SET a 1")
    with pair.another() as other:
        other.setup("SET", "a", 2)
        other.check("EXEC")
    assert pair.check("GET", "a") == b"2"


# ---- WATCH ----

CHANGES = [
    "SET a 1",
    "SET a 2",
    "GETSET a 1",
    "INCR a",
    "APPEND a x",
    "SETRANGE a 0 x",
    "DEL a",
    "UNLINK a",
    "GETDEL a",
    "EXPIRE a 100",
    "EXPIRE a -1",
    "PEXPIREAT a 1",
    "PERSIST a",
    "GETEX a EX 100",
    "GETEX a PERSIST",
    "RENAME a b",
    "RENAME b a",
    "RENAME a a",
    "RENAMENX a b",
    "RENAMENX b a",
    "COPY a b",
    "COPY b a",
    "COPY b a REPLACE",
    "MOVE a 1",
    "MOVE b 1",
    "FLUSHDB",
    "FLUSHALL",
    "FLUSHALL ASYNC",
    "SWAPDB 0 1",
    "SWAPDB 0 2",
    "SWAPDB 0 0",
    "SWAPDB 1 2",
    "HSET a f v",
    "HDEL a f",
    "MSET a 1",
    "MSETNX a 1",
    "SETNX a 1",
    "GET a",
    "TOUCH a",
    "EXISTS a",
    "SET b 3",
]

STATES = {
    "absent": [],
    "string": ["SET a 1"],
    "expiring": ["SET a 1 EX 1000"],
    "hash": ["HSET a f v"],
    "other": ["SET b 2"],
    "elsewhere": ["SELECT 1", "SET a 9", "SET b 9", "SELECT 0"],
    "both": ["SET a 1", "SELECT 1", "SET a 1", "SELECT 0"],
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("state", STATES)
def test_a_watched_key_that_changed_stops_the_transaction(pair, state, change):
    for command in STATES[state]:
        pair.setup(*command.split())
    pair.check("WATCH", "a", "c")
    with pair.another() as other:
        other.check(*change.split())
    queue(pair, "SET done 1")
    pair.check("EXEC")
    pair.check("GET", "done")


@pytest.mark.parametrize("change", ["SET a 1", "DEL a", "SET b 1"])
def test_ones_own_changes_count_too(pair, change):
    pair.setup("SET", "a", 1)
    pair.check("WATCH", "a")
    pair.check(*change.split())
    queue(pair, "PING")
    pair.check("EXEC")


def test_a_watch_ends_with_exec_discard_and_unwatch(pair):
    for ending in (["UNWATCH"], ["MULTI", "DISCARD"], ["MULTI", "EXEC"], ["MULTI", "NOSUCH", "EXEC"]):
        pair.check("WATCH", "a")
        for command in ending:
            pair.check(command)
        pair.setup("SET", "a", 1)
        queue(pair, "PING")
        assert pair.check("EXEC") == ["PONG"]


def test_unwatch_within_a_transaction_comes_too_late(pair):
    pair.check("WATCH", "a")
    pair.setup("SET", "a", 1)
    queue(pair, "UNWATCH")
    assert pair.check("EXEC") is None


def test_a_queueing_error_outweighs_a_changed_key(pair):
    pair.check("WATCH", "a")
    pair.setup("SET", "a", 1)
    queue(pair, "NOSUCH")
    pair.check("EXEC")


def test_a_key_watched_twice_is_watched_from_the_first_time(pair):
    pair.check("WATCH", "a", "a")
    pair.setup("SET", "a", 1)
    pair.check("WATCH", "a")
    queue(pair, "PING")
    assert pair.check("EXEC") is None
    queue(pair, "PING")
    assert pair.check("EXEC") == ["PONG"]


def test_a_key_is_watched_in_its_database(pair):
    pair.check("SELECT", 1)
    pair.check("WATCH", "a")
    pair.check("SELECT", 0)
    pair.setup("SET", "a", 1)
    queue(pair, "PING")
    assert pair.check("EXEC") == ["PONG"]
    pair.check("SELECT", 1)
    pair.check("WATCH", "a")
    pair.check("SELECT", 0)
    with pair.another() as other:
        other.setup("SELECT", 1)
        other.setup("SET", "a", 1)
    queue(pair, "PING")
    assert pair.check("EXEC") is None


def test_many_clients_watch_many_keys(pair):
    keys = [f"key:{number}" for number in range(300)]
    others = [pair.another() for _ in range(5)]
    for other in others:
        other.check("WATCH", *keys)
    others[0].check("UNWATCH")
    pair.setup("SET", keys[-1], 1)
    for other in others:
        queue(other, "PING")
    assert [other.check("EXEC") for other in others] == [["PONG"], None, None, None, None]
    for other in others:
        other.close()


# ---- WATCH and time ----


@pytest.fixture
def passive(pair):
    """Yields the pair without active expiry: expired keys stay until a command looks them up."""
    pair.setup("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    yield pair
    pair.setup("DEBUG", "SET-ACTIVE-EXPIRE", 1)


def pause(pair):
    pair.setup("DEBUG", "SLEEP", "0.005")


@pytest.mark.parametrize(
    "change", [None, "GET a", "DEL a", "FLUSHDB", "FLUSHALL", "SWAPDB 0 1", "SET a 1", "RENAME a b"]
)
def test_a_key_that_expires_under_watch_stops_the_transaction(passive, change):
    # In one pipeline, so that the key is watched before it expires.
    for client in (passive.ours, passive.oracle):
        replies = client.pipeline([["SET", "a", 1, "PX", 60], ["WATCH", "a"], ["DEBUG", "SLEEP", "0.07"]])
        assert [reply.decoded for reply in replies] == ["OK"] * 3
    if change:
        with passive.another() as other:
            other.check(*change.split())
    queue(passive, "PING")
    assert passive.check("EXEC") is None


@pytest.mark.parametrize(
    "change", [None, "GET a", "DEL a", "FLUSHDB", "FLUSHALL", "SWAPDB 0 1", "SET a 1", "SET a 1 PX 1"]
)
def test_a_key_that_had_expired_before_is_watched_as_absent(passive, change):
    passive.setup("SET", "a", 1, "PX", 1)
    pause(passive)
    passive.check("WATCH", "a")
    if change:
        with passive.another() as other:
            other.check(*change.split())
    queue(passive, "PING")
    passive.check("EXEC")


@pytest.mark.parametrize("watched", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("stale", [(), (0,), (1,), (0, 1)])
@pytest.mark.parametrize("living", [(), (0,), (1,)])
def test_swapping_databases_with_expired_keys(passive, watched, stale, living):
    for database in (*living, *stale):
        passive.setup("SELECT", database)
        passive.setup("SET", "a", 1, *(["PX", 1] if database in stale else []))
    pause(passive)
    for database in watched:
        passive.setup("SELECT", database)
        passive.check("WATCH", "a")
    passive.check("SWAPDB", 0, 1)
    queue(passive, "PING")
    passive.check("EXEC")


def test_a_key_that_expires_actively_stops_the_transaction(client, shared_ours):
    # In one pipeline, so that the key is watched before it expires.
    assert [reply.decoded for reply in client.pipeline([["SET", "a", 1, "PX", 50], ["WATCH", "a"]])] == ["OK", "OK"]
    wait_until(lambda: client.must("DBSIZE") == 0, "the active expiry")
    client.must("MULTI")
    client.must("PING")
    assert client.do("EXEC") is None


# ---- the append-only file ----


def file_of(server):
    (path,) = (server.folder / "appendonlydir").glob("*.incr.aof")
    return path.read_bytes().replace(b"\r\n", b" ")


@pytest.fixture
def durable(start_ours):
    return start_ours("--appendonly", "yes", "--aof-timestamp-enabled", "no")


def test_a_transaction_is_one_unit_of_the_file(durable):
    with durable.client() as client:
        replies = client.pipeline(
            [("MULTI",), ("GET", "a"), ("SET", "a", 1), ("SELECT", 1), ("INCR", "a"), ("HGET", "a", "f"), ("EXEC",)]
        )
        assert not replies[-1].is_error
        client.must("SET", "b", 1)
    words = [word for word in file_of(durable).split() if word[:1] not in b"*$"]
    told = b" ".join(words).decode()
    assert told.endswith("MULTI SELECT 0 SET a 1 SELECT 1 INCR a EXEC SET b 1"), told


def test_a_transaction_that_changes_nothing_is_not_told(durable):
    with durable.client() as client:
        client.pipeline([("MULTI",), ("GET", "a"), ("DEL", "a"), ("EXEC",)])
    assert b"MULTI" not in file_of(durable)


def test_a_refused_transaction_is_not_told(durable):
    with durable.client() as client:
        client.pipeline([("MULTI",), ("SET", "a", 1), ("NOSUCH",), ("EXEC",)])
        client.pipeline([("WATCH", "b"), ("SET", "b", 1), ("MULTI",), ("SET", "a", 1), ("EXEC",)])
    assert b"MULTI" not in file_of(durable)


def test_transactions_come_back_after_a_crash(durable):
    with durable.client() as client:
        for number in range(100):
            client.pipeline([("MULTI",), ("SET", f"a:{number}", 1), ("SELECT", number % 3), ("INCR", "n"), ("EXEC",)])
        client.must("SELECT", 0)
    durable.restart(crash=True)
    with durable.client() as client:
        sizes = [(client.must("SELECT", number), client.must("GET", "n")) for number in range(3)]
        assert sum(int(value) for _, value in sizes) == 100

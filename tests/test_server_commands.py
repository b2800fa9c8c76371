"""CONFIG, COMMAND, SLOWLOG, LATENCY, MEMORY, SHUTDOWN and the rest of the group, with the oracle where possible."""

import re
import time

import pytest

from pyredis._version import REDIS_VERSION
from pyredis.commands.server.latency import Events, Latency
from pyredis.commands.server.lolwut import LINES, WIDTH, draw, step
from pyredis.commands.server.slowlog import Slowlog, redact, shorten
from pyredis.commands.table.command_table import SPECS, every_spec
from support.client import wait_until
from support.pair import Pair
from support.servers import make_ours


@pytest.mark.parametrize(
    "command",
    [
        "CONFIG",
        "CONFIG NOSUCH",
        "CONFIG GET",
        "CONFIG SET maxmemory",
        "CONFIG SET maxmemory 1 hz",
        "CONFIG SET nosuch 1",
        "CONFIG SET maxmemory x",
        "CONFIG SET hz 10 hz 11",
        "CONFIG SET databases 3",
        "CONFIG RESETSTAT x",
        "CONFIG REWRITE",
        "CONFIG GET nosuch",
        "COMMAND NOSUCH",
        "COMMAND COUNT x",
        "COMMAND INFO nosuch get|what",
        "COMMAND DOCS nosuch",
        "COMMAND LIST x",
        "COMMAND LIST FILTERBY",
        "COMMAND LIST FILTERBY PATTERN",
        "COMMAND LIST FILTERBY NOSUCH x",
        "COMMAND LIST FILTERBY MODULE x",
        "COMMAND LIST FILTERBY ACLCAT nosuch",
        "COMMAND LIST FILTERBY PATTERN nosuch*",
        "COMMAND LIST FILTERBY PATTERN set",
        "COMMAND GETKEYS",
        "COMMAND GETKEYS GET k",
        "COMMAND GETKEYS MSET a 1 b 2",
        "COMMAND GETKEYS PING x",
        "COMMAND GETKEYS NOSUCH x",
        "COMMAND GETKEYS GET a b",
        "COMMAND GETKEYSANDFLAGS SET k v",
        "COMMAND GETKEYSANDFLAGS RENAME a b",
        "SLOWLOG",
        "SLOWLOG NOSUCH",
        "SLOWLOG GET x",
        "SLOWLOG GET -2",
        "SLOWLOG GET 1 2",
        "SLOWLOG GET 0",
        "SLOWLOG RESET",
        "SLOWLOG LEN x",
        "LATENCY",
        "LATENCY NOSUCH",
        "LATENCY HISTORY",
        "LATENCY HISTORY nosuch",
        "LATENCY LATEST",
        "LATENCY RESET",
        "LATENCY RESET nosuch",
        "LATENCY HISTOGRAM nosuch",
        "MEMORY",
        "MEMORY NOSUCH",
        "MEMORY USAGE",
        "MEMORY USAGE absent",
        "MEMORY USAGE absent SAMPLES",
        "MEMORY USAGE absent SAMPLES x",
        "MEMORY USAGE absent SAMPLES -1",
        "MEMORY USAGE absent SAMPLES 0",
        "MEMORY USAGE absent WHAT 1",
        "SHUTDOWN NOSUCH",
        "SHUTDOWN SAVE NOSAVE",
        "SHUTDOWN ABORT",
        "SHUTDOWN ABORT NOW",
        "LOLWUT VERSION x",
        "LOLWUT VERSION 5 1 1 x",
        "LOLWUT VERSION 6 x",
        "TIME x",
        "LASTSAVE x",
        "BGREWRITEAOF x",
    ],
)
def test_errors_and_fixed_answers(pair, command):
    pair.check(*command.split())


def test_time_is_told_in_seconds_and_microseconds(pair):
    pair.check("TIME", shape_only=True)
    before, told, after = time.time_ns(), pair.ours.must("TIME"), time.time_ns()
    seconds, microseconds = (int(part) for part in told)
    assert before // 1000 <= seconds * 1_000_000 + microseconds <= after // 1000
    assert 0 <= microseconds < 1_000_000


def test_before_any_save_the_last_one_was_the_start(start_ours, start_oracle):
    for start in (start_ours, start_oracle):
        before = int(time.time())
        with start().client() as client:
            assert before <= client.must("LASTSAVE") <= time.time()


# CONFIG.


def test_config_set_changes_what_config_get_tells(pair):
    with pair.config(hz=10, slowlog_max_len=128):
        pair.check("CONFIG", "SET", "hz", "50", "SLOWLOG-MAX-LEN", "7")
        pair.check("CONFIG", "GET", "hz", "slowlog-max-len", unordered="pairs")
        pair.check("CONFIG", "SET", "hz", "20", "slowlog-max-len", "x")
        pair.check("CONFIG", "GET", "hz", "slowlog-max-len", unordered="pairs")


def test_config_get_answers_by_the_names_that_were_asked_for(pair):
    pair.check("CONFIG", "GET", "maxmemory", "MaxClients", "maxmemory-pol*", unordered="pairs")


def test_config_set_changes_what_commands_do(pair2):
    with pair2.config(hash_max_listpack_entries=128, proto_max_bulk_len=512 << 20):
        pair2.setup("CONFIG", "SET", "hash-max-listpack-entries", 2)
        pair2.setup("HSET", "h", 1, 1, 2, 2, 3, 3)
        pair2.check("OBJECT", "ENCODING", "h")
        pair2.setup("CONFIG", "SET", "proto-max-bulk-len", 1 << 20)
        pair2.check("SETRANGE", "s", 1 << 20, "x")


def test_values_may_hold_any_bytes(client):
    before = client.must("CONFIG", "GET", "masterauth")
    client.must("CONFIG", "SET", "masterauth", b"\xff\r\n\0")
    found = client.must("CONFIG", "GET", "masterauth")
    client.must("CONFIG", "SET", "masterauth", "")
    assert b"\xff\r\n\0" in (found.values() if isinstance(found, dict) else found)
    assert client.must("CONFIG", "GET", "masterauth") == before


def test_config_rewrite_writes_the_file(start_ours, tmp_path):
    path = tmp_path / "redis.conf"
    path.write_text("# mine\nhz 15\n")
    server = start_ours(start=False)
    server.command.append(str(path))
    with server.start().client() as client:
        client.must("CONFIG", "SET", "hz", "30", "slowlog-max-len", "99")
        assert client.must("CONFIG", "REWRITE") == "OK"
        assert client.must("INFO", "server").count(f"config_file:{path}".encode()) == 1
    lines = path.read_text().splitlines()
    assert lines[:2] == ["# mine", "hz 30"]
    assert "slowlog-max-len 99" in lines


# COMMAND.


def test_command_tells_all_there_is(pair):
    told = pair.ours.must("COMMAND")
    assert {facts[0].decode() for facts in told} == set(SPECS)
    assert pair.ours.must("COMMAND", "COUNT") == len(SPECS)
    assert pair.ours.must("COMMAND", "INFO") == told
    assert set(pair.ours.must("COMMAND", "LIST")) == {spec.name.encode() for spec in every_spec()}


@pytest.mark.parametrize(
    "name", ["get", "setex", "mset", "object|encoding", "client|kill", "memory|usage", "time", "exec"]
)
def test_command_info_is_that_of_redis(pair, name):
    pair.check("COMMAND", "INFO", name, unordered=True)


def test_command_docs_tell_the_arguments(pair):
    ours, oracle = (client.must("COMMAND", "DOCS", "getex", "nosuch") for client in (pair.ours, pair.oracle))
    if pair.protocol == 2:
        ours, oracle = (dict(zip(docs[::2], docs[1::2], strict=True)) for docs in (ours, oracle))
    assert list(ours) == list(oracle) == [b"getex"]


def test_command_list_filters(pair):
    for kind, value in (
        ("ACLCAT", "transaction"),
        ("ACLCAT", "HASH"),
        ("PATTERN", "CONFIG|*"),
        ("pattern", "h[gs]et*"),
    ):
        ours, oracle = (client.must("COMMAND", "LIST", "FILTERBY", kind, value) for client in (pair.ours, pair.oracle))
        older = {spec.name.encode() for spec in every_spec() if spec.since < "7.1"}
        assert sorted(older.intersection(ours)) == sorted(older.intersection(oracle))
        assert older.intersection(ours)


# SLOWLOG.


@pytest.fixture
def slow_pair(start_ours, start_oracle):
    """Yields two fresh servers whose slow logs record every command."""
    options = ["--slowlog-log-slower-than", "0"]
    with Pair(start_ours(*options), start_oracle(*options)) as pair:
        yield pair


def entries(reply):
    """Returns id, arguments and client name of each entry; the other fields depend on time or address."""
    return [(entry[0], entry[3], entry[5]) for entry in reply]


def test_the_slow_log_takes_commands_as_redis_does(slow_pair):
    pair = slow_pair
    pair.check("CLIENT", "SETNAME", "slowpoke")
    pair.check("SLOWLOG", "RESET")
    pair.check("SET", "k", "x" * 200)
    pair.check("MSET", *[f"{index}" for index in range(40)])
    pair.check("MSET", *[f"{index}" for index in range(30)], "last")
    pair.check("NOSUCH")
    pair.check("GET")
    pair.check("HGET", "k", "f")
    pair.check("AUTH", "nobody", "secret")
    pair.check("CONFIG", "SET", "requirepass", "", "masterauth", "")
    pair.check("MULTI")
    pair.check("INCR", "n")
    pair.check("EXEC")
    pair.check("SLOWLOG", "LEN")
    pair.check("SLOWLOG", "GET", by=entries)
    pair.check("SLOWLOG", "GET", "2", by=entries)
    pair.check("SLOWLOG", "GET", "-1", by=entries)
    pair.check("SLOWLOG", "GET", "-1", shape_only=True)


def test_an_entry_tells_who_and_when(slow_pair):
    before = time.time_ns() // 1000
    slow_pair.check("DEBUG", "SLEEP", "0.01")
    after = time.time_ns() // 1000
    entry = next(entry for entry in slow_pair.ours.must("SLOWLOG", "GET") if entry[3][0] == b"DEBUG")
    assert before // 1_000_000 <= entry[1] <= after // 1_000_000
    assert 10_000 <= entry[2] <= after - before
    assert entry[4].decode() == "{}:{}".format(*slow_pair.ours.socket.getsockname())


def test_only_slow_commands_are_taken(start_ours):
    with start_ours("--slowlog-log-slower-than", "100000").client() as client:
        client.must("SET", "k", "v")
        client.must("DEBUG", "SLEEP", "0.11")
        assert [entry[3] for entry in client.must("SLOWLOG", "GET")] == [[b"DEBUG", b"SLEEP", b"0.11"]]
        client.must("CONFIG", "SET", "slowlog-log-slower-than", "-1")
        client.must("DEBUG", "SLEEP", "0.11")
        assert client.must("SLOWLOG", "LEN") == 1


def test_the_slow_log_keeps_its_length(slow_pair):
    slow_pair.check("CONFIG", "SET", "slowlog-max-len", "3")
    for index in range(5):
        slow_pair.check("ECHO", index)
    slow_pair.check("SLOWLOG", "GET", by=entries)
    slow_pair.check("CONFIG", "SET", "slowlog-max-len", "1")
    slow_pair.check("ECHO", "last")
    slow_pair.check("SLOWLOG", "LEN")
    slow_pair.check("SLOWLOG", "GET", by=entries)


def test_what_a_command_says_of_passwords_is_not_kept():
    assert redact([b"AUTH", b"a", b"b"]) == [b"AUTH", b"(redacted)", b"(redacted)"]
    assert redact([b"HELLO", b"3", b"auth", b"u", b"p", b"SETNAME", b"n"])[3:] == [
        *(b"(redacted)", b"(redacted)", b"SETNAME", b"n")
    ]
    assert redact([b"config", b"set", b"hz", b"10", b"RequirePass", b"p"])[3:] == [b"10", b"RequirePass", b"(redacted)"]
    assert redact([b"SET", b"auth", b"x"]) == [b"SET", b"auth", b"x"]


def test_long_commands_are_cut():
    assert shorten([b"a"] * 32) == [b"a"] * 32
    assert shorten([b"a"] * 33) == [b"a"] * 31 + [b"... (2 more arguments)"]
    assert shorten([b"x" * 128, b"x" * 129]) == [b"x" * 128, b"x" * 128 + b"... (1 more bytes)"]


@pytest.mark.parametrize("size", [128, 129, 4095, 4096, 4097, 5000, 100_000])
def test_what_is_cut_off_a_long_argument_is_counted(slow_pair, size):
    """Only the beginning of a large argument is copied."""
    slow_pair.check("ECHO", "x" * size)
    slow_pair.check("SLOWLOG", "GET", by=entries)


def test_a_shorter_log_drops_the_oldest():
    log = Slowlog(3)
    for index in range(5):
        log.add(None, [b"%d" % index], index)
    assert [entry.id for entry in log.entries] == [4, 3, 2]
    log.set_limit(2)
    assert [entry.id for entry in log.entries] == [4, 3]
    log.set_limit(5)
    log.add(None, [b"x"], 1)
    assert [entry.id for entry in log.entries] == [5, 4, 3]


# LATENCY.


def test_slow_commands_are_events(start_ours, start_oracle):
    options = ["--latency-monitor-threshold", "100"]
    with Pair(start_ours(*options), start_oracle(*options)) as pair:
        before = time.time_ns() // 1_000_000
        pair.check("DEBUG", "SLEEP", "0.11")
        after = time.time_ns() // 1_000_000
        pair.check("PING")
        latest = pair.check("LATENCY", "LATEST", by=lambda events: [event[0] for event in of_commands(events)])
        ((_, moment, last, longest),) = of_commands(latest)
        assert 110 <= last == longest <= after - before
        assert before // 1000 <= moment <= after // 1000
        assert pair.check("LATENCY", "HISTORY", "command", shape_only=True) == [[moment, last]]
        pair.check("LATENCY", "RESET", "command", "nosuch")
        assert of_commands(pair.check("LATENCY", "LATEST", by=of_commands)) == []


@pytest.mark.parametrize(("log_us", "event_ms"), [(-1, 100), (100_000, 0), (10**9, 100), (100_000, 10**6), (-1, 0)])
def test_the_slow_log_and_the_events_have_each_their_own_threshold(start_ours, log_us, event_ms):
    server = start_ours("--slowlog-log-slower-than", str(log_us), "--latency-monitor-threshold", str(event_ms))
    with server.client() as client:
        client.must("DEBUG", "SLEEP", "0.11")
        noted = [entry[3][0] for entry in client.must("SLOWLOG", "GET", -1)]
        assert (b"DEBUG" in noted) == (log_us == 100_000)
        events = [event[0] for event in client.must("LATENCY", "LATEST")]
        assert (b"command" in events) == (event_ms == 100)


def of_commands(events):
    """Returns the events of commands, without others that a stalled machine may cause."""
    return [event for event in events if event[0] == b"command"]


def test_nothing_is_an_event_without_a_threshold(client):
    client.must("DEBUG", "SLEEP", "0.01")
    assert client.must("LATENCY", "LATEST") == []


def test_of_one_second_the_longest_sample_is_kept():
    events = Events()
    for second, milliseconds in ((1, 5), (1, 9), (1, 7), (2, 3)):
        events.add(second, milliseconds)
    assert list(events.samples) == [(1, 9), (2, 3)]
    assert events.longest == 9
    for second in range(3, 300):
        events.add(second, 1)
    assert len(events.samples) == 160
    assert events.longest == 9


def test_short_events_are_not_noted():
    latency = Latency(10)
    latency.add("fork", 9)
    assert latency.events == {}
    latency.add("fork", 10)
    assert latency.reset() == 1
    latency.set_threshold(0)
    latency.add("fork", 100)
    assert latency.events == {}


def test_the_histogram_of_a_command(pair):
    pair.check("CONFIG", "RESETSTAT")
    for _ in range(5):
        pair.check("ECHO", "x")
    pair.check("CLIENT", "GETNAME")

    def shape(reply):
        if isinstance(reply, list):
            reply = dict(zip(reply[::2], reply[1::2], strict=True))
        return {name: dict_of(facts)[b"calls"] for name, facts in reply.items()}

    def dict_of(facts):
        return facts if isinstance(facts, dict) else dict(zip(facts[::2], facts[1::2], strict=True))

    pair.check("LATENCY", "HISTOGRAM", "echo", by=shape)
    pair.check("LATENCY", "HISTOGRAM", "client", "nosuch", by=shape)
    pair.check("LATENCY", "HISTOGRAM", "client|getname", "CLIENT", by=shape)
    pair.check("LATENCY", "HISTOGRAM", "set")
    ours = pair.ours.must("LATENCY", "HISTOGRAM", "echo")
    facts = dict_of(ours[b"echo"] if isinstance(ours, dict) else ours[1])
    steps = facts[b"histogram_usec"]
    counts = list(steps.values()) if isinstance(steps, dict) else steps[1::2]
    assert counts == sorted(counts)
    assert counts[-1] == 5


# MEMORY.

# The bytes of a key's place in the table of its database, which MEMORY USAGE counts as an average.
PLACE = 64

USED = [
    ["SET", "k", "x"],
    ["SET", "k", "x" * 100_000],
    ["HSET", "k", "f", "v"],
    ["HSET", "k", *range(2000)],
    ["SADD", "k", *range(500)],
    ["SADD", "k", "a", "b"],
    ["SADD", "k", *(f"member:{number}" for number in range(1000))],
    ["RPUSH", "k", *(f"element:{number}" for number in range(5000))],
    ["ZADD", "k", *range(100)],
    ["ZADD", "k", *(f"{number}" for number in range(4000))],
    ["XADD", "k", "1-1", "f", "v" * 3000],
    ["PFADD", "k", *range(5000)],
]


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """Yields a client of a server without a file, whose memory changes only by what the client's commands store."""
    with make_ours(tmp_path_factory.mktemp("still"), "--appendonly", "no") as server, server.client() as client:
        yield client


@pytest.mark.parametrize("command", USED, ids=lambda words: f"{words[0]} {len(words)} {len(str(words[-1]))}")
def test_usage_is_what_a_value_has_taken(still, command):
    def used():
        wait_until(lambda: b"lazyfree_pending_objects:0\r\n" in still.must("INFO", "memory"), "the releases")
        return int(re.search(rb"used_memory:(\d+)", still.must("INFO", "memory"))[1])

    for _ in range(2):  # the first time, the buffers for arguments grow; they are kept
        still.must("FLUSHALL")
        before = used()
        still.must(*command)
    told = still.must("MEMORY", "USAGE", "k")
    assert abs(told - (used() - before)) <= PLACE
    assert still.must("MEMORY", "USAGE", "k", "SAMPLES", "1", "samples", "0") == told


def test_usage_leaves_the_access_clock_alone(client):
    client.must("SET", "k", "v")
    hits = client.must("INFO", "stats")
    client.must("MEMORY", "USAGE", "k")
    pattern = rb"keyspace_hits:\d+"
    assert re.search(pattern, client.must("INFO", "stats"))[0] == re.search(pattern, hits)[0]


# Fields of MEMORY STATS that Redis 7.4 adds to those of 7.0.
NEWER_STATS = {
    *(b"overhead.db.hashtable.lut", b"overhead.db.hashtable.rehashing", b"db.dict.rehashing.count"),
    b"allocator.muzzy",
}


def as_map(reply):
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))


def test_stats_have_the_fields_of_redis_in_their_order(pair):
    for number in (0, 9):
        pair.setup("SELECT", number)
        pair.setup("SET", "k", "v", "EX", "1000")
    ours, oracle = (as_map(client.must("MEMORY", "STATS")) for client in (pair.ours, pair.oracle))
    assert [name for name in ours if name not in NEWER_STATS] == list(oracle)
    assert set(ours) >= NEWER_STATS
    assert ours[b"keys.count"] == 2
    tables = as_map(ours[b"db.9"])
    assert list(tables) == [b"overhead.hashtable.main", b"overhead.hashtable.expires"]
    assert list(tables.values()) == [64, 64], "one bucket each"


def test_the_doctor_judges_by_what_there_is(start_ours):
    with start_ours("--appendonly", "no").client() as client:
        assert client.must("MEMORY", "DOCTOR").startswith(b"There is hardly anything in memory yet")
        client.must("DEBUG", "POPULATE", "50000", "key", "200")
        assert client.must("MEMORY", "DOCTOR") == b"No trouble with memory found.\n"
        client.must("DEBUG", "POPULATE", "200000", "key", "200")
        client.must("DEL", *(f"key:{number}" for number in range(150_000)))
        assert b" * Peak: memory in use was once more than 1.5 times" in client.must("MEMORY", "DOCTOR")


# LOLWUT.


def test_lolwut_tells_the_version_below_a_picture(client):
    for arguments in ([], ["VERSION", "5"], ["VERSION", "99", "1", "2"]):
        text = client.must("LOLWUT", *arguments).decode()
        assert f"Redis ver. {REDIS_VERSION}" in text.splitlines()[-1]


def test_the_picture_follows_its_rule():
    cells = [False] * WIDTH
    cells[3] = True
    assert [at for at, alive in enumerate(step(90, cells)) if alive] == [2, 4]
    assert len(draw(30).split("\n")) == LINES + 1


# Rewrite and shutdown.


def test_bgrewriteaof_rewrites_while_serving(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client() as client:
        client.must("SET", "k", "v")
        assert client.must("BGREWRITEAOF") == "Background append only file rewriting started"
        wait_until(lambda: b"aof_rewrites:1\r\n" in client.must("INFO", "persistence"), "the rewrite to end")
        digest = client.must("DEBUG", "DIGEST")
    server.restart()
    with server.client() as client:
        assert client.must("DEBUG", "DIGEST") == digest


@pytest.mark.parametrize("arguments", [[], ["NOSAVE"], ["nosave", "NOW", "force"]])
def test_shutdown_closes_and_ends(start_ours, arguments):
    server = start_ours("--appendonly", "yes")
    with server.client() as client, server.client() as other:
        client.must("SET", "k", "v")
        other.must("PING")
        client.send("SHUTDOWN", *arguments)
        assert client.read_to_end() == b""
        assert other.read_to_end() == b""
    assert server.wait_exit() == 0
    with server.start().client() as client:
        assert client.must("GET", "k") == b"v"

"""The values in CLIENT LIST, MEMORY STATS and USAGE, and LATENCY: for every field a test that fails if it is wrong."""

import re
import time

import pytest

from support.client import RawClient, wait_until

MB = 1 << 20


@pytest.fixture
def server(start_ours):
    return start_ours("--appendonly", "no")


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


def address(client: RawClient) -> str:
    return "{}:{}".format(*client.socket.getsockname())


def row(client: RawClient, of: RawClient) -> dict[str, str]:
    """Returns the fields of CLIENT LIST for a client, found by its address; one that has just connected is awaited."""
    return wait_until(lambda: found(client, of), "the client to be listed")


def found(client: RawClient, of: RawClient) -> dict[str, str]:
    rows = [line.split(" ") for line in client.must("CLIENT", "LIST").decode().splitlines()]
    listed = [dict(word.split("=", 1) for word in words) for words in rows]
    return next((fields for fields in listed if fields["addr"] == address(of)), {})


# ---- CLIENT LIST ----

# The fields of a client that has just connected and named itself, except those in TOLD_APART, which vary.
QUIET = {
    **{"name": "me", "flags": "N", "db": "0", "sub": "0", "psub": "0", "ssub": "0", "multi": "-1", "watch": "0"},
    **{
        "qbuf": "0",
        "qbuf-free": "0",
        "argv-mem": "0",
        "multi-mem": "0",
        "rbs": "0",
        "rbp": "0",
        "obl": "0",
        "oll": "0",
    },
    **{"omem": "0", "events": "r", "cmd": "client|setname", "user": "default", "redir": "-1", "resp": "2"},
    **{"lib-name": "", "lib-ver": ""},
}
TOLD_APART = {"id", "addr", "laddr", "fd", "age", "idle", "tot-mem"}


def test_every_field_of_a_client_is_tested_and_right_for_one_that_does_nothing(server, client):
    with server.client() as other:
        other.must("CLIENT", "SETNAME", "me")
        fields = row(client, other)
        assert set(fields) == set(QUIET) | TOLD_APART
        assert {name: fields[name] for name in QUIET} == QUIET
        assert fields["id"] == str(other.must("CLIENT", "ID"))
        assert fields["laddr"] == f"127.0.0.1:{server.port}"
        with server.client() as later:
            later.must("PING")
            assert int(row(client, later)["id"]) == int(fields["id"]) + 1
            assert int(row(client, later)["fd"]) != int(fields["fd"]) > 2


def test_client_info_is_the_own_line_of_the_list(client):
    own = client.must("CLIENT", "INFO").decode().removesuffix("\n")
    line = client.must("CLIENT", "LIST", "ID", client.must("CLIENT", "ID")).decode().removesuffix("\n")
    volatile = re.compile(r"(age|idle)=\d+|cmd=\S+")
    assert volatile.sub("", own) == volatile.sub("", line)


def test_what_a_client_has_chosen_is_told(server, client):
    with server.client(3) as other:
        other.must("SELECT", 7)
        other.must("CLIENT", "SETINFO", "LIB-NAME", "lib")
        other.must("CLIENT", "SETINFO", "LIB-VER", "1.2")
        other.must("CLIENT", "NO-EVICT", "on")
        other.must("CLIENT", "NO-TOUCH", "on")
        fields = row(client, other)
    assert (fields["db"], fields["resp"], fields["lib-name"], fields["lib-ver"]) == ("7", "3", "lib", "1.2")
    assert (fields["flags"], fields["cmd"]) == ("eT", "client|no-touch")


def test_a_transaction_is_told_with_its_memory(server, client):
    with server.client() as other:
        before = int(row(client, other)["tot-mem"])
        other.must("WATCH", "a", "b", "a")
        other.must("MULTI")
        assert row(client, other)["multi"] == "0"
        watching = int(row(client, other)["tot-mem"])
        assert before < watching < before + 1000
        other.must("SET", "k", "v" * 50_000)
        first = int(row(client, other)["multi-mem"])
        other.must("SET", "k", "v" * 70_000)
        fields = row(client, other)
        assert (fields["flags"], fields["multi"], fields["watch"]) == ("x", "2", "2")
        assert 50_000 < first < 50_300
        assert 120_000 < int(fields["multi-mem"]) < 120_600
        assert int(fields["tot-mem"]) - watching == int(fields["multi-mem"])
        other.must("DISCARD")
        fields = row(client, other)
        assert (fields["flags"], fields["multi"], fields["watch"], fields["multi-mem"]) == ("N", "-1", "0", "0")
        assert int(fields["tot-mem"]) == before


def test_a_client_that_waits_is_told_with_its_arguments(server, client):
    with server.client() as other:
        before = int(row(client, other)["tot-mem"])
        other.send("BLPOP", "k" * 10_000, 0)
        fields = wait_until(lambda: (now := row(client, other))["flags"] == "b" and now, "the wait")
        assert 10_000 < int(fields["argv-mem"]) < 10_500
        assert fields["cmd"] == "blpop"
        assert int(fields["tot-mem"]) - before == int(fields["argv-mem"])


def test_input_and_output_that_lie_are_told_by_their_size(server, client):
    client.must("SET", "k", "v" * 30_000_000)
    with server.client() as reading, server.client() as slow:
        quiet = int(row(client, reading)["tot-mem"])
        beginning = b"*2\r\n$4\r\nECHO\r\n$3000000\r\n" + b"x" * 100_000
        reading.send_bytes(beginning)
        fields = wait_until(lambda: (now := row(client, reading))["qbuf"] == str(len(beginning)) and now, "the input")
        assert int(fields["tot-mem"]) - quiet == int(fields["qbuf"]) + int(fields["qbuf-free"])
        assert 0 < int(fields["qbuf-free"]) < MB
        slow.send("GET", "k")
        fields = wait_until(lambda: (now := row(client, slow))["omem"] != "0" and now, "the output")
        assert (fields["oll"], fields["events"]) == ("1", "rw")
        assert 20_000_000 < int(fields["omem"]) < 30_000_011
        assert int(fields["tot-mem"]) - quiet == int(fields["omem"])


def test_age_and_idle_time_are_seconds(server, client):
    """One client is idle and one sends commands; both connected at the same time."""
    with server.client() as idle:
        idle.must("PING")
        begun = time.monotonic()
        fields = wait_until(lambda: int((now := row(client, idle))["idle"]) >= 2 and now, "two seconds")
        elapsed = time.monotonic() - begun
        assert 2 <= int(fields["idle"]) <= int(fields["age"]) <= elapsed + 2
        assert row(client, client)["idle"] == "0"
        assert int(row(client, client)["age"]) >= 2
        idle.must("PING")
        assert row(client, idle)["idle"] == "0"


# ---- MEMORY ----

STATS_AS_INFO = {
    "peak.allocated": "used_memory_peak",
    "total.allocated": "used_memory",
    "startup.allocated": "used_memory_startup",
    "clients.normal": "mem_clients_normal",
    "aof.buffer": "mem_aof_buffer",
    "overhead.total": "used_memory_overhead",
    "overhead.db.hashtable.rehashing": "mem_overhead_db_hashtable_rehashing",
    "dataset.bytes": "used_memory_dataset",
    "allocator.allocated": "allocator_allocated",
}
RESIDENT = {
    "allocator.active": lambda used, resident: resident,
    "allocator.resident": lambda used, resident: resident,
    "allocator-fragmentation.ratio": lambda used, resident: resident / used,
    "allocator-fragmentation.bytes": lambda used, resident: resident - used,
    "fragmentation": lambda used, resident: resident / used,
    "fragmentation.bytes": lambda used, resident: resident - used,
}
STATS_FIXED = {
    **dict.fromkeys(["replication.backlog", "clients.slaves", "cluster.links", "lua.caches", "functions.caches"], 0),
    **dict.fromkeys(["allocator.muzzy", "allocator-rss.bytes", "rss-overhead.bytes"], 0),
    **dict.fromkeys(["allocator-rss.ratio", "rss-overhead.ratio"], 1.0),
}
STATS_CHECKED = {
    *("db.0", "db.3", "overhead.db.hashtable.lut", "db.dict.rehashing.count", "keys.count", "keys.bytes-per-key"),
    *("dataset.percentage", "peak.percentage"),
}


def test_every_figure_of_memory_stats_is_right(server):
    """INFO and MEMORY STATS run in one transaction, so that nothing changes between them."""
    with server.client(3) as client:
        client.must("DEBUG", "POPULATE", 20_000)
        client.must("FLUSHALL", "SYNC")
        client.must("DEBUG", "POPULATE", 5000)
        client.must("SELECT", 3)
        for number in range(1000):
            client.must("SET", f"k{number}", "v", "EX", 1000)
        wait_until(lambda: client.must("MEMORY", "STATS")[b"db.dict.rehashing.count"] == 0, "the tables to settle")
        client.must("MULTI")
        client.must("INFO", "memory")
        client.must("MEMORY", "STATS")
        text, told = client.must("EXEC")
    text = text if isinstance(text, bytes) else text.text
    info = dict(line.split(":", 1) for line in text.decode().split("\r\n") if ":" in line)
    stats = {name.decode(): value for name, value in told.items()}
    assert set(stats) == set(STATS_AS_INFO) | set(RESIDENT) | set(STATS_FIXED) | STATS_CHECKED
    assert {name: stats[name] for name in STATS_FIXED} == STATS_FIXED
    for name, field in STATS_AS_INFO.items():
        assert stats[name] == int(info[field]), name
    used, startup = stats["total.allocated"], stats["startup.allocated"]
    for name, figure in RESIDENT.items():
        assert stats[name] == pytest.approx(figure(used, stats["allocator.resident"])), name
    assert stats["allocator.resident"] == pytest.approx(int(info["used_memory_rss"]), abs=MB)
    assert stats["keys.count"] == 6000
    assert stats["keys.bytes-per-key"] == (used - startup) // 6000
    assert stats["dataset.percentage"] == pytest.approx(100 * stats["dataset.bytes"] / (used - startup))
    assert stats["peak.percentage"] == pytest.approx(100 * used / stats["peak.allocated"])
    assert stats["peak.percentage"] < 100
    tables = [stats["db.0"], stats["db.3"]]
    # A bucket of 64 bytes holds seven entries; no table is less than an eighth full.
    assert 5000 / 7 * 64 <= tables[0][b"overhead.hashtable.main"] <= 5000 * 64
    assert tables[0][b"overhead.hashtable.expires"] == 0
    assert 1000 / 7 * 64 <= tables[1][b"overhead.hashtable.main"] <= 1000 * 64
    assert tables[1][b"overhead.hashtable.main"] == tables[1][b"overhead.hashtable.expires"]
    assert stats["overhead.db.hashtable.lut"] == sum(sum(table.values()) for table in tables)


VALUES = {
    "string": ["SET", "{}", "v" * 3000],
    "embedded": ["SET", "{}", "short"],
    "integer": ["SET", "{}", "12345"],
    "list": ["RPUSH", "{}", *(f"element{number}" for number in range(300))],
    "long list": ["RPUSH", "{}", *("e" * 900 for _ in range(40))],
    "set": ["SADD", "{}", *(f"member{number}" for number in range(300))],
    "integers": ["SADD", "{}", *range(300)],
    "hash": ["HSET", "{}", *(word for number in range(600) for word in (f"field{number}", "v"))],
    "packed hash": ["HSET", "{}", *(word for number in range(60) for word in (f"field{number}", "v"))],
    "sorted set": ["ZADD", "{}", *(word for number in range(300) for word in (number, f"member{number}"))],
    "stream": ["XADD", "{}", "1-1", *(word for number in range(200) for word in (f"field{number}", "v"))],
}


@pytest.mark.parametrize("kind", VALUES)
def test_the_memory_of_a_key_is_what_storing_it_takes(client, kind):
    """Measured over 500 keys, so that growth of the main table matters little: each key's figure has a share of it."""
    used = client.must("MEMORY", "STATS")
    before = dict(zip(used[::2], used[1::2], strict=True))
    client.pipeline(
        [[word.format(f"key{n}") if word == "{}" else word for word in map(str, VALUES[kind])] for n in range(500)]
    )
    told = sum(client.must("MEMORY", "USAGE", f"key{number}") for number in range(500))
    used = client.must("MEMORY", "STATS")
    after = dict(zip(used[::2], used[1::2], strict=True))
    grown = after[b"total.allocated"] - before[b"total.allocated"]
    tables = after[b"overhead.db.hashtable.lut"]
    assert abs(grown - told) <= tables + 500 * 16 + 40_000


# ---- LATENCY ----


def of_command(client: RawClient, name: str) -> dict[str, str]:
    text = client.must("INFO", "commandstats").decode()
    return dict(word.split("=") for word in re.search(rf"cmdstat_{name}:(.*)\r", text)[1].split(","))


def histogram(client: RawClient, name: str) -> tuple[int, dict[int, int]]:
    (_, facts) = client.must("LATENCY", "HISTOGRAM", name)
    facts = dict(zip(facts[::2], facts[1::2], strict=True))
    rows = facts[b"histogram_usec"]
    return facts[b"calls"], dict(zip(rows[::2], rows[1::2], strict=True))


def edge_above(microseconds: float) -> int:
    """Returns the upper edge in µs of a time's bucket in Redis's histogram: 2**k ns and what its two digits add."""
    power = int(microseconds * 1000).bit_length()
    return ((1 << power) + (1 << (power - 7)) - 1) // 1000


def test_a_histogram_has_each_call_below_its_time(client):
    client.must("CONFIG", "RESETSTAT")
    client.must("DEBUG", "SLEEP", "0.005")
    first = int(of_command(client, "debug")["usec"])
    client.must("DEBUG", "SLEEP", "0.04")
    second = int(of_command(client, "debug")["usec"]) - first
    calls, rows = histogram(client, "debug")
    assert calls == 2
    assert edge_above(first) < edge_above(second)
    assert rows == {edge_above(first): 1, edge_above(second): 2}


def test_a_histogram_is_cumulative_and_ends_with_all_calls(client):
    client.must("CONFIG", "RESETSTAT")
    client.pipeline([["ECHO", "x"]] * 500)
    calls, rows = histogram(client, "echo")
    assert calls == 500 == max(rows.values())
    assert list(rows) == sorted(rows)
    assert list(rows.values()) == sorted(set(rows.values()))


def test_events_are_told_with_their_time_the_last_and_the_longest(client):
    client.must("CONFIG", "SET", "latency-monitor-threshold", 30)
    begun = int(time.time())
    client.must("DEBUG", "SLEEP", "0.2")
    first = int(time.time())
    wait_until(lambda: int(time.time()) > first, "the next second")
    client.must("DEBUG", "SLEEP", "0.05")
    last = int(time.time())
    history = client.must("LATENCY", "HISTORY", "command")
    (event,) = (event for event in client.must("LATENCY", "LATEST") if event[0] == b"command")
    _, moment, milliseconds, longest = event
    moments, times = [sample[0] for sample in history], [sample[1] for sample in history]
    assert moments == sorted(moments)
    assert begun <= moments[0] <= first < moments[-1] <= last
    assert times[0] >= 200
    assert 50 <= times[-1] < times[0]
    assert (moment, milliseconds, longest) == (moments[-1], times[-1], max(times))
    assert client.must("LATENCY", "RESET", "command") == 1
    assert client.must("LATENCY", "HISTORY", "command") == []

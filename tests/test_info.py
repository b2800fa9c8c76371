"""INFO: Redis's sections and fields, with correct values."""

import contextlib
import json
import re
import time
from pathlib import Path

import pytest

from pyredis import __version__ as VERSION
from pyredis._version import REDIS_VERSION
from pyredis.commands.server.info_sections import human
from pyredis.commands.server.latency import cumulative, percentile
from support.client import encode_command, wait_until

USUAL = [
    "Server",
    "Clients",
    "Memory",
    "Persistence",
    "Stats",
    "Replication",
    "CPU",
    "Modules",
    "Errorstats",
    "Cluster",
]
USUAL += ["Keyspace"]
ALL = [*USUAL[:8], "Commandstats", "Errorstats", "Latencystats", "Cluster", "Keyspace"]

# Fields of each section that 7.4 adds to 7.0, and those that only our server has.
NEWER = {
    "Server": {"listener0", "pyredis_version", "event_loop", "python_version"},
    "Clients": {
        *("pubsub_clients", "watching_clients", "total_watched_keys", "total_blocking_keys"),
        "total_blocking_keys_on_nokey",
    },
    "Memory": {"allocator_muzzy", "mem_overhead_db_hashtable_rehashing"},
    "Stats": {
        *("expired_subkeys", "evicted_scripts", "client_query_buffer_limit_disconnections"),
        *("client_output_buffer_limit_disconnections", "eventloop_cycles", "eventloop_duration_sum"),
        *("eventloop_duration_cmd_sum", "instantaneous_eventloop_cycles_per_sec"),
        *("instantaneous_eventloop_duration_usec", "acl_access_denied_auth", "acl_access_denied_cmd"),
        *("acl_access_denied_key", "acl_access_denied_channel"),
    },
}


def sections(text: bytes) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for part in text.decode().split("\r\n\r\n"):
        title, *lines = part.removesuffix("\r\n").split("\r\n")
        assert title.startswith("# ")
        found[title[2:]] = dict(line.split(":", 1) for line in lines)
    return found


def info(client, section: str) -> dict[str, str]:
    (fields,) = sections(client.must("INFO", section)).values()
    return fields


@pytest.mark.parametrize(
    ("arguments", "titles"),
    [
        ([], USUAL),
        (["default"], USUAL),
        (["all"], ALL),
        (["EVERYTHING"], ALL),
        (["default", "commandstats"], [*USUAL[:8], "Commandstats", *USUAL[8:]]),
        (["keyspace", "server"], ["Server", "Keyspace"]),
        (["Cpu", "nosuch", "cpu"], ["CPU"]),
    ],
)
def test_sections_come_as_in_redis(pair, arguments, titles):
    assert list(sections(pair.ours.must("INFO", *arguments))) == titles
    assert list(sections(pair.oracle.must("INFO", *arguments))) == titles


def test_no_section_is_an_empty_text(pair):
    pair.check("INFO", "nosuch")


def test_info_is_a_verbatim_text(pair):
    ours, oracle = (client.call("INFO") for client in (pair.ours, pair.oracle))
    assert ours.kind == oracle.kind


@pytest.mark.parametrize("title", [title for title in ALL if not title.endswith("stats") or title == "Stats"])
def test_the_fields_are_those_of_redis_in_their_order(start_ours, start_oracle, title):
    options = ["--appendonly", "no"]
    with start_ours(*options).client() as ours, start_oracle(*options).client() as oracle:
        told, expected = info(ours, title), info(oracle, title)
    newer = NEWER.get(title, set())
    assert [name for name in told if name not in newer] == [name for name in expected if name not in newer]
    assert newer <= set(told)


def test_the_persistence_fields_with_a_file(start_ours, start_oracle):
    options = ["--appendonly", "yes"]
    with start_ours(*options).client() as ours, start_oracle(*options).client() as oracle:
        assert list(info(ours, "persistence")) == list(info(oracle, "persistence"))


def test_the_server_section_tells_what_runs(shared_ours):
    with shared_ours.client() as client:
        before = time.time_ns() // 1000
        told = info(client, "server")
        assert before <= int(told["server_time_usec"]) <= time.time_ns() // 1000
        assert told["redis_version"] == REDIS_VERSION
        assert told["pyredis_version"] == VERSION
        assert told["tcp_port"] == str(shared_ours.port)
        assert int(told["process_id"]) == shared_ours.process.pid
        assert re.fullmatch("[0-9a-f]{40}", told["run_id"])
        assert info(client, "server")["run_id"] == told["run_id"]
        assert told["listener0"] == f"name=tcp,bind=*,bind=-::*,port={shared_ours.port}"


def test_clients_are_counted(start_ours):
    server = start_ours()
    with server.client() as one, server.client() as two:
        two.must("WATCH", "a", "b")
        one.must("WATCH", "a")
        # The client that waited for the start may not be closed yet.
        wait_until(lambda: info(one, "clients")["connected_clients"] == "2", "the others to be gone")
        told = info(one, "clients")
        assert told["watching_clients"] == "2"
        assert told["total_watched_keys"] == "2"
        assert told["maxclients"] == "10000"
        two.close()
        wait_until(lambda: info(one, "clients")["connected_clients"] == "1", "the other to be gone")
        assert info(one, "clients")["total_watched_keys"] == "1"


@pytest.fixture
def fresh(start_ours):
    """A client of a new server, which has no data of other tests to release."""
    with start_ours("--appendonly", "no").client() as client:
        yield client


def test_memory_grows_with_data(fresh):
    before = {name: int(value) for name, value in info(fresh, "memory").items() if value.isdigit()}
    fresh.must("DEBUG", "POPULATE", "20000", "key", "100")
    after = {name: int(value) for name, value in info(fresh, "memory").items() if value.isdigit()}
    for name in ("used_memory", "used_memory_dataset", "used_memory_overhead"):
        assert after[name] > before[name]
    assert 20000 * 100 < after["used_memory_dataset"] - before["used_memory_dataset"] < 20000 * 300
    assert after["used_memory_peak"] >= after["used_memory"] > after["used_memory_startup"]
    assert after["used_memory_rss"] > after["used_memory"]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0B"), (1023, "1023B"), (1024, "1.00K"), (1536, "1.50K"), (1 << 20, "1.00M"), (23 << 30, "23.00G")],
)
def test_sizes_for_people(size, text):
    assert human(size) == text


COUNTED = (
    "total_conn",
    "total_comm",
    "total_net_input",
    "total_net_output",
    "total_error",
    "total_reads",
    "total_writes",
    "keyspace_",
)


def test_statistics_count_and_can_be_reset(start_ours):
    with start_ours().client() as client:
        # The client that waited for the start may have got a LOADING error.
        wait_until(lambda: info(client, "clients")["connected_clients"] == "1", "the others to be gone")
        commands = [line.split() for line in ("SET k v", "GET k", "GET absent", "NOSUCH", "GET", "HGET k f")]
        first = client.call("INFO", "stats")
        replies = [first, *(client.call(*command) for command in commands)]
        told = info(client, "stats")
        before = {name: int(value) for name, value in sections(first.decoded)["Stats"].items() if value.isdigit()}
        # When the first INFO took its counts, it had been read, but neither executed nor answered.
        assert {name: int(told[name]) - before[name] for name in before if name.startswith(COUNTED)} == {
            "total_connections_received": 0,
            "total_commands_processed": 5,
            "total_net_input_bytes": sum(len(encode_command(*command)) for command in [*commands, ["INFO", "stats"]]),
            "total_net_output_bytes": sum(len(reply.raw) for reply in replies),
            "total_error_replies": 3,
            "total_reads_processed": 7,
            "total_writes_processed": 7,
            "keyspace_hits": 2,
            "keyspace_misses": 1,
        }
        client.must("CONFIG", "RESETSTAT")
        told = info(client, "stats")
        assert (told["keyspace_hits"], told["keyspace_misses"], told["total_error_replies"]) == ("0", "0", "0")
        assert told["total_connections_received"] == "0"
        assert info(client, "errorstats") == {}


BEGUN_ANEW = [
    *("total_connections_received", "total_net_input_bytes", "rejected_connections", "expired_keys", "expired_subkeys"),
    *("keyspace_hits", "keyspace_misses", "total_error_replies", "client_query_buffer_limit_disconnections"),
    *("client_output_buffer_limit_disconnections", "total_commands_processed", "total_reads_processed"),
    *("total_net_output_bytes", "total_writes_processed", "acl_access_denied_auth", "eventloop_cycles"),
]


def test_resetstat_begins_every_count_anew(start_ours):
    """The reset and the commands after it are counted too, but less than everything before."""
    limits = ("--maxclients", "4", "--client-query-buffer-limit", "1mb", "--client-output-buffer-limit", "normal")
    server = start_ours(*limits, "1mb", "0", "0")
    with server.client() as client:
        client.must("SETRANGE", "k", 20_000_000, "v")
        client.must("SET", "due", "v", "PX", 1)
        client.must("HSET", "hash", "due", "v", "f", "v")
        client.must("HPEXPIRE", "hash", 1, "FIELDS", 1, "due")
        client.pipeline([["GET", "absent"], ["HGET", "hash", "f"], ["NOSUCH"], ["AUTH", "nobody", "x"]] * 10)
        with server.client() as reader, server.client() as writer:
            writer.must("PING")
            reader.must("PING")
            reader.send("GET", "k")
            with contextlib.suppress(ConnectionError):
                writer.send_bytes(b"*2\r\n$4\r\nECHO\r\n$3000000\r\n" + b"x" * 2_000_000)
            wait_until(lambda: info(client, "clients")["connected_clients"] == "1", "both to be closed")
        others = [server.client() for _ in range(4)]
        others[-1].read_to_end()
        for other in others:
            other.close()
        wait_until(lambda: "0" not in counted(client).values(), "every count to be above zero")
        before = counted(client)
        client.must("CONFIG", "RESETSTAT")
        after = counted(client)
    assert [name for name in BEGUN_ANEW if int(after[name]) * 2 > int(before[name])] == []


def counted(client) -> dict[str, str]:
    told = info(client, "stats")
    return {name: told[name] for name in BEGUN_ANEW}


def test_what_is_refused_has_not_been_processed(pair2):
    pair2.check("CONFIG", "RESETSTAT")
    commands = ["NOSUCH", "GET", "MULTI", "SET k v", "GET k", "EXEC", "HGET k f", "CLIENT GETNAME", "CLIENT NOSUCH"]
    for command in commands:
        pair2.check(*command.split())
    told = [info(client, "stats")["total_commands_processed"] for client in (pair2.ours, pair2.oracle)]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "command",
    [
        "SPOP set 9",
        "SPOP set 2",
        "SPOP set",
        "SCAN 0 COUNT 100 TYPE set",
        "SCAN 0 COUNT 100 TYPE string MATCH s*",
        "SCAN 0 COUNT 100",
        "XREADGROUP GROUP group me STREAMS stream >",
        "XREADGROUP GROUP group me STREAMS stream 0",
        "XREADGROUP GROUP group me STREAMS absent >",
        "XREAD STREAMS stream absent 0 0",
        "XREAD STREAMS stream $",
        "SORT set BY weight_* GET string GET absent*",
        "SUNIONSTORE other set absent",
        "OBJECT ENCODING absent",
    ],
)
def test_hits_and_misses_count_as_in_redis(pair2, command):
    pair2.setup("SADD", "set", 1, 2, 3)
    pair2.setup("SET", "string", "x")
    pair2.setup("XADD", "stream", "1-1", "f", "v")
    pair2.setup("XGROUP", "CREATE", "stream", "group", "0")
    told = []
    for client in (pair2.ours, pair2.oracle):
        client.must("CONFIG", "RESETSTAT")
        client.call(*command.split())
        stats = info(client, "stats")
        told.append((stats["keyspace_hits"], stats["keyspace_misses"]))
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "command",
    [
        "SCAN 0 COUNT 1000",
        "SCAN 0 COUNT 1000 TYPE string",
        "SCAN 0 COUNT 1000 TYPE set",
        "SCAN 0 COUNT 1000 TYPE string MATCH gone*",
        "SCAN 0 COUNT 1000 TYPE string MATCH stays*",
        "GET gone",
        "MGET gone stays goneset",
        "EXISTS gone stays",
        "TOUCH gone stays",
        "TYPE gone",
        "TTL gone",
        "STRLEN gone",
        "GETEX gone",
        "GETDEL gone",
        "SET gone x GET",
        "SETNX gone x",
        "APPEND gone x",
        "INCR gone",
        "COPY gone other",
        "RENAME gone other",
        "MOVE gone 1",
        "OBJECT ENCODING gone",
        "PERSIST gone",
        "DEL gone stays",
        "SMEMBERS goneset",
        "SUNION set goneset",
        "SINTERCARD 2 set goneset",
        "SMOVE goneset set 1",
        "SSCAN goneset 0",
        "ZUNION 2 set goneset",
        "SORT goneset",
        "SORT set BY gone* GET gone",
        "BITOP OR other gone stays",
        "PFCOUNT gone",
        "LCS gone stays",
        "BITCOUNT gone",
        "BLPOP gone goneset 0.01",
        "XREAD STREAMS gone 0",
        "GEOSEARCH goneset FROMLONLAT 0 0 BYRADIUS 1 m",
        "DBSIZE",
    ],
)
def test_a_key_that_has_expired_counts_as_in_redis(pair2, command):
    pair2.setup("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    pair2.setup("SADD", "set", 1, 2, 3)
    pair2.setup("SET", "stays", "x")
    pair2.setup("SADD", "goneset", 1, 2)
    for key in ("gone", *(f"gone{number}" for number in range(8))):
        pair2.setup("SET", key, "x", "PX", 1)
    pair2.setup("PEXPIRE", "goneset", 1)
    pair2.setup("DEBUG", "SLEEP", "0.005")
    told = []
    for client in (pair2.ours, pair2.oracle):
        client.must("CONFIG", "RESETSTAT")
        client.call(*command.split())
        stats = info(client, "stats")
        told.append([stats[name] for name in ("keyspace_hits", "keyspace_misses", "expired_keys")])
    pair2.setup("DEBUG", "SET-ACTIVE-EXPIRE", 1)
    assert told[0] == told[1]


def test_loading_is_nobodys_command(start_ours):
    server = start_ours("--appendonly", "yes", "--slowlog-log-slower-than", "0")
    with server.client() as client:
        client.pipeline([["SET", f"k{number}", "v"] for number in range(100)])
    server.restart()
    with server.client() as client:
        assert client.must("DBSIZE") == 100
        assert "cmdstat_set" not in info(client, "commandstats")
        assert int(info(client, "stats")["total_commands_processed"]) < 100
        assert b"SET" not in [entry[3][0] for entry in client.must("SLOWLOG", "GET", -1)]


def test_only_what_is_released_later_counts_as_lazily_freed(pair2):
    pair2.check("CONFIG", "RESETSTAT")
    for mode, freed in (("SYNC", "0"), ("ASYNC", "2")):
        pair2.check("MSET", "a", 1, "b", 2)
        pair2.check("FLUSHALL", mode)
        for client in (pair2.ours, pair2.oracle):
            wait_until(lambda client=client, freed=freed: info(client, "memory")["lazyfreed_objects"] == freed, mode)


def test_errors_are_counted_by_code(pair2):
    pair2.check("CONFIG", "RESETSTAT")
    pair2.check("SET", "k", "v")
    for _ in range(3):
        pair2.check("HGET", "k", "f")
    pair2.check("NOSUCH")
    pair2.check("GET")
    pair2.check("AUTH", "nobody", "x")
    assert info(pair2.ours, "errorstats") == {
        "errorstat_ERR": "count=2",
        "errorstat_WRONGPASS": "count=1",
        "errorstat_WRONGTYPE": "count=3",
    }


def test_too_many_codes_of_errors_end_the_counting_by_code(start_ours):
    """Scripts can invent them. Redis 7.4 begins to count again after CONFIG RESETSTAT; 7.0 has no limit."""
    server = start_ours()
    with server.client() as client:
        # The start may have counted LOADING.
        client.must("CONFIG", "RESETSTAT")
        for number in range(128):
            client.call("EVAL", f"return {{err = 'CODE{number} x'}}", 0)
        client.call("EVAL", "return {err = 'CODE7 x'}", 0)
        counted = info(client, "errorstats")
        assert len(counted) == 128
        assert counted["errorstat_CODE7"] == "count=2"
        for _ in range(2):
            client.call("EVAL", "return {err = 'ONE_MORE x'}", 0)
            assert info(client, "errorstats") == {"errorstat_ERRORSTATS_DISABLED": "count=1"}
        assert info(client, "stats")["total_error_replies"] == "131"
        assert "Current errors code list: CODE0, CODE1, CODE10, " in server.log()
        client.call("AUTH", "nobody", "x")
        assert info(client, "stats")["acl_access_denied_auth"] == "1"
        client.must("CONFIG", "RESETSTAT")
        client.call("GET")
        assert info(client, "errorstats") == {"errorstat_ERR": "count=1"}


def test_commands_are_counted_by_name(pair2):
    def counts(client):
        told = info(client, "commandstats")
        pairs = {name: dict(word.split("=") for word in value.split(",")) for name, value in told.items()}
        return {name: (words["calls"], words["rejected_calls"], words["failed_calls"]) for name, words in pairs.items()}

    pair2.check("CONFIG", "RESETSTAT")
    pair2.check("SET", "k", "v")
    pair2.check("SET", "k")
    pair2.check("INCR", "k")
    pair2.check("CLIENT", "GETNAME")
    pair2.check("CLIENT", "NOSUCH")
    ours, oracle = counts(pair2.ours), counts(pair2.oracle)
    assert ours == oracle
    assert ours.keys() >= {"cmdstat_set", "cmdstat_incr", "cmdstat_client|getname"}


def test_a_command_that_was_only_refused_has_its_statistics(pair2):
    pair2.check("CONFIG", "RESETSTAT")
    pair2.check("GETRANGE", "k")
    pair2.check("CLIENT", "KILL")
    for client in (pair2.ours, pair2.oracle):
        told = info(client, "commandstats")
        assert told["cmdstat_getrange"].endswith("calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0")
        assert "rejected_calls=1," in told["cmdstat_client|kill"]


def test_latencies_are_told_as_percentiles(client):
    client.must("CONFIG", "RESETSTAT")
    for _ in range(20):
        client.must("GET", "k")
    words = dict(word.split("=") for word in info(client, "latencystats")["latency_percentiles_usec_get"].split(","))
    assert list(words) == ["p50", "p99", "p99.9"]
    assert 0 < float(words["p50"]) <= float(words["p99"]) <= float(words["p99.9"]) < 1e9


def test_percentiles_of_a_histogram():
    assert percentile([], 50) == 0
    histogram = [(1024, 2048, 50), (4096, 8192, 50)]
    assert percentile(histogram, 50) == pytest.approx(2.048)
    assert percentile(histogram, 100) == pytest.approx(8.192)
    assert percentile(histogram, 75) == pytest.approx(6.144)


def test_percentiles_are_told_to_a_sixteenth(client):
    """The duration of the call is known and not near a power of two."""
    client.must("CONFIG", "RESETSTAT")
    client.must("DEBUG", "SLEEP", "0.1")
    took = float(info(client, "commandstats")["cmdstat_debug"].split("usec_per_call=")[1].split(",")[0])
    words = dict(word.split("=") for word in info(client, "latencystats")["latency_percentiles_usec_debug"].split(","))
    assert took >= 100_000
    assert float(words["p50"]) == pytest.approx(took, rel=1 / 15)


def test_a_histogram_is_told_by_the_edges_of_redis():
    assert cumulative([]) == {}
    calls = [(8, 9, 1), (640, 672, 1), (1024, 1088, 1), (16384, 17408, 1), (1 << 20, 17 << 16, 1)]
    assert cumulative(calls) == {1: 2, 2: 3, 33: 4, 2113: 5}


def test_the_keyspace_section_tells_keys_and_expiries(pair2):
    assert info(pair2.ours, "keyspace") == {}
    pair2.setup("SET", "a", "1")
    pair2.setup("SET", "b", "1", "EX", 1000)
    pair2.setup("SELECT", 4)
    pair2.setup("HSET", "h", "f", "v")
    pair2.ours.must("HPEXPIRE", "h", 100000, "FIELDS", 1, "f")
    told = {
        name: dict(word.split("=") for word in text.split(",")) for name, text in info(pair2.ours, "keyspace").items()
    }
    assert list(told) == ["db0", "db4"]
    assert list(told["db0"]) == ["keys", "expires", "avg_ttl", "subexpiry"]
    assert (told["db0"]["keys"], told["db0"]["expires"], told["db0"]["subexpiry"]) == ("2", "1", "0")
    assert (told["db4"]["keys"], told["db4"]["expires"], told["db4"]["subexpiry"]) == ("1", "0", "1")


def test_operations_per_second_are_told(client):
    def rate():
        client.pipeline([("PING",)] * 200)
        return int(info(client, "stats")["instantaneous_ops_per_sec"])

    wait_until(lambda: rate() > 10, "a rate")


def test_the_mean_time_to_live_bears_the_farthest_expiries(client):
    for number in range(4):
        client.must("SET", f"k{number}", "v", "PXAT", 2**63 - 1)
    wait_until(lambda: ",avg_ttl=0" not in info(client, "keyspace")["db0"], "a mean")
    assert int(info(client, "keyspace")["db0"].split("avg_ttl=")[1].split(",")[0]) > 2**49


# The sections and fields of Redis 7.4.1, with an append-only file; ``data/info-7.4.json``.
REDIS_74 = json.loads((Path(__file__).parent / "data" / "info-7.4.json").read_text(encoding="utf-8"))
# Fields that only our server has.
OWN = {"pyredis_version", "event_loop", "python_version"}
# Fields of Redis 7.4 that are absent here, and why.
ABSENT: dict[str, str] = {}


def test_every_section_and_field_of_redis_7_4_is_there_in_its_order(start_ours):
    with start_ours("--appendonly", "yes").client() as client:
        shown = sections(client.must("INFO", "everything"))
    assert list(shown) == list(REDIS_74)
    fields = {
        title: [name for name in shown[title] if name not in OWN and not re.match(r"listener\d|db\d|\w+stat_", name)]
        for title in shown
    }
    fields["Latencystats"] = []
    assert fields == {title: [name for name in names if name not in ABSENT] for title, names in REDIS_74.items()}
    assert all(reason for reason in ABSENT.values())

"""The values of INFO: every field has a test that fails if its value is wrong, and a field without a test is reported.

`fields` registers what a test checks, `FIXED` holds values that never change, `ELSEWHERE` names tests in other files.
"""

import asyncio
import os
import platform
import re
import time
from pathlib import Path

import pytest
import uvloop
from test_embedding import Stream, make_server, run

from pyredis import __version__ as VERSION
from pyredis._version import REDIS_VERSION
from pyredis.server import Rate
from support.client import RawClient, encode_command, wait_until
from support.fsfaults import SyncGate

MB = 1 << 20
CHECKED: set[str] = set()

# Fields of features that this server does not have, and fields with the same value in every server.
FIXED = {
    **dict.fromkeys(["redis_git_sha1"], "00000000"),
    "redis_git_dirty": "0",
    "redis_mode": "standalone",
    "arch_bits": "64",
    "monotonic_clock": "POSIX clock_gettime",
    "atomicvar_api": "c11-builtin",
    "mem_allocator": "pyredis-slab",
    "role": "master",
    "master_failover_state": "no-failover",
    "master_replid2": "0" * 40,
    "second_repl_offset": "-1",
    "rdb_last_bgsave_status": "ok",
    "rdb_last_bgsave_time_sec": "-1",
    "rdb_current_bgsave_time_sec": "-1",
    "current_fork_perc": "0.00",
    "allocator_rss_ratio": "1.00",
    "rss_overhead_ratio": "1.00",
    "used_cpu_sys_children": "0.000000",
    "used_cpu_user_children": "0.000000",
    **dict.fromkeys(["instantaneous_input_repl_kbps", "instantaneous_output_repl_kbps"], "0.00"),
    **dict.fromkeys(["used_memory_lua_human", "used_memory_vm_total_human", "used_memory_scripts_human"], "0B"),
    **dict.fromkeys(
        [
            *("io_threads_active", "cluster_connections", "tracking_clients", "allocator_muzzy"),
            *("used_memory_lua", "used_memory_vm_eval", "used_memory_scripts_eval", "number_of_cached_scripts"),
            *("number_of_functions", "number_of_libraries", "used_memory_vm_functions", "used_memory_vm_total"),
            *("used_memory_functions", "used_memory_scripts", "allocator_rss_bytes", "rss_overhead_bytes"),
            *("mem_not_counted_for_evict", "mem_replication_backlog", "mem_total_replication_buffers"),
            *("mem_clients_slaves", "mem_cluster_links", "active_defrag_running", "async_loading", "current_cow_peak"),
            *("current_cow_size", "current_cow_size_age", "rdb_bgsave_in_progress", "rdb_saves", "rdb_last_cow_size"),
            *("rdb_last_load_keys_expired", "rdb_last_load_keys_loaded", "aof_last_cow_size", "aof_pending_rewrite"),
            *(
                "module_fork_in_progress",
                "module_fork_last_cow_size",
                "aof_delayed_fsync",
                "total_net_repl_input_bytes",
            ),
            *("total_net_repl_output_bytes", "sync_full", "sync_partial_ok", "sync_partial_err", "evicted_keys"),
            *("evicted_clients", "evicted_scripts", "latest_fork_usec", "total_forks"),
            *("migrate_cached_sockets", "slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses"),
            *("active_defrag_key_hits", "active_defrag_key_misses", "total_active_defrag_time"),
            *("current_active_defrag_time", "tracking_total_keys", "tracking_total_items", "tracking_total_prefixes"),
            *("unexpected_error_replies", "dump_payload_sanitizations", "io_threaded_reads_processed"),
            *("io_threaded_writes_processed", "reply_buffer_shrinks", "reply_buffer_expands", "acl_access_denied_cmd"),
            *("acl_access_denied_key", "acl_access_denied_channel", "connected_slaves", "master_repl_offset"),
            *("repl_backlog_active", "repl_backlog_first_byte_offset", "repl_backlog_histlen", "cluster_enabled"),
        ],
        "0",
    ),
}
FAILED_REWRITE = "test_a_base_that_cannot_be_written_leaves_everything_as_it_was"
ELSEWHERE = {
    "loading": "test_aof_loading.py::test_clients_are_told_of_a_load_and_info_of_its_progress",
    **dict.fromkeys(
        ["pubsub_clients", "pubsub_channels", "pubsub_patterns", "pubsubshard_channels"],
        "test_pubsub.py::test_info_and_client_list_count_subscriptions",
    ),
    "aof_last_bgrewrite_status": f"test_aof_rewriting.py::{FAILED_REWRITE}",
    "aof_last_write_status": "test_durability.py::test_a_full_disk_refuses_writes_serves_reads_and_recovers",
}


def fields(*names: str):
    def note(test):
        CHECKED.update(names)
        return test

    return note


def parsed(text: bytes) -> dict[str, str]:
    return dict(line.split(":", 1) for line in text.decode().split("\r\n") if ":" in line)


def info(client: RawClient, section: str = "everything") -> dict[str, str]:
    return parsed(client.must("INFO", section))


def parts(value: str) -> dict[str, str]:
    """The parts of a value such as ``calls=1,usec=2``."""
    return dict(word.split("=") for word in value.split(","))


def value_of(client: RawClient, name: str) -> str:
    return info(client)[name]


def awaited(client: RawClient, name: str, value: str) -> None:
    wait_until(lambda: value_of(client, name) == value, f"{name} to be {value}")


@pytest.fixture
def server(start_ours):
    return start_ours("--appendonly", "no")


@pytest.fixture
def client(server):
    """The only client of the server, so that counts of clients are exact."""
    with server.client() as client:
        awaited(client, "connected_clients", "1")
        yield client


def embedded(folder, scenario, *arguments: str) -> None:
    """Run ``scenario(server, stream)`` with a server in this process, with ``hz`` 1 and no active expiry."""

    async def main() -> None:
        server = make_server(folder / "server", "--appendonly", "no", "--hz", "1", *arguments)
        await server.start()
        server.active_expire = False
        stream = await Stream.to(server)
        await scenario(server, stream)
        await stream.close()
        server.shutdown()
        await server.wait_closed()

    run(uvloop.new_event_loop, main())


async def told(stream: Stream, section: str = "everything") -> dict[str, str]:
    stream.writer.write(encode_command("INFO", section))
    size = int((await stream.reader.readline())[1:])
    return parsed((await stream.reader.readexactly(size + 2))[:size])


# ---- all of them ----


FAMILIES = re.compile(r"cmdstat_.|errorstat_.|latency_percentiles_usec_.|db\d|listener\d")


def test_every_field_has_a_test_of_its_value(start_ours):
    with start_ours("--appendonly", "yes").client() as client:
        client.must("SET", "k", "v")
        client.call("NOSUCH")
        found = set(info(client))
    known = CHECKED | set(FIXED) | set(ELSEWHERE)
    assert {name for name in found if not FAMILIES.match(name)} == {name for name in known if not FAMILIES.match(name)}
    assert {FAMILIES.match(name)[0][:-1] for name in found if FAMILIES.match(name)} == {
        FAMILIES.match(name)[0][:-1] for name in known if FAMILIES.match(name)
    }
    assert not CHECKED & set(FIXED)


@pytest.mark.parametrize(("name", "where"), ELSEWHERE.items())
def test_a_test_in_another_file_is_there(name, where):
    file, test = where.split("::")
    text = Path(__file__).with_name(file).read_text()
    assert f"def {test}(" in text
    assert name in text


def test_what_does_not_change_is_told_after_much_has_happened(client):
    client.must("DEBUG", "POPULATE", 1000)
    client.must("FLUSHALL")
    client.call("NOSUCH")
    after = info(client)
    with_file = {"aof_pending_rewrite", "aof_delayed_fsync"}
    assert {name: after[name] for name in FIXED if name not in with_file} == {
        name: value for name, value in FIXED.items() if name not in with_file
    }


# ---- server ----


@fields("redis_version", "pyredis_version", "os", "python_version", "gcc_version", "process_id", "process_supervised")
@fields("executable", "config_file", "tcp_port", "listener0", "redis_build_id", "multiplexing_api")
def test_the_server_says_what_it_is(start_ours, tmp_path):
    path = tmp_path / "some.conf"
    path.write_text("maxclients 77\n")
    server = start_ours("--unixsocket", str(tmp_path / "socket"), start=False)
    server.command.append(str(path))
    with server.start().client() as client:
        found = info(client, "server")
    assert found["redis_version"] == REDIS_VERSION
    system = platform.uname()
    assert found["pyredis_version"] == VERSION
    assert found["os"] == f"{system.system} {system.release} {system.machine}"
    assert found["python_version"] == platform.python_version()
    assert re.match(r"\d+\.\d+", found["gcc_version"])
    assert found["process_id"] == str(server.process.pid)
    assert found["process_supervised"] == "no"
    assert found["config_file"] == str(path)
    assert found["tcp_port"] == str(server.port)
    assert found["listener0"] == f"name=tcp,bind=*,bind=-::*,port={server.port}"
    assert found["listener1"] == f"name=unix,bind={tmp_path / 'socket'}"
    assert found["executable"].endswith("/pyredis/__main__.py")
    assert re.fullmatch("[0-9a-f]{16}", found["redis_build_id"])
    assert found["multiplexing_api"] == ("kqueue" if platform.system() == "Darwin" else "epoll")


@fields("event_loop")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_loop_is_the_chosen_one(start_ours, loop):
    with start_ours("--loop", loop).client() as client:
        assert value_of(client, "event_loop") == loop


@fields("run_id", "master_replid")
def test_every_start_has_ids_of_its_own(server):
    seen = set()
    for _ in range(2):
        with server.client() as client:
            found = [info(client)[name] for name in ("run_id", "master_replid")] * 2
        assert all(re.fullmatch("[0-9a-f]{40}", identity) for identity in found)
        seen |= set(found)
        server.restart()
    assert len(seen) == 4


@fields("server_time_usec", "lru_clock", "uptime_in_seconds", "uptime_in_days", "rdb_last_save_time")
def test_clocks_tell_the_time_and_the_time_since_the_start(tmp_path):
    async def scenario(server, stream) -> None:
        server.started_monotonic -= 3 * 86400 + 7
        before, monotonic = time.time(), time.monotonic()
        found = await told(stream)
        after = time.time()
        assert before <= int(found["server_time_usec"]) / 1e6 <= after
        assert int(before) <= int(found["lru_clock"]) | int(before) >> 24 << 24 <= after
        elapsed = monotonic - server.started_monotonic
        assert int(elapsed) <= int(found["uptime_in_seconds"]) <= time.monotonic() - server.started_monotonic
        assert found["uptime_in_days"] == "3"
        assert begun <= int(found["rdb_last_save_time"]) <= after

    begun = int(time.time())
    embedded(tmp_path, scenario)


@fields("hz", "configured_hz", "maxclients", "maxmemory", "maxmemory_human", "maxmemory_policy", "repl_backlog_size")
def test_directives_are_told_as_they_are(client):
    client.must("CONFIG", "SET", "hz", 77, "maxclients", 888, "maxmemory", "3gb", "maxmemory-policy", "allkeys-lru")
    client.must("CONFIG", "SET", "repl-backlog-size", 123456)
    found = info(client)
    assert (found["hz"], found["configured_hz"], found["maxclients"]) == ("77", "77", "888")
    assert (found["maxmemory"], found["maxmemory_human"]) == (str(3 << 30), "3.00G")
    assert (found["maxmemory_policy"], found["repl_backlog_size"]) == ("allkeys-lru", "123456")


# ---- clients ----


@fields("connected_clients", "blocked_clients", "watching_clients", "clients_in_timeout_table", "total_watched_keys")
@fields("total_blocking_keys", "total_blocking_keys_on_nokey")
def test_clients_are_counted_by_what_they_do(server, client):
    others = [server.client() for _ in range(6)]
    client.must("XGROUP", "CREATE", "stream", "group", "$", "MKSTREAM")
    others[0].must("WATCH", "a", "b")
    others[1].must("WATCH", "b", "c")
    others[2].send("BLPOP", "x", "y", 0)
    others[3].send("BLPOP", "y", "z", 1000)
    others[4].send("XREADGROUP", "GROUP", "group", "me", "BLOCK", 1000000, "STREAMS", "stream", ">")
    awaited(client, "blocked_clients", "3")
    found = info(client, "clients")
    assert found["connected_clients"] == "7"
    assert (found["watching_clients"], found["total_watched_keys"]) == ("2", "3")
    assert found["clients_in_timeout_table"] == "2"
    assert (found["total_blocking_keys"], found["total_blocking_keys_on_nokey"]) == ("4", "1")
    for other in others:
        other.close()
    awaited(client, "connected_clients", "1")
    found = info(client, "clients")
    for name in ("blocked_clients", "watching_clients", "total_watched_keys", "total_blocking_keys"):
        assert found[name] == "0", name


@fields("client_recent_max_input_buffer", "client_recent_max_output_buffer", "mem_clients_normal")
def test_the_largest_buffers_and_the_sum_of_all_are_told(server, client):
    def listed() -> list[dict[str, int]]:
        lines = client.must("CLIENT", "LIST").decode().splitlines()
        found = [dict(word.split("=", 1) for word in line.split()) for line in lines]
        return [{name: int(line[name]) for name in ("qbuf", "qbuf-free", "omem", "tot-mem")} for line in found]

    client.must("SET", "k", "v" * 30_000_000)
    with server.client() as small, server.client() as large, server.client() as slow, server.client() as reading:
        awaited(client, "connected_clients", "5")
        before = info(client)
        small.send_bytes(b"*2\r\n$4\r\nECHO\r\n$3000000\r\n" + b"x" * 100_000)
        large.send_bytes(b"*2\r\n$4\r\nECHO\r\n$3000000\r\n" + b"x" * 900_000)
        reading.must("GET", "k")
        slow.send("GET", "k")
        wait_until(lambda: sorted(row["qbuf"] for row in listed())[-2:] > [100_000, 900_000], "the input")
        seen = [0]

        def is_stuck() -> bool:
            seen.append(max(row["omem"] for row in listed()))
            return len(seen) > 5 and 0 < min(seen[-5:]) == max(seen[-5:])

        wait_until(is_stuck, "the socket to take no more")
        found, rows = info(client), listed()
        inputs = [row["qbuf"] + row["qbuf-free"] for row in rows]
        output = max(row["omem"] for row in rows)
        assert found["client_recent_max_input_buffer"] == str(max(inputs))
        assert found["client_recent_max_output_buffer"] == str(output)
        assert int(found["mem_clients_normal"]) - int(before["mem_clients_normal"]) == sum(inputs) + output
        # The value is the one that is stored; what is around it is copied.
        more = int(found["used_memory_overhead"]) - int(before["used_memory_overhead"])
        assert sum(inputs) <= more <= sum(inputs) + len("$30000000\r\n\r\n")


# ---- memory ----


@fields("used_memory", "used_memory_dataset", "used_memory_overhead", "used_memory_peak", "used_memory_startup")
def test_memory_is_told_to_the_byte(client):
    before = {name: int(value) for name, value in info(client).items() if value.isdigit()}
    assert 0 < before["used_memory_startup"] <= before["used_memory"] <= before["used_memory_peak"]
    client.must("SET", "k", "v" * (8 * MB))
    size = client.must("MEMORY", "USAGE", "k")
    during = {name: int(value) for name, value in info(client).items() if value.isdigit()}
    assert abs(during["used_memory"] - before["used_memory"] - size) < 20_000
    assert abs(during["used_memory_dataset"] - before["used_memory_dataset"] - size) < 20_000
    assert during["used_memory_startup"] == before["used_memory_startup"]
    client.must("DEL", "k")
    client.must("CONFIG", "GET", "maxmemory")
    wait_until(lambda: int(value_of(client, "used_memory")) < before["used_memory"] + 20_000, "the release")
    after = {name: int(value) for name, value in info(client).items() if value.isdigit()}
    assert during["used_memory"] <= after["used_memory_peak"] < during["used_memory"] + 10 * MB
    client.must("DEBUG", "POPULATE", 5000)
    filled = {name: int(value) for name, value in info(client).items() if value.isdigit()}
    for name in ("used_memory", "used_memory_dataset", "used_memory_overhead"):
        assert filled[name] > after[name], name
    assert filled["used_memory_overhead"] + filled["used_memory_dataset"] == filled["used_memory"]
    client.must("CONFIG", "RESETSTAT")
    reset = info(client)
    assert abs(int(reset["used_memory_peak"]) - int(reset["used_memory"])) < 20_000


def human(size: str) -> str:
    number, units = float(size), "BKMGT"
    while number >= 1024:
        number, units = number / 1024, units[1:]
    return f"{size}B" if units[0] == "B" else f"{number:.2f}{units[0]}"


@fields("used_memory_human", "used_memory_rss_human", "used_memory_peak_human", "total_system_memory_human")
@fields("used_memory_peak_perc", "used_memory_dataset_perc", "mem_fragmentation_ratio", "mem_fragmentation_bytes")
@fields("allocator_allocated", "allocator_active", "allocator_resident", "allocator_frag_ratio", "allocator_frag_bytes")
def test_what_follows_from_other_fields_does(client):
    client.must("DEBUG", "POPULATE", 30_000)
    client.must("FLUSHALL", "SYNC")
    client.must("DEBUG", "POPULATE", 10_000)
    found = info(client, "memory")
    for name in ("used_memory", "used_memory_rss", "used_memory_peak", "total_system_memory"):
        assert found[f"{name}_human"] == human(found[name])
    used, peak, startup, dataset, resident = (
        int(found[f"used_memory{name}"]) for name in ("", "_peak", "_startup", "_dataset", "_rss")
    )
    assert found["used_memory_peak_perc"] == f"{100 * used / peak:.2f}%"
    assert used < peak
    assert found["used_memory_dataset_perc"] == f"{100 * dataset / (used - startup):.2f}%"
    assert found["allocator_allocated"] == str(used)
    assert found["allocator_active"] == found["allocator_resident"] == str(resident)
    for name in ("mem_fragmentation", "allocator_frag"):
        assert found[f"{name}_ratio"] == f"{resident / used:.2f}"
        assert found[f"{name}_bytes"] == str(resident - used)


@fields("used_memory_rss", "total_system_memory")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_resident_memory_is_what_the_system_says(server, client):
    page = os.sysconf("SC_PAGE_SIZE")
    assert value_of(client, "total_system_memory") == str(os.sysconf("SC_PHYS_PAGES") * page)
    client.must("SET", "k", "v" * (16 * MB))
    statm = Path(f"/proc/{server.process.pid}/statm")

    def distance() -> int:
        told = int(value_of(client, "used_memory_rss"))
        return abs(told - int(statm.read_text().split()[1]) * page)

    # The buffer that received the value may be freed between the two readings.
    wait_until(lambda: distance() < MB, "both to agree")


@fields("mem_overhead_db_hashtable_rehashing")
def test_a_table_that_is_being_resized_is_told_while_it_lasts(client):
    commands = [word for number in range(3000) for word in (["SET", f"k{number}", "v"], ["INFO", "memory"])]
    seen = []
    for begin in range(0, len(commands), 40):
        replies = client.pipeline(commands[begin : begin + 40])
        seen += [int(parsed(reply.decoded)["mem_overhead_db_hashtable_rehashing"]) for reply in replies[1::2]]
    assert {64 << shift for shift in range(4, 8)} & set(seen)
    assert all(size == 0 or size.bit_count() == 1 for size in seen)
    awaited(client, "mem_overhead_db_hashtable_rehashing", "0")


@fields("lazyfree_pending_objects", "lazyfreed_objects")
def test_what_is_released_later_is_told_before_and_after(client):
    client.must("CONFIG", "RESETSTAT")
    client.must("DEBUG", "POPULATE", 50_000)
    _, between = client.pipeline([["FLUSHALL", "ASYNC"], ["INFO", "memory"]])
    assert parsed(between.decoded)["lazyfree_pending_objects"] == "50000"
    awaited(client, "lazyfree_pending_objects", "0")
    assert value_of(client, "lazyfreed_objects") == "50000"


# ---- persistence ----


@fields("aof_enabled", "aof_current_size", "aof_base_size", "aof_rewrites", "aof_last_rewrite_time_sec")
@fields("aof_rewrite_in_progress", "aof_current_rewrite_time_sec", "rdb_changes_since_last_save", "aof_buffer_length")
@fields("mem_aof_buffer", "aof_rewrites_consecutive_failures", "aof_rewrite_scheduled")
def test_the_files_are_told_as_they_are_on_the_disk(start_ours):
    server = start_ours("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
    folder = server.folder / "appendonlydir"

    def size(*kinds: str) -> str:
        return str(sum(path.stat().st_size for kind in kinds for path in folder.glob(f"*.{kind}.aof")))

    with server.client() as client:
        found = info(client, "persistence")
        assert (found["aof_enabled"], found["aof_rewrites"], found["aof_last_rewrite_time_sec"]) == ("1", "0", "-1")
        assert found["aof_current_rewrite_time_sec"] == "-1"
        before = int(found["rdb_changes_since_last_save"])
        client.must("MSET", "a", 1, "b", 2, "c", "v" * 10_000)
        client.must("SADD", "s", 1, 2, 3)
        found = info(client)
        assert int(found["rdb_changes_since_last_save"]) == before + 6
        assert found["aof_current_size"] == size("base", "incr")
        assert (found["aof_buffer_length"], found["mem_aof_buffer"]) == ("0", "0")
        client.must("MULTI")
        client.must("BGREWRITEAOF")
        client.must("SET", "d", 1)
        client.must("INFO", "persistence")
        assert parsed(client.must("EXEC")[2])["aof_rewrite_scheduled"] == "1"
        wait_until(lambda: info(client)["aof_last_rewrite_time_sec"] == "0", "the end of the rewrite")
        wait_until(lambda: info(client)["aof_rewrite_in_progress"] == "0", "the files")
        client.must("SET", "later", "v" * 1000)
        found = info(client, "persistence")
        assert (found["aof_rewrites"], found["aof_rewrites_consecutive_failures"]) == ("1", "0")
        assert (found["aof_base_size"], found["aof_rewrite_scheduled"]) == (size("base"), "0")
        assert found["aof_current_size"] == size("base", "incr")


@fields("aof_pending_bio_fsync")
def test_a_sync_under_way_is_told(start_ours, tmp_path):
    gate = SyncGate(tmp_path, "fdatasync")
    server = start_ours("--appendonly", "yes", "--appendfsync", "everysec", environment=gate.environment)
    with server.client() as client:
        with gate.shut():
            client.must("SET", "k", "v")
            awaited(client, "aof_pending_bio_fsync", "1")
        awaited(client, "aof_pending_bio_fsync", "0")


@fields("current_save_keys_processed", "current_save_keys_total")
def test_a_rewrite_under_way_tells_how_far_it_is(start_ours):
    server = start_ours("--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--appendfsync", "no")
    with server.client() as client:
        client.must("DEBUG", "POPULATE", 300_000)
        began = time.time()
        client.must("BGREWRITEAOF")
        found = wait_until(
            lambda: (
                (now := info(client, "persistence"))["aof_rewrite_in_progress"] == "1"
                and now["current_save_keys_processed"] != "0"
                and now
            ),
            "keys to be saved",
        )
        assert found["current_save_keys_total"] == "300000"
        assert 0 < int(found["current_save_keys_processed"]) <= 300_000
        assert 0 <= int(found["aof_current_rewrite_time_sec"]) <= time.time() - began
        wait_until(lambda: info(client)["aof_rewrite_in_progress"] == "0", "the end of the rewrite")
        assert value_of(client, "current_save_keys_total") == "0"


# ---- stats ----


@fields("total_net_input_bytes", "total_net_output_bytes", "total_reads_processed", "total_writes_processed")
@fields("eventloop_cycles")
def test_bytes_reads_and_writes_are_counted_one_by_one(client):
    """INFO is called repeatedly: what the previous call added is known to the byte."""
    request = len(encode_command("INFO", "stats"))
    client.must("CONFIG", "RESETSTAT")
    sent = len(b"+OK\r\n")
    for number in range(1, 4):
        reply = client.call("INFO", "stats")
        found = parsed(reply.decoded)
        assert found["total_net_input_bytes"] == str(number * request)
        assert found["total_net_output_bytes"] == str(sent)
        assert found["total_reads_processed"] == found["eventloop_cycles"] == str(number)
        assert found["total_writes_processed"] == str(number)
        sent += len(reply.raw)


@fields("instantaneous_ops_per_sec", "instantaneous_input_kbps", "instantaneous_output_kbps")
@fields("instantaneous_eventloop_cycles_per_sec")
def test_rates_are_those_of_the_counters_they_are_named_after(tmp_path):
    async def scenario(server, stream) -> None:
        rates = {"operations": 11, "input_rate": 2048, "output_rate": 3 * 1024, "cycles": 17}
        for name, value in rates.items():
            rate = Rate()
            rate._samples = [value]
            setattr(server, name, rate)
        found = await told(stream)
        assert found["instantaneous_ops_per_sec"] == "11"
        assert found["instantaneous_input_kbps"] == "2.00"
        assert found["instantaneous_output_kbps"] == "3.00"
        assert found["instantaneous_eventloop_cycles_per_sec"] == "17"

    embedded(tmp_path, scenario)


def test_rates_are_sampled_from_their_counters(tmp_path):
    async def scenario(server, stream) -> None:
        seen: dict[str, list[int]] = {}
        for name in ("operations", "input_rate", "output_rate", "cycles"):
            setattr(server, name, Sampled(seen.setdefault(name, [])))
        await stream.call("CONFIG", "RESETSTAT")
        assert await stream.call("SET", "k", "v" * 1000) == b"+OK\r\n"
        server._cron.cancel()
        server._tick()
        assert seen["input_rate"] == [len(encode_command("SET", "k", "v" * 1000))]
        assert seen["output_rate"] == [len(b"+OK\r\n+OK\r\n")]
        assert seen["operations"] == [2]
        assert seen["cycles"] == [1]

    embedded(tmp_path, scenario)


class Sampled:
    """Replaces a rate; records the samples that it is given."""

    def __init__(self, values: list[int]) -> None:
        self.sample = values.append

    def reset(self) -> None:
        pass


def test_a_rate_is_the_mean_of_the_last_sixteen_samples(monkeypatch):
    now = 100.0
    monkeypatch.setattr("pyredis.server.time.monotonic", lambda: now)
    rate, counter = Rate(), 0
    assert rate.per_second == 0
    for step in range(1, 21):
        now += 0.5
        counter += step
        rate.sample(counter)
    assert rate.per_second == pytest.approx(sum(range(5, 21)) / 0.5 / 16)
    rate.reset()
    now += 1
    rate.sample(7)
    assert rate.per_second == 7


@fields("total_connections_received", "rejected_connections", "total_commands_processed")
def test_connections_and_commands_are_counted(server, client):
    client.must("CONFIG", "SET", "maxclients", 2)
    client.must("CONFIG", "RESETSTAT")
    with server.client() as other:
        other.must("PING")
        with RawClient(server.address) as refused:
            refused.read_to_end()
        found = info(client, "stats")
    assert (found["total_connections_received"], found["rejected_connections"]) == ("1", "1")
    # CONFIG RESETSTAT itself and PING; INFO is not counted yet.
    assert found["total_commands_processed"] == "2"


@fields("keyspace_hits", "keyspace_misses", "expired_keys", "expired_subkeys", "total_error_replies")
@fields("acl_access_denied_auth", "errorstat_ERR")
def test_what_happens_to_keys_and_errors_is_counted(client):
    client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    client.must("CONFIG", "RESETSTAT")
    client.pipeline([["MSET", "a", 1, "b", 2], ["MGET", "a", "b", "c"], ["GET", "d"], ["GET", "a"]])
    client.pipeline(
        [["PEXPIRE", "a", 1], ["HSET", "h", "f", 1, "g", 2, "i", 3], ["HPEXPIRE", "h", 1, *["FIELDS", "2", "f", "g"]]]
    )
    client.must("DEBUG", "SLEEP", "0.01")
    client.must("TYPE", "a")
    client.must("DEBUG", "SET-ACTIVE-EXPIRE", 1)
    awaited(client, "expired_subkeys", "2")
    for command in (["AUTH", "nobody", "x"], ["NOSUCH"], ["NOSUCH"], ["HGET", "b", "f"]):
        client.call(*command)
    found = info(client)
    # Those of MGET and GET, and of HGET, although its key has another type.
    assert (found["keyspace_hits"], found["keyspace_misses"]) == ("4", "3")
    assert (found["expired_keys"], found["expired_subkeys"]) == ("1", "2")
    assert (found["total_error_replies"], found["acl_access_denied_auth"]) == ("4", "1")
    names = ("errorstat_ERR", "errorstat_WRONGPASS", "errorstat_WRONGTYPE")
    assert [found[name] for name in names] == ["count=2", "count=1", "count=1"]


@fields("total_eviction_exceeded_time", "current_eviction_exceeded_time")
def test_the_time_above_maxmemory_is_counted_while_it_lasts_and_afterwards(client):
    names = ("total_eviction_exceeded_time", "current_eviction_exceeded_time")

    def milliseconds() -> list[int]:
        found = info(client)
        return [int(found[name]) for name in names]

    assert milliseconds() == [0, 0]
    client.must("CONFIG", "SET", "maxmemory", 1)
    wait_until(lambda: min(milliseconds()) >= 20, "20 ms to be counted")
    total, current = milliseconds()
    assert total == current
    client.must("CONFIG", "SET", "maxmemory", 0)
    after = milliseconds()
    assert after[0] >= total
    assert after[1] == 0
    assert milliseconds() == after
    client.must("CONFIG", "SET", "maxmemory", 1)
    wait_until(lambda: milliseconds()[1] >= 5, "5 ms to be counted")
    total, current = milliseconds()
    assert total >= after[0] + current
    client.must("CONFIG", "SET", "maxmemory", 0)
    client.must("CONFIG", "RESETSTAT")
    assert milliseconds() == [0, 0]


@fields("expired_stale_perc", "expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds")
def test_the_cycles_of_expiry_are_told(tmp_path):
    async def scenario(server, stream) -> None:
        for number in range(1000):
            stream.writer.write(encode_command("SET", f"k{number}", "v", "PX", 1))
        for _ in range(1000):
            assert await stream.reader.readline() == b"+OK\r\n"
        await asyncio.sleep(0.005)
        server.core.tick()
        begun, spent = time.monotonic_ns(), server.core.expire_ns
        assert server.core.expire_cycle(0)
        assert server.core.expire_cycle(0)
        assert 0 < server.core.expire_ns - spent <= time.monotonic_ns() - begun
        found = await told(stream, "stats")
        assert found["expired_time_cap_reached_count"] == "2"
        # All keys that the two cycles checked had expired: 5 %, plus 5 % of the remaining 95 %.
        assert found["expired_stale_perc"] == "9.75"
        assert found["expire_cycle_cpu_milliseconds"] == str(server.core.expire_ns // 1_000_000)
        while server.core.expire_cycle(100_000):
            pass
        for _ in range(300):
            server.core.expire_cycle(1000)
        assert (await told(stream, "stats"))["expired_stale_perc"] == "0.00"

    embedded(tmp_path, scenario)


@fields("client_query_buffer_limit_disconnections", "client_output_buffer_limit_disconnections")
def test_clients_that_were_closed_for_their_buffers_are_counted(server, client):
    client.must("CONFIG", "SET", "client-query-buffer-limit", "1mb")
    client.must("SET", "k", "v" * 900_000)
    for number in (1, 2):
        with server.client() as greedy:
            greedy.send_bytes(b"*2\r\n$4\r\nECHO\r\n$3000000\r\n" + b"x" * 2_000_000)
            awaited(client, "client_query_buffer_limit_disconnections", str(number))
    client.must("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0")
    with server.client() as slow:
        slow.send_bytes(encode_command("GET", "k") * 40)
        awaited(client, "client_output_buffer_limit_disconnections", "1")
    found = info(client)
    assert found["client_query_buffer_limit_disconnections"] == "2"
    client.must("CONFIG", "RESETSTAT")
    found = info(client)
    assert found["client_query_buffer_limit_disconnections"] == "0"
    assert found["client_output_buffer_limit_disconnections"] == "0"


# ---- times ----


@fields("cmdstat_debug", "eventloop_duration_cmd_sum", "latency_percentiles_usec_debug")
def test_the_times_of_commands_add_up(client):
    client.must("CONFIG", "RESETSTAT")
    begun = time.monotonic()
    client.must("DEBUG", "SLEEP", "0.06")
    client.must("DEBUG", "SLEEP", "0.01")
    elapsed = (time.monotonic() - begun) * 1e6
    client.call("DEBUG")
    client.call("DEBUG", "NOSUCH")
    found = info(client)
    debug = parts(found["cmdstat_debug"])
    assert [debug[name] for name in ("calls", "rejected_calls", "failed_calls")] == ["3", "1", "1"]
    assert 70_000 <= int(debug["usec"]) <= elapsed * 1.05 + 2000
    assert float(debug["usec_per_call"]) == pytest.approx(int(debug["usec"]) / 3, abs=0.5)
    total = sum(int(parts(value)["usec"]) for name, value in found.items() if name.startswith("cmdstat_"))
    assert abs(int(found["eventloop_duration_cmd_sum"]) - total) <= 10
    shares = {name: float(value) for name, value in parts(found["latency_percentiles_usec_debug"]).items()}
    assert 9000 < shares["p50"] < 60_000 * 0.95 < shares["p99"] <= shares["p99.9"] <= elapsed * 1.07


@fields("used_cpu_sys", "used_cpu_user", "used_cpu_sys_main_thread", "used_cpu_user_main_thread")
@fields("eventloop_duration_sum", "instantaneous_eventloop_duration_usec")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_processor_time_is_what_the_system_says(server, client):
    tick = 1 / os.sysconf("SC_CLK_TCK")
    client.must("DEBUG", "POPULATE", 200_000)
    client.must("DEBUG", "DIGEST")
    client.must("SET", "big", "v" * (64 * MB))

    def system(path: str) -> tuple[float, float]:
        words = Path(path).read_text().rpartition(")")[2].split()
        return int(words[12]) * tick, int(words[11]) * tick

    pid = server.process.pid
    for path, suffix in ((f"/proc/{pid}/stat", ""), (f"/proc/{pid}/task/{pid}/stat", "_main_thread")):
        before = system(path)
        found = info(client)
        after = system(path)
        for low, high, kind in zip(before, after, ("sys", "user"), strict=True):
            # The kernel scales the system and user times that it reports, each separately, so neither is exact.
            assert low - 0.1 <= float(found[f"used_cpu_{kind}{suffix}"]) <= high + 0.1
    both = float(found["used_cpu_sys"]) + float(found["used_cpu_user"])
    duration = int(found["eventloop_duration_sum"])
    assert abs(duration / 1e6 - both) < 0.1
    assert found["instantaneous_eventloop_duration_usec"] == str(round(duration / int(found["eventloop_cycles"])))


# ---- keyspace ----


def row(client: RawClient, number: int = 0) -> dict[str, str]:
    return parts(info(client, "keyspace")[f"db{number}"])


@fields("db0")
def test_keys_and_expiries_are_counted_by_database(client):
    client.must("MSET", "a", 1, "b", 2, "c", 3)
    client.must("EXPIRE", "a", 1000)
    client.must("SELECT", 3)
    client.must("HSET", "h", "f", 1)
    client.must("HEXPIRE", "h", 1000, "FIELDS", 1, "f")
    assert list(info(client, "keyspace")) == ["db0", "db3"]
    assert {name: row(client)[name] for name in ("keys", "expires", "subexpiry")} == {
        **{"keys": "3", "expires": "1", "subexpiry": "0"}
    }
    assert row(client, 3) == {"keys": "1", "expires": "0", "avg_ttl": "0", "subexpiry": "1"}


def mean(client: RawClient, number: int = 0) -> int:
    return int(row(client, number)["avg_ttl"])


@pytest.mark.parametrize(
    "command",
    ["DEL mortal", "PERSIST mortal", "SET mortal v", "GETEX mortal PERSIST", "MOVE mortal 1", "RENAME other mortal"],
)
def test_the_mean_time_to_live_ends_with_the_last_key_that_expires(pair2, command):
    pair2.setup("SET", "other", "v")
    pair2.setup("SET", "another", "v")
    pair2.setup("SET", "mortal", "v", "PX", 1_000_000)
    for client in (pair2.ours, pair2.oracle):
        wait_until(lambda client=client: mean(client) > 900_000, "a mean")
    pair2.check(*command.split())
    for client in (pair2.ours, pair2.oracle):
        wait_until(lambda client=client: mean(client) == 0, "the mean to be zero")


@pytest.mark.parametrize("command", ["FLUSHDB", "FLUSHDB ASYNC", "FLUSHALL"])
def test_the_mean_time_to_live_ends_with_the_data(client, command):
    client.must("SET", "mortal", "v", "PX", 1_000_000)
    wait_until(lambda: mean(client) > 900_000, "a mean")
    client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    client.must(*command.split())
    client.must("SET", "mortal", "v", "PX", 1_000_000)
    assert mean(client) == 0


def test_the_mean_time_to_live_goes_with_its_database(client):
    client.must("SET", "long", "v", "PX", 1_000_000)
    client.must("SELECT", 1)
    client.must("SET", "short", "v", "PX", 200_000)
    wait_until(lambda: mean(client) > 900_000 and mean(client, 1) > 100_000, "means")
    client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    before = [mean(client), mean(client, 1)]
    assert before[0] > 900_000
    assert before[1] <= 200_000
    client.must("SWAPDB", 0, 1)
    assert [mean(client, 1), mean(client)] == before


def test_a_new_mean_begins_with_what_expires_next(tmp_path):
    async def scenario(server, stream) -> None:
        for seconds in (1000, 10):
            await stream.call("SET", "k", "v", "EX", str(seconds))
            server.core.tick()
            server.core.expire_cycle(1000)
            ttl = int(parts((await told(stream))["db0"])["avg_ttl"])
            assert seconds * 900 < ttl <= seconds * 1000
            await stream.call("PERSIST", "k")
            server.core.expire_cycle(1000)
            assert parts((await told(stream))["db0"])["avg_ttl"] == "0"

    embedded(tmp_path, scenario)

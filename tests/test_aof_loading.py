"""Loading the append-only folder: complete data is kept, a torn end is cut where allowed, damage is reported."""

import asyncio
import shutil
import signal
import time

import pytest

from pyredis.ground.server_log import Log
from pyredis.persistence.recovery import Loading
from support.aof_folder import BASE, INCR, commands, info, listed, present, write_folder
from support.client import wait_until
from support.in_process import Local
from support.paths import choose_package

THREE = commands(["SELECT", 0], ["SET", "a", "1"], ["SET", "b", "2"])


@pytest.fixture
def start_with(start_ours, tmp_path):
    """A function that writes a folder and starts a server on it."""

    def start(incremental, *arguments, base=None, more=(), wait=True):
        path = write_folder(tmp_path / "with", incremental, base, more)
        return start_ours("--appendonly", "yes", *arguments, name="with", wait=wait), path

    return start


def refused(start_with, data, *arguments, **options):
    """The log of a server that does not start, and the path of its first incremental file."""
    server, path = start_with(data, *arguments, wait=False, **options)
    assert server.wait_exit() == 1
    return server.log(), path


def test_base_and_incremental_files_are_loaded_in_order(start_with):
    server, _ = start_with(
        commands(["SELECT", 0], ["APPEND", "a", "y"]),
        base=commands(["SELECT", 0], ["SET", "a", "x"]),
        more=[commands(["SELECT", 0], ["APPEND", "a", "z"])],
    )
    with server.client() as client:
        assert client.must("GET", "a") == b"xyz"


def test_every_file_begins_in_database_0(start_with):
    server, _ = start_with(commands(["SET", "a", "0"]), base=commands(["SELECT", 5], ["SET", "a", "5"]))
    with server.client() as client:
        assert client.must("GET", "a") == b"0"
        client.must("SELECT", 5)
        assert client.must("GET", "a") == b"5"


def test_databases_survive_a_crash(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client() as client, server.client() as other:
        other.must("SELECT", 3)
        for number in range(20):
            client.must("SET", f"k{number}", "zero")
            other.must("SET", f"k{number}", "three")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("MGET", "k0", "k19") == [b"zero", b"zero"]
        client.must("SELECT", 3)
        assert client.must("MGET", "k0", "k19") == [b"three", b"three"]
        assert client.must("DBSIZE") == 20


def test_what_is_appended_after_loading_names_its_database(start_with):
    server, path = start_with(commands(["SELECT", 7], ["SET", "a", "7"]))
    with server.client() as client:
        client.must("SET", "a", "0")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("GET", "a") == b"0"
    assert path.read_bytes().endswith(commands(["SELECT", 0], ["SET", "a", "0"]))


@pytest.mark.parametrize("tail", [b"*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$5\r\nab", b"*", b"*3\r\n$3\r\nS", b"#TS:12345"])
def test_a_torn_tail_is_cut_with_a_warning(start_with, tail):
    server, path = start_with(THREE + tail)
    with server.client() as client:
        assert client.must("DBSIZE") == 2
        client.must("SET", "d", "4")
    assert f"Truncating the AOF {INCR} at offset {len(THREE)}, dropping {len(tail)} bytes" in server.log()
    assert path.read_bytes() == THREE + commands(["SELECT", 0], ["SET", "d", "4"])


def test_a_torn_tail_is_refused_where_it_must_not_be_cut(start_with):
    log, path = refused(start_with, THREE + b"*3\r\n$3", "--aof-load-truncated", "no")
    assert f"{path} at offset {len(THREE)}" in log
    assert "aof-load-truncated is no" in log
    assert path.read_bytes() == THREE + b"*3\r\n$3"


@pytest.mark.parametrize("cut", [b"", b"*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$1\r\n"])
def test_zeros_at_the_end_are_a_torn_tail(start_with, cut):
    server, path = start_with(THREE + cut + bytes(5000))
    with server.client() as client:
        assert client.must("DBSIZE") == 2
    assert path.read_bytes() == THREE


def test_a_file_of_zeros_alone_is_empty(start_with):
    server, path = start_with(bytes(5000), base=THREE)
    with server.client() as client:
        assert client.must("DBSIZE") == 2
    assert path.read_bytes() == b""


def test_zeros_at_the_end_are_refused_where_a_torn_tail_is(start_with):
    log, _ = refused(start_with, THREE + bytes(100), "--aof-load-truncated", "no")
    assert f"offset {len(THREE)}" in log


@pytest.mark.parametrize(
    "damage",
    [
        b"garbage\r\n",
        b"*x\r\n",
        b"*2\r\n$x\r\n",
        b"*1\r\n+PING\r\n",
        b"\r\n",
        bytes(4),
        b"*2\r\n$3\r\nGET\r\n$1\r\naXX",
    ],
)
def test_damage_in_the_middle_is_told_by_file_and_offset(start_with, damage):
    data = THREE + damage + commands(["SET", "c", "3"])
    log, path = refused(start_with, data)
    assert f"Bad file format reading the append only file {path} at offset {len(THREE)}" in log
    assert path.read_bytes() == data


@pytest.mark.parametrize("command", [["NOSUCH", "a"], ["SET", "a"], ["CONFIG", "NOSUCH"]])
def test_a_command_that_cannot_be_executed_is_damage(start_with, command):
    log, path = refused(start_with, THREE + commands(command, ["SET", "c", "3"]))
    assert f"{path} at offset {len(THREE)}" in log


def test_a_torn_file_that_is_not_the_last_is_refused(start_with):
    log, path = refused(start_with, THREE + b"*3\r\n", more=[commands(["SET", "c", "3"])])
    assert f"{path} at offset {len(THREE)}" in log
    assert "a file after it is not empty" in log


def test_a_torn_file_is_cut_when_all_behind_it_are_empty(start_with):
    """A rewrite had listed the next file, and the process died before the previous one was completely written."""
    server, path = start_with(THREE + b"*3\r\n", more=[b"", b""])
    with server.client() as client:
        assert client.must("DBSIZE") == 2
        client.must("SET", "c", "3")
    assert path.read_bytes() == THREE
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("DBSIZE") == 3


def test_a_transaction_that_is_cut_does_not_happen_at_all(start_with):
    unit = commands(["MULTI"], ["SET", "a", "9"], ["SET", "c", "9"])
    server, path = start_with(THREE + unit)
    with server.client() as client:
        assert client.must("MGET", "a", "b", "c") == [b"1", b"2", None]
    assert path.read_bytes() == THREE


def test_a_transaction_is_loaded_whole(start_with):
    server, _ = start_with(THREE + commands(["MULTI"], ["SET", "a", "9"], ["SELECT", 2], ["SET", "c", "9"], ["EXEC"]))
    with server.client() as client:
        assert client.must("GET", "a") == b"9"
        client.must("SELECT", 2)
        assert client.must("GET", "c") == b"9"


def test_annotations_are_passed_over(start_with):
    data = (
        b"#TS:1700000000\r\n"
        + THREE
        + b"#TS:1700000001\r\n#what=ever\r\n"
        + commands(["MULTI"], ["SET", "a", "9"])
        + b"#TS:1700000002\r\n"
        + commands(["SET", "c", "3"], ["EXEC"])
        + b"#TS:x\r\n"
    )
    server, path = start_with(data)
    with server.client() as client:
        assert client.must("MGET", "a", "b", "c") == [b"9", b"2", b"3"]
    assert path.read_bytes() == data


def test_a_transaction_that_is_cut_behind_an_annotation_does_not_happen_at_all(start_with):
    cut = commands(["MULTI"], ["SET", "a", "9"]) + b"#TS:1700000000\r\n"
    for tail in (b"", commands(["SET", "b", "9"]), b"*3\r\n$3\r\nSE"):
        server, path = start_with(THREE + cut + tail)
        with server.client() as client:
            assert client.must("MGET", "a", "b") == [b"1", b"2"]
        server.stop()
        assert path.read_bytes() == THREE
        shutil.rmtree(path.parent)


def test_large_values_and_many_small_commands_cross_the_loader_s_windows(start_with):
    large = b"x" * (3 << 20)
    requests = [["SET", f"k{number}", number] for number in range(20000)]
    server, _ = start_with(commands(["SET", "large", large], *requests, ["SET", "again", large]))
    with server.client() as client:
        assert client.must("DBSIZE") == 20002
        assert client.must("STRLEN", "large") == len(large)
        assert client.must("GET", "k19999") == b"19999"
        assert client.must("STRLEN", "again") == len(large)


def test_expiry_waits_for_the_end_of_the_load(start_with):
    """The commands that follow in the file were executed while the key existed."""
    server, _ = start_with(
        commands(
            ["SET", "kept", "v"],
            ["PEXPIREAT", "kept", 1000],
            ["APPEND", "kept", "w"],
            ["PERSIST", "kept"],
            ["SET", "gone", "v", "PXAT", 1000],
            ["APPEND", "gone", "w"],
            ["HSET", "hash", "f", "1", "g", "1"],
            ["HPEXPIREAT", "hash", 1000, "FIELDS", 1, "f"],
            ["HPERSIST", "hash", "FIELDS", 1, "f"],
        )
    )
    with server.client() as client:
        assert client.must("GET", "kept") == b"vw"
        assert client.must("GET", "gone") is None
        assert client.must("HGET", "hash", "f") == b"1"


def test_an_rdb_base_is_refused_with_what_to_do(start_with):
    log, _ = refused(start_with, THREE, base=b"REDIS0011\xfa")
    assert f"{BASE} is an RDB file, which this version cannot load" in log
    assert "aof-use-rdb-preamble no" in log


def test_a_missing_file_is_refused(start_ours, tmp_path):
    path = write_folder(tmp_path / "with", THREE)
    path.unlink()
    server = start_ours("--appendonly", "yes", name="with", wait=False)
    assert server.wait_exit() == 1
    assert INCR in server.log()


def test_a_damaged_manifest_is_refused_with_its_line(start_ours, tmp_path):
    path = write_folder(tmp_path / "with", THREE)
    path.with_name("appendonly.aof.manifest").write_text("file x seq 1 type z\n")
    server = start_ours("--appendonly", "yes", name="with", wait=False)
    assert server.wait_exit() == 1
    assert "at line 1" in server.log()


def test_files_without_a_manifest_are_neither_loaded_nor_lost(start_ours, tmp_path):
    path = write_folder(tmp_path / "with", THREE)
    path.with_name("appendonly.aof.manifest").unlink()
    server = start_ours("--appendonly", "yes", name="with")
    with server.client() as client:
        assert client.must("DBSIZE") == 0
        client.must("SET", "x", "1")
    assert f"No manifest lists {path}" in server.log()
    assert path.read_bytes() == THREE


def test_an_old_single_file_becomes_the_base(start_ours, tmp_path):
    folder = tmp_path / "with"
    folder.mkdir()
    (folder / "appendonly.aof").write_bytes(THREE)
    server = start_ours("--appendonly", "yes", name="with")
    with server.client() as client:
        assert client.must("DBSIZE") == 2
        client.must("SET", "c", "3")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("DBSIZE") == 3
    assert listed(folder) == [("appendonly.aof", "b"), (INCR, "i")]
    assert not (folder / "appendonly.aof").exists()


def test_an_old_single_file_with_an_rdb_preamble_stays_where_it_is(start_ours, tmp_path):
    folder = tmp_path / "with"
    folder.mkdir()
    (folder / "appendonly.aof").write_bytes(b"REDIS0009" + THREE)
    server = start_ours("--appendonly", "yes", name="with", wait=False)
    assert server.wait_exit() == 1
    assert (folder / "appendonly.aof").exists()


# ---- during the load ----

# On a busy machine the load may be over before the test looks, so it tries several times.
ATTEMPTS = 20


@pytest.fixture
def loading(start_ours, tmp_path):
    """A server in the middle of a load that takes a while."""
    path = write_folder(tmp_path / "with", commands(["SET", "a", "1"]))
    unit = commands(["HSET", "hash", *[f"field{number}" for number in range(200)]]) * 2000
    with open(path, "ab") as file:
        for _ in range(12):
            file.write(unit)
    return start_ours("--appendonly", "yes", name="with", wait=False)


def connect(server):
    def attempt():
        try:
            return server.client()
        except ConnectionError:
            return None

    return wait_until(attempt, "a connection")


def seen_loading(client):
    """INFO at the beginning and later in the same load; None if the load was over too soon."""
    first = info(client)
    now = first
    while now["loading"] == "1":
        if int(now["loading_loaded_bytes"]) > int(first["loading_loaded_bytes"]):
            return first, now
        now = info(client)
    return None


def test_clients_are_told_of_a_load_and_info_of_its_progress(loading):
    for _ in range(ATTEMPTS):
        began = time.time()
        loading.restart(crash=True, wait=False)
        with connect(loading) as client:
            replies = [client.call("GET", "a").raw, client.call("PING").raw]
            if seen := seen_loading(client):
                break
    took = time.time() - began
    assert seen, "no load was observed"
    assert replies[0].startswith(b"-LOADING Redis is loading the dataset in memory")
    assert replies[1].startswith(b"-LOADING")
    first, _ = seen
    assert first["async_loading"] == "0"
    total = int(first["loading_total_bytes"])
    assert total > 10_000_000
    assert int(began) <= int(first["loading_start_time"]) <= began + took
    for told in seen:
        loaded = int(told["loading_loaded_bytes"])
        assert 0 < loaded <= total
        assert told["loading_loaded_perc"] == f"{100 * loaded / total:.2f}"
        assert 0 <= int(told["loading_eta_seconds"]) <= took * (total - loaded) / loaded
    with loading.client() as client:
        wait_until(lambda: client.call("GET", "a").raw == b"$1\r\n1\r\n", "the end of the load")
        assert "loading_total_bytes" not in info(client)
    assert "DB loaded from append only file" in loading.log()


def test_what_has_been_loaded_is_counted_over_all_files(tmp_path):
    base = commands(*(["SET", f"base{number}", "x" * 100] for number in range(100)))
    more = [commands(["SET", "a", "1"]) * 10, b"", commands(["SET", "b", "2"])]
    folder = write_folder(tmp_path, commands(["SET", "c", "3"]) * 50, base, more).parent
    paths = [folder / name for name, _ in listed(tmp_path)]
    local = Local(tmp_path / "local")
    local.core.loading = True
    loading = Loading(local.core, local.server.config, Log(path=str(tmp_path / "log")), paths)
    assert loading.info()["loading_loaded_perc"] == "0.00"
    asyncio.run(loading.run())
    local.core.loading = False
    told = loading.info()
    assert told["loading_loaded_bytes"] == told["loading_total_bytes"] == sum(path.stat().st_size for path in paths)
    assert (told["loading_loaded_perc"], told["loading_eta_seconds"]) == ("100.00", 0)
    assert local.must("DBSIZE") == 103


@pytest.mark.parametrize("more", [[], [commands(["SET", "b", "2"])]], ids=["in the last file", "in the first of two"])
def test_a_load_that_is_stopped_changes_no_file(tmp_path, monkeypatch, more):
    """The part that it has not reached is not a torn tail."""
    monkeypatch.setattr("pyredis.persistence.recovery.SLICE_US", 0)
    folder = write_folder(tmp_path, commands(["SET", "a", "x" * 1000]) * 1000, more=more).parent
    paths = [folder / name for name, _ in listed(tmp_path)]
    before = [path.read_bytes() for path in paths]
    local = Local(tmp_path / "local")
    local.core.loading = True
    loading = Loading(local.core, local.server.config, Log(path=str(tmp_path / "log")), paths)
    loading.stop()
    asyncio.run(loading.run())
    local.core.loading = False
    assert 0 < loading.info()["loading_loaded_bytes"] < paths[0].stat().st_size
    assert [path.read_bytes() for path in paths] == before
    assert local.must("EXISTS", "a", "b") == 1
    assert not (tmp_path / "log").exists()


def test_a_transaction_queued_before_a_load_is_refused_during_it(loading):
    refusal = b"-EXECABORT Transaction discarded because of: LOADING Redis is loading the dataset in memory\r\n"
    loading.wait_ready()
    with loading.client() as queued, loading.client() as loads, loading.client() as watches:
        for _ in range(ATTEMPTS):
            queued.must("MULTI")
            queued.must("GET", "a")
            loads.send("DEBUG", "LOADAOF")
            wait_until(lambda: info(watches)["loading"] == "1" or not loads.is_silent(0), "the load")
            reply, over = queued.call("EXEC"), not loads.is_silent(0)
            if reply.is_error or not over:
                break
            assert loads.read().decoded == "OK"
        assert reply.raw == refusal


def test_a_signal_ends_a_load_and_changes_nothing(loading):
    path = loading.folder / "appendonlydir" / INCR
    size = path.stat().st_size
    for ready in range(ATTEMPTS):
        connect(loading).close()
        loading.process.send_signal(signal.SIGTERM)
        assert loading.wait_exit() == 0
        if loading.log().count("Ready to accept connections") == ready:
            break
        loading.start(wait=False)
    assert "shutdown signal during loading" in loading.log().splitlines()[-1]
    assert path.stat().st_size == size


# ---- every cut ----


UNITS = [
    [["SELECT", 0]],
    [["SET", "string", "value\r\n*1\r\n"]],
    [["MULTI"], ["INCR", "n"], ["HSET", "hash", "f", "1"], ["EXEC"]],
    [["SELECT", 3]],
    [["APPEND", "other", "x" * 30]],
    [["PEXPIREAT", "other", 99999999999999]],
    [["DEL", "string"]],
]


def make_core():
    choose_package()
    from pyredis._core import Core
    from pyredis.commands.table.command_table import SPECS
    from pyredis.commands.table.registry import BOUND

    core = Core(None, SPECS, BOUND, 16)
    core.loading = True
    return core


def load(core, path):
    """Load a file; return the sizes of the databases and the offset at which it would be cut."""
    from pyredis.persistence.loader import AofLoader

    loader = AofLoader(core, path)
    try:
        while loader.step(1000):
            pass
        return [row[:2] for row in core.sizes()], loader.valid_size
    finally:
        loader.close()


def test_a_file_cut_at_any_byte_keeps_every_whole_unit(tmp_path):
    units = [commands(*unit) for unit in UNITS]
    sizes = [[], [], [(0, 1)], [(0, 3)], [(0, 3)], [(0, 3), (3, 1)], [(0, 3), (3, 1)], [(0, 3), (3, 1)]]
    whole = b"".join(units)
    path = tmp_path / "cut.aof"
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        count = max(number for number in range(len(units) + 1) if len(b"".join(units[:number])) <= cut)
        assert load(make_core(), path) == (sizes[count], len(b"".join(units[:count]))), cut


def test_a_file_with_any_byte_destroyed_is_refused_or_differs_in_that_unit_alone(tmp_path):
    """No byte makes the loader loop, crash or cut off complete units before it."""
    from pyredis.persistence.loader import DamagedFile

    units = [commands(*unit) for unit in UNITS]
    whole = b"".join(units)
    path = tmp_path / "damaged.aof"
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x15]) + whole[at + 1 :])
        before = max(end for number in range(len(units)) if (end := len(b"".join(units[:number]))) <= at)
        try:
            _, reached = load(make_core(), path)
        except DamagedFile as error:
            reached = error.offset
        assert before <= reached <= len(whole), at


# ---- the other server ----


def fill(client):
    client.must("SET", "string", "value")
    client.must("SET", "expiring", "value", "PX", 10_000_000)
    # Few elements give the small encoding; many give a value that a rewrite saves in pieces.
    for count in (3, 9000):
        names = [f"name {number}" for number in range(count)]
        client.must("HSET", f"hash{count}", *[text for name in names for text in (name, "value")])
        client.must("RPUSH", f"list{count}", *names)
        client.must("SADD", f"set{count}", *names)
        client.must("SADD", f"integers{count}", *range(count))
        client.must("ZADD", f"zset{count}", *[text for at, name in enumerate(names) for text in (at / 7, name)])
        client.pipeline([["XADD", f"stream{count}", f"{at + 1}-1", name, "v"] for at, name in enumerate(names)])
        client.must("XGROUP", "CREATE", f"stream{count}", "group", 0)
        client.must("XREADGROUP", "GROUP", "group", "reader", "COUNT", 200, "STREAMS", f"stream{count}", ">")
        client.must("XDEL", f"stream{count}", "2-1")
        client.must("PEXPIRE", f"list{count}", 10_000_000)
    client.must("SELECT", 9)
    client.must("INCRBY", "number", 77)
    client.must("SELECT", 0)


def digest(server):
    with server.client() as client:
        return client.must("DEBUG", "DIGEST")


@pytest.mark.parametrize("rewritten", [False, True], ids=["appended", "rewritten"])
def test_redis_loads_our_folder(start_ours, start_oracle, rewritten):
    ours = start_ours("--appendonly", "yes", name="shared")
    with ours.client() as client:
        fill(client)
        if rewritten:
            client.must("BGREWRITEAOF")
            wait_until(lambda: info(client)["aof_last_rewrite_time_sec"] != "-1", "the rewrite")
            client.must("SET", "after", "1")
    expected = digest(ours)
    assert ours.stop() == 0
    assert digest(start_oracle("--appendonly", "yes", name="shared")) == expected


@pytest.mark.parametrize("rewritten", [False, True], ids=["appended", "rewritten"])
def test_we_load_the_folder_of_redis(start_ours, start_oracle, rewritten):
    oracle = start_oracle(
        "--appendonly", "yes", "--aof-use-rdb-preamble", "no", "--aof-timestamp-enabled", "yes", name="shared"
    )
    with oracle.client() as client:
        fill(client)
        if rewritten:
            client.must("BGREWRITEAOF")
            wait_until(lambda: info(client)["aof_rewrite_in_progress"] == "0", "the rewrite")
            client.must("SET", "after", "1")
    expected = digest(oracle)
    oracle.stop()
    ours = start_ours("--appendonly", "yes", name="shared")
    assert digest(ours) == expected
    assert "appendonly.aof.manifest" in present(ours.folder)


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (["SETRANGE", "k", 2**63 - 1, "a"], "string exceeds maximum allowed size (proto-max-bulk-len)"),
        (["SETRANGE", "k", 2**60, "a"], "string exceeds maximum allowed size (proto-max-bulk-len)"),
        (["SETBIT", "k", 2**63 - 1, 1], "bit offset is not an integer or out of range"),
        (["BITFIELD", "k", "SET", "u8", 2**62, 1], "bit offset is not an integer or out of range"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
@pytest.mark.parametrize("encloses", [False, True], ids=["alone", "in a transaction"])
def test_a_string_for_which_no_machine_has_memory_is_damage_at_its_offset(start_with, command, error, encloses):
    unit = [["MULTI"], command, ["EXEC"]] if encloses else [command]
    log, path = refused(start_with, THREE + commands(*unit, ["SET", "later", "1"]))
    assert f"{path.name} at offset {len(THREE)}: command that cannot be executed: ERR {error}. " in log


def test_a_file_may_hold_longer_strings_than_the_limit_now_in_force(start_with):
    size = 3_000_000
    server, _ = start_with(
        commands(["SETRANGE", "k", size, "a"], ["SETBIT", "bits", 8 * size, 1]), "--proto-max-bulk-len", "1mb"
    )
    with server.client() as client:
        assert client.must("STRLEN", "k") == client.must("STRLEN", "bits") == size + 1
        assert client.call("SETRANGE", "k", size + 1, "a").is_error

"""CONFIG SET takes effect at once, also for connected clients: a test for every directive that can be set at run time.

`about` registers the test of a directive, and `ELSEWHERE` names tests in other files. The tests at the end find
directives without one.
"""

import asyncio
import re
import select
import signal
import socket
from pathlib import Path

import pytest
import uvloop
from test_embedding import Stream, make_server, run, until

from pyredis.config.directives import DIRECTIVES
from pyredis.persistence.rewriting import Rewriting
from support.aof_folder import requests, write_folder
from support.client import ConnectionClosed, RawClient, encode_command, wait_until

TESTED: set[str] = set()
ELSEWHERE = {
    "acl-pubsub-default": "test_user_rights.py::test_new_users_have_the_channels_that_the_directive_says",
    "acllog-max-len": "test_users.py::test_the_log_is_bounded_by_its_directive",
    "tracking-table-max-keys": "test_tracking_broadcasts.py::test_the_limit_can_be_changed",
    "tls-port": "test_tls_configuration.py::test_the_port_can_be_opened_moved_and_closed",
    "tls-cert-file": "test_tls_configuration.py::test_a_new_certificate_is_for_new_connections",
    "tls-key-file": "test_tls_configuration.py::test_a_new_certificate_is_for_new_connections",
    "tls-key-file-pass": "test_tls_configuration.py::test_a_key_with_a_passphrase_is_set_while_the_server_runs",
    "tls-dh-params-file": "test_tls_configuration.py::test_parameters_for_diffie_hellman_are_used",
    "tls-ca-cert-file": "test_tls_configuration.py::test_authorities_are_changed_while_the_server_runs",
    "tls-ca-cert-dir": "test_tls_configuration.py::test_authorities_are_changed_while_the_server_runs",
    "tls-auth-clients": "test_tls.py::test_a_session_without_a_certificate_is_not_resumed_once_one_is_required",
    "tls-protocols": "test_tls_configuration.py::test_only_allowed_versions_are_spoken",
    "tls-ciphers": "test_tls_configuration.py::test_only_allowed_ciphers_are_used",
    "tls-ciphersuites": "test_tls_configuration.py::test_only_allowed_ciphers_are_used",
    "tls-prefer-server-ciphers": "test_tls_configuration.py::test_the_order_of_ciphers_is_the_servers_if_wanted",
    "tls-session-caching": "test_tls_configuration.py::test_without_caching_no_session_is_resumed_by_its_number",
    "tls-session-cache-size": "test_tls_configuration.py::test_as_many_sessions_are_cached_as_configured",
    "tls-session-cache-timeout": "test_tls_configuration.py::test_sessions_live_as_long_as_configured",
    "max-new-tls-connections-per-cycle": "test_tls_port.py::test_an_iteration_begins_as_many_handshakes_as_are_allowed",
    "bind": "test_listeners.py::test_the_addresses_change",
    "port": "test_listeners.py::test_the_port_changes_and_connections_stay",
    "protected-mode": "test_limits.py::test_strangers_are_turned_away_in_protected_mode",
    "busy-reply-threshold": "test_busy_scripts.py::test_the_threshold_can_be_set_while_serving",
    "maxclients": "test_limits.py::test_maxclients_keeps_to_the_limit_of_open_files",
    "shutdown-on-sigterm": "test_lifecycle.py::test_what_a_signal_does_can_be_chosen",
    "appendfsync": "test_durability.py::test_a_change_of_the_mode_loses_no_reply",
    "appendonly": "test_aof_rewriting.py::test_turned_on_while_serving_everything_is_kept_once_the_base_is_there",
    "proc-title-template": "test_process_directives.py::test_a_title_may_be_longer_than_the_arguments",
    "oom-score-adj": "test_process_directives.py::test_the_score_follows_the_directives_as_the_oracle_s_does",
    "oom-score-adj-values": "test_process_directives.py::test_the_score_follows_the_directives_as_the_oracle_s_does",
    "crash-log-enabled": "test_crash_report.py::test_the_report_can_be_turned_off_and_on",
    "hide-user-data-from-log": "test_limits.py::test_the_input_of_clients_can_be_kept_out_of_the_log",
    "notify-keyspace-events": "test_keyspace_notifications.py::test_classes_may_change_while_clients_listen",
    "lfu-log-factor": "test_generic.py::test_a_large_log_factor_slows_the_counter_down",
    "maxmemory-policy": "test_eviction.py::eviction_order",
    "maxmemory-samples": "test_eviction.py::test_lru_evicts_the_key_that_has_not_been_used_for_longest",
    "maxmemory-eviction-tenacity": "test_eviction.py::test_with_full_tenacity_a_run_goes_on_to_the_end",
    "maxmemory-clients": "test_client_eviction.py::test_the_largest_clients_are_closed_and_only_as_many_as_needed",
    "lazyfree-lazy-eviction": ("test_eviction.py::test_evictions_are_in_the_file_and_what_is_loaded_is_what_was_there"),
    "lazyfree-lazy-expire": "test_expiry.py::test_the_file_is_told_of_a_removal_where_the_moment_is_past",
    "slowlog-max-len": "test_server_commands.py::test_the_slow_log_keeps_its_length",
    "list-compress-depth": "test_lists.py::test_debug_object_tells_of_nodes_as_the_oracle_does",
}


def about(*names: str):
    def note(test):
        TESTED.update(names)
        return test

    return note


def field(client: RawClient, name: str) -> str:
    return re.search(rf"^{name}:(.*)\r$", client.must("INFO", "everything").decode(), re.MULTILINE)[1]


def is_closed(client: RawClient) -> bool:
    return bool(select.select([client.socket], [], [], 0)[0]) and client.socket.recv(1, socket.MSG_PEEK) == b""


@pytest.fixture
def both(start_ours, start_oracle):
    """Returns a function that starts both servers with the same arguments."""
    return lambda *arguments: [start(*arguments) for start in (start_ours, start_oracle)]


# ---- the password ----


class Conversation:
    """Several clients of one server by name, and all replies that they get."""

    def __init__(self, server) -> None:
        self.server = server
        self.clients: dict[str, RawClient] = {}
        self.answers: list[tuple[str, bytes]] = []

    def __call__(self, name: str, *words: str) -> None:
        if name not in self.clients:
            self.clients[name] = RawClient(self.server.address)
        if words:
            answer = self.clients[name].call(*words).raw
            self.answers.append((f"{name}: {' '.join(words)}", re.sub(rb"HELLO <proto> AUTH", b"HELLO AUTH", answer)))


@about("requirepass")
@pytest.mark.parametrize(
    "steps",
    [
        # A client that was refused is served while there is no password, and refused again with the next one.
        [
            *("old PING", "admin AUTH pw", "admin CONFIG SET requirepass {}", "old PING", "old SET k v"),
            *("admin CONFIG SET requirepass new", "old GET k", "admin GET k", "old AUTH new", "old GET k"),
        ],
        # A client that connected while there was none, or that has given the old one, stays authenticated.
        [
            *("admin AUTH pw", "admin CONFIG SET requirepass {}", "free PING", "admin CONFIG SET requirepass new"),
            *("free SET k v", "admin GET k", "late PING", "late AUTH pw", "late AUTH new", "late GET k"),
        ],
        # RESET asks for the password in force.
        [
            *("old", "admin AUTH pw", "admin CONFIG SET requirepass {}", "old RESET", "admin CONFIG SET requirepass x"),
            *("old PING", "old RESET", "old PING", "admin RESET", "admin PING"),
        ],
        # As in Redis, HELLO requires authentication of such a client even while there is no password.
        [
            *("old PING", "admin AUTH pw", "admin CONFIG SET requirepass {}", "old HELLO 2", "old AUTH pw", "old PING"),
            *("old AUTH default pw", "admin CONFIG SET requirepass x", "old PING"),
        ],
        # Inside transactions: the client's own, and another's.
        [
            *("old PING", "admin AUTH pw", "admin MULTI", "admin CONFIG SET requirepass {}", "old PING", "admin EXEC"),
            *("old MULTI", "old INCR n", "admin CONFIG SET requirepass x", "old INCR n", "old EXEC", "admin GET n"),
        ],
        ["old", "admin AUTH pw", "admin CLIENT KILL USER default"],
    ],
)
def test_a_change_of_the_password_reaches_everybody(both, steps):
    told = []
    for server in both("--requirepass", "pw"):
        says = Conversation(server)
        for step in steps:
            name, *words = step.split()
            says(name, *("" if word == "{}" else word for word in words))
        told.append(says.answers)
    assert told[0] == told[1]


def test_a_client_that_is_let_in_may_send_much(both):
    for server in both("--requirepass", "pw"):
        with RawClient(server.address) as old, server.client() as admin:
            old.call("PING")
            admin.must("AUTH", "pw")
            admin.must("CONFIG", "SET", "requirepass", "")
            assert old.must("EXISTS", *range(100)) == 0
            assert old.must("ECHO", "x" * 100_000) == b"x" * 100_000


# ---- limits of clients ----


@about("client-output-buffer-limit")
@pytest.mark.parametrize("limit", ["normal 1mb 0 0", "normal 0 1mb 1"], ids=["hard", "soft"])
def test_who_is_above_a_new_limit_of_replies_is_closed(both, limit):
    for server in both():
        with server.client() as admin, server.client() as slow:
            admin.must("SET", "k", "v" * 30_000_000)
            slow.send("GET", "k")
            identity = slow_id(admin)
            wait_until(lambda admin=admin, identity=identity: listed(admin, identity)["omem"] != "0", "the reply")
            admin.must("CONFIG", "SET", "client-output-buffer-limit", limit)
            wait_until(lambda admin=admin: field(admin, "connected_clients") == "1", "the client to be closed")
            with pytest.raises(ConnectionClosed):
                slow.read()
            admin.must("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0")
            with server.client() as free:
                assert len(free.must("GET", "k")) == 30_000_000


def slow_id(admin: RawClient) -> str:
    """Returns the id of the only other client."""
    own = str(admin.must("CLIENT", "ID"))

    def others() -> list[str]:
        return [
            found for found in re.findall(r"^id=(\d+)", admin.must("CLIENT", "LIST").decode(), re.M) if found != own
        ]

    return wait_until(lambda: len(others()) == 1 and others(), "only one other client")[0]


def listed(client: RawClient, identity: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in client.must("CLIENT", "LIST", "ID", identity).decode().split())


@about("client-query-buffer-limit")
def test_who_holds_more_than_a_new_limit_of_input_is_closed_with_the_next_read(both):
    for server in both():
        with server.client() as admin, server.client() as busy:
            busy.send_bytes(b"*2\r\n$4\r\nECHO\r\n$4000000\r\n" + b"x" * 2_000_000)
            identity = slow_id(admin)
            wait_until(
                lambda admin=admin, identity=identity: int(listed(admin, identity)["qbuf"]) > 1_990_000, "the input"
            )
            admin.must("CONFIG", "SET", "client-query-buffer-limit", "1mb")
            assert not is_closed(busy)
            busy.send_bytes(b"x")
            wait_until(lambda busy=busy: is_closed(busy), "the end")
            admin.must("CONFIG", "SET", "client-query-buffer-limit", "1gb")


@about("proto-max-bulk-len")
def test_the_next_bulk_is_measured_by_the_new_limit(pair2):
    size = 1 << 20
    with pair2.config(proto_max_bulk_len=size):
        pair2.check("ECHO", "x" * size)
        assert b"invalid bulk length" in pair2.check_fatal(b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (size + 1))
    pair2.check("ECHO", "x" * (size + 1))


@about("timeout")
def test_who_is_idle_already_is_closed_by_a_new_timeout(both):
    for server in both():
        with server.client() as admin, server.client() as idle:
            admin.must("CONFIG", "SET", "timeout", 1)
            wait_until(lambda admin=admin, idle=idle: admin.must("PING") and is_closed(idle), "the idle client's end")
            admin.must("CONFIG", "SET", "timeout", 0)


@about("tcp-keepalive")
def test_keep_alive_is_changed_on_the_sockets_that_are_there(tmp_path):
    def options(server) -> set[tuple[int, int]]:
        sockets = [client.transport.get_extra_info("socket") for client in server.clients.values()]
        return {
            (sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), sock.getsockopt(6, socket.TCP_KEEPIDLE))
            for sock in sockets
        }

    async def main() -> None:
        server = make_server(tmp_path / "server", "--tcp-keepalive", "77")
        await server.start()
        client = await Stream.to(server)
        await client.call("PING")
        assert options(server) == {(1, 77)}
        assert await client.call("CONFIG", "SET", "tcp-keepalive", "33") == b"+OK\r\n"
        assert options(server) == {(1, 33)}
        assert await client.call("CONFIG", "SET", "tcp-keepalive", "0") == b"+OK\r\n"
        assert options(server) == {(0, 33)}
        await client.call("CONFIG", "SET", "tcp-keepalive", "44")
        assert options(server) == {(1, 44)}
        await client.close()
        server.shutdown()
        await server.wait_closed()

    run(uvloop.new_event_loop, main())


# ---- memory and expiry ----


@about("maxmemory")
def test_a_new_limit_of_memory_refuses_the_next_write(pair2):
    pair2.check("SET", "k", "v")
    with pair2.config(maxmemory=1):
        pair2.check("SET", "k", "w")
        pair2.check("GET", "k")
    pair2.check("SET", "k", "w")


@about("lfu-decay-time")
def test_a_decay_time_of_zero_lets_no_counter_decay(pair2):
    with pair2.config(maxmemory_policy="allkeys-lfu", lfu_log_factor=0):
        pair2.setup("SET", "k", "v")
        with pair2.config(lfu_decay_time=0):
            for _ in range(5):
                pair2.setup("GET", "k")
            assert pair2.check("OBJECT", "FREQ", "k") == 10


@about("active-expire-effort")
def test_more_effort_finds_more_expired_keys_at_once(tmp_path):
    async def main() -> None:
        server = make_server(tmp_path / "server", "--appendonly", "no")
        await server.start()
        server.active_expire = False
        client = await Stream.to(server)
        for number in range(2000):
            client.writer.write(encode_command("SET", f"k{number}", "v", "PX", 1))
        for _ in range(2000):
            assert await client.reader.readline() == b"+OK\r\n"
        await asyncio.sleep(0.01)
        found = []
        for effort in (1, 10, 1):
            assert await client.call("CONFIG", "SET", "active-expire-effort", str(effort)) == b"+OK\r\n"
            before = server.core.counters()["expired_keys"]
            server.core.expire_cycle(0)
            found.append(server.core.counters()["expired_keys"] - before)
        # One cycle each, which ends after the bucket in which it has seen enough keys.
        assert 20 <= found[0] < 40
        assert 65 <= found[1] < 85
        assert 20 <= found[2] < 40
        await client.close()
        server.shutdown()
        await server.wait_closed()

    run(uvloop.new_event_loop, main())


@pytest.mark.parametrize(
    ("directive", "commands"),
    [
        ("lazyfree-lazy-user-del", ["DEL large"]),
        ("lazyfree-lazy-server-del", ["SET small x", "RENAME small large"]),
        ("lazyfree-lazy-user-flush", ["FLUSHALL"]),
    ],
)
@about("lazyfree-lazy-user-del", "lazyfree-lazy-server-del", "lazyfree-lazy-user-flush")
def test_whether_a_value_is_freed_later_changes_at_once(pair2, directive, commands):
    for lazy in ("no", "yes", "no"):
        pair2.setup("FLUSHALL", "SYNC")
        pair2.setup("CONFIG", "RESETSTAT")
        with pair2.config(**{directive.replace("-", "_"): lazy}):
            pair2.setup("SADD", "large", *(f"member{number}" for number in range(1000)))
            for command in commands:
                pair2.check(*command.split())
            for client in (pair2.ours, pair2.oracle):
                wait_until(lambda client=client: field(client, "lazyfree_pending_objects") == "0", "the release")
            told = [int(field(client, "lazyfreed_objects")) > 0 for client in (pair2.ours, pair2.oracle)]
            assert told == [lazy == "yes"] * 2


# ---- encodings ----


@about(
    *("hash-max-listpack-entries", "hash-max-listpack-value", "list-max-listpack-size", "set-max-intset-entries"),
    *("set-max-listpack-entries", "set-max-listpack-value", "zset-max-listpack-entries", "zset-max-listpack-value"),
)
@pytest.mark.parametrize(
    ("directive", "most", "command"),
    [
        ("hash-max-listpack-entries", 3, "HSET k a 1 b 2 c 3 d 4"),
        ("hash-max-listpack-value", 3, "HSET k f abcd"),
        ("list-max-listpack-size", 3, "RPUSH k a b c d"),
        ("set-max-intset-entries", 3, "SADD k 1 2 3 4"),
        ("set-max-listpack-entries", 3, "SADD k a b c d"),
        ("set-max-listpack-value", 3, "SADD k abcd"),
        ("zset-max-listpack-entries", 3, "ZADD k 1 a 2 b 3 c 4 d"),
        ("zset-max-listpack-value", 3, "ZADD k 1 abcd"),
    ],
)
def test_a_limit_of_an_encoding_counts_for_the_next_value(client, directive, most, command):
    client.must(*command.split())
    before = client.must("OBJECT", "ENCODING", "k")
    client.must("CONFIG", "SET", directive, most)
    client.must("DEL", "k")
    client.must(*command.split())
    assert client.must("OBJECT", "ENCODING", "k") != before


@about("hll-sparse-max-bytes")
def test_the_limit_of_a_sparse_hyperloglog_counts_for_the_next_one(pair2):
    elements = [f"e{number}" for number in range(50)]
    with pair2.config(hll_sparse_max_bytes=20):
        pair2.check("PFADD", "dense", *elements)
    pair2.check("PFADD", "sparse", *elements)
    assert pair2.check("STRLEN", "dense") > pair2.check("STRLEN", "sparse")


@about("stream-node-max-bytes", "stream-node-max-entries")
@pytest.mark.parametrize("directive", ["stream_node_max_bytes", "stream_node_max_entries"])
def test_the_limits_of_a_stream_count_for_the_next_entries(pair2, directive):
    """Approximate trimming removes whole nodes only."""
    with pair2.config(**{directive: 100 if directive.endswith("bytes") else 5}):
        for number in range(1, 100):
            pair2.setup("XADD", "s", f"{number}-1", "field", "value")
    trimmed = pair2.check("XTRIM", "s", "MAXLEN", "~", 50, by=lambda count: count > 40)
    assert 40 < trimmed < 50


# ---- monitoring ----


@about("slowlog-log-slower-than")
def test_the_next_command_is_measured_by_the_new_time(client):
    client.must("CONFIG", "SET", "slowlog-log-slower-than", -1)
    client.must("SLOWLOG", "RESET")
    client.must("ECHO", "fast")
    assert client.must("SLOWLOG", "LEN") == 0
    client.must("CONFIG", "SET", "slowlog-log-slower-than", 0)
    client.must("ECHO", "slow")
    assert client.must("SLOWLOG", "GET", 1)[0][3] == [b"ECHO", b"slow"]


@about("latency-monitor-threshold")
def test_the_next_event_is_measured_by_the_new_threshold(client):
    client.must("LATENCY", "RESET")
    client.must("DEBUG", "SLEEP", "0.02")
    assert client.must("LATENCY", "LATEST") == []
    client.must("CONFIG", "SET", "latency-monitor-threshold", 15)
    client.must("DEBUG", "SLEEP", "0.02")
    assert b"command" in [event[0] for event in client.must("LATENCY", "LATEST")]
    client.must("LATENCY", "RESET")


@about("latency-tracking")
def test_whether_times_are_kept_changes_with_the_next_command(pair2):
    pair2.setup("CONFIG", "RESETSTAT")
    with pair2.config(latency_tracking="no"):
        pair2.check("ECHO", "x")
        pair2.check("LATENCY", "HISTOGRAM", "echo")
    pair2.check("ECHO", "x")
    for client in (pair2.ours, pair2.oracle):
        assert client.must("LATENCY", "HISTOGRAM", "echo")[1][:2] == [b"calls", 1]


@about("latency-tracking-info-percentiles")
def test_the_percentiles_told_are_the_chosen_ones(pair2):
    pair2.setup("ECHO", "x")
    with pair2.config(latency_tracking_info_percentiles="10 99.99"):
        for client in (pair2.ours, pair2.oracle):
            told = field(client, "latency_percentiles_usec_echo")
            assert re.sub(r"=[\d.]+", "", told) == "p10,p99.99"


@about("loglevel")
def test_the_level_of_the_log_changes(start_ours):
    server = start_ours()
    with server.client() as client:
        for number, level in enumerate(("warning", "notice"), 1):
            client.must("CONFIG", "SET", "loglevel", level)
            client.must("BGREWRITEAOF")
            wait_until(lambda number=number: field(client, "aof_rewrites") == str(number), "the rewrite to begin")
            wait_until(lambda: field(client, "aof_rewrite_in_progress") == "0", "its end")
            assert server.log().count("Background append only file rewriting started") == number - 1


@about("hz")
def test_the_cron_takes_up_a_new_rate(tmp_path):
    async def main() -> None:
        server = make_server(tmp_path / "server", "--hz", "1")
        await server.start()
        client = await Stream.to(server)
        assert await client.call("CONFIG", "SET", "hz", "500") == b"+OK\r\n"
        # At the old rate this would exceed the test's timeout.
        await until(lambda: server.cron_count > 200)
        await client.close()
        server.shutdown()
        await server.wait_closed()

    run(uvloop.new_event_loop, main())


# ---- files and signals ----


@about("shutdown-on-sigint")
def test_what_sigint_does_can_be_chosen_anew(start_ours):
    server = start_ours("--appendonly", "no", "--shutdown-on-sigint", "save")
    server.process.send_signal(signal.SIGINT)
    wait_until(lambda: "Errors trying to shut down the server" in server.log(), "the refusal")
    with server.client() as client:
        client.must("CONFIG", "SET", "shutdown-on-sigint", "nosave")
    server.process.send_signal(signal.SIGINT)
    assert server.wait_exit() == 0


@about("dir")
def test_the_files_go_to_the_new_folder(start_ours, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    server = start_ours("--appendonly", "no", "--enable-protected-configs", "yes")
    with server.client() as client:
        client.must("SET", "k", "v")
        client.must("CONFIG", "SET", "dir", folder)
        client.must("CONFIG", "SET", "appendonly", "yes")
        wait_until(lambda: field(client, "aof_rewrite_in_progress") == "0", "the base")
    assert ["SET", "k", "v"] in requests(folder / "appendonlydir" / "appendonly.aof.1.base.aof")
    assert not (server.folder / "appendonlydir").exists()


@about("auto-aof-rewrite-percentage", "auto-aof-rewrite-min-size")
@pytest.mark.parametrize(
    ("percentage", "size", "directive"),
    [("0", "1", "auto-aof-rewrite-percentage"), ("1", "1gb", "auto-aof-rewrite-min-size")],
)
def test_a_file_that_has_grown_enough_is_rewritten_after_the_change(start_ours, percentage, size, directive):
    arguments = ["--auto-aof-rewrite-percentage", percentage, "--auto-aof-rewrite-min-size", size]
    with start_ours("--appendonly", "yes", *arguments).client() as client:
        client.must("SET", "k", "v" * 10_000)
        wait_until(lambda: int(field(client, "aof_current_size")) > 10_000, "the file to be written")
        assert field(client, "aof_rewrites") == "0"
        client.must("CONFIG", "SET", directive, 1)
        wait_until(lambda: field(client, "aof_rewrites") != "0", "the rewrite")


@about("aof-load-truncated")
def test_a_torn_file_is_loaded_anew_by_the_directive_in_force(start_ours, tmp_path):
    path = write_folder(tmp_path / "with", encode_command("SET", "k", "v"))
    server = start_ours("--appendonly", "yes", "--aof-load-truncated", "no", name="with")
    with server.client() as client:
        client.must("CONFIG", "SET", "aof-load-truncated", "yes")
        with open(path, "ab") as file:
            file.write(b"*3\r\n$3\r\nSET")
        client.must("DEBUG", "LOADAOF")
        assert client.must("GET", "k") == b"v"
    assert "AOF loaded anyway because aof-load-truncated is enabled" in server.log()


@about("no-appendfsync-on-rewrite")
def test_a_rewrite_under_way_pauses_the_syncs_when_it_is_told_to(tmp_path, monkeypatch):
    monkeypatch.setattr(Rewriting, "in_progress", True)

    async def main() -> None:
        server = make_server(tmp_path / "server")
        await server.start()
        client = await Stream.to(server)
        paused: list[bool] = []
        with monkeypatch.context() as patched:
            patched.setattr(server.persistence.rewriting, "core", Recorder(paused))
            for value in ("yes", "no"):
                assert await client.call("CONFIG", "SET", "no-appendfsync-on-rewrite", value) == b"+OK\r\n"
        assert paused == [True, False]
        monkeypatch.undo()
        await client.close()
        server.shutdown()
        await server.wait_closed()

    run(uvloop.new_event_loop, main())


class Recorder:
    """A stand-in for the core that records only whether its syncs are paused."""

    aof_sync_failed = False

    def __init__(self, paused: list[bool]) -> None:
        self.aof_pause_sync = paused.append


# ---- every directive ----


def test_every_directive_that_can_be_set_has_its_test():
    honoured = {name for name, directive in DIRECTIVES.items() if directive.honoured and directive.mutable}
    assert TESTED | set(ELSEWHERE) == honoured
    assert not TESTED & set(ELSEWHERE)


@pytest.mark.parametrize("where", ELSEWHERE.values())
def test_a_test_in_another_file_is_there(where):
    file, name = where.split("::")
    assert f"def {name}(" in Path(__file__).with_name(file).read_text()

"""The port for metrics and probes: its text compared with the names of redis_exporter, and clients that misbehave."""

import asyncio
import concurrent.futures
import contextlib
import http.client
import json
import re
import socket
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

import pyredis
from pyredis.telemetry import http_port
from pyredis.telemetry.http_requests import MOST_HEAD, HttpError, parse_request, take_request
from support.client import encode_command, wait_until
from support.loop_turns import turn
from support.pages import run_python
from support.paths import ROOT
from support.programs import needs
from support.servers import Server, free_port

needs("prometheus_client", extra="metrics")

from prometheus_client.parser import text_string_to_metric_families  # noqa: E402

NAMES = ROOT / "tests" / "data" / "redis_exporter_names.txt"
BOARD = ROOT / "docs" / "grafana.json"

# What the exporter has and this server has not, by patterns of names, and why.
OPTIONAL = "the exporter exposes it only with an option that names keys, scripts or clients"
EXCEPTIONS = {
    "active_clients": "Redis 8",
    "active_time_*": "Redis 8",
    "acl_access_denied_db_total": "Valkey",
    "acl_access_denied_tls_cert_total": "Valkey",
    "aof_rewrite_buffer_length": "Redis 6",
    "backup_in_progress": "Redis 8",
    "bf_*": "modules",
    "cached_keys_total": "KeyDB",
    "client_biggest_input_buf": "Redis 4",
    "client_longest_output_list": "Redis 4",
    "client_processing_*": "Redis 8",
    "cluster_messages_*": "there is no cluster mode",
    "commandlog_*": "Valkey",
    "commands_slowlog_*": "Redis 8",
    "config_key_value": OPTIONAL,
    "config_value": OPTIONAL,
    "connected_client_*": "Redis 8",
    "connected_clients_details": OPTIONAL,
    "connected_slave_*": "there is no replication",
    "current_client_thread": "KeyDB",
    "db_keys_cached": "KeyDB",
    "eventloop_cycles_with_clients_processing_total": "Redis 8",
    "expired_fields_total": "Valkey",
    "expired_keys_with_volatile_items_stale_percentage": "Valkey",
    "exporter_*": "there is no exporter: Prometheus itself counts scrapes and times them",
    "hash_template*": "Redis 8",
    "json_*": "modules",
    "key_*": OPTIONAL,
    "keys_count": OPTIONAL,
    "last_key_groups_scrape_duration_milliseconds": OPTIONAL,
    "long_lock_waits_total": "KeyDB",
    "master_last_io_seconds_ago": "there is no replication",
    "master_link_up": "there is no replication",
    "master_sync_in_progress": "there is no replication",
    "mem_replicas_repl_buffer_bytes": "Redis 8",
    "memory_max_*reservation*": "a service of Azure",
    "memory_used_hash_templates_bytes": "Redis 8",
    "module_info": "modules",
    "number_of_distinct_key_groups": OPTIONAL,
    "rdb_current_size_bytes": "no snapshots are written",
    "replicas_repl_buffer_*": "Redis 8",
    "replicas_waiting_psync": "Valkey",
    "script_*": OPTIONAL,
    "scripting_engine*": "Valkey",
    "search_*": "modules",
    "sentinel_*": "there is no Sentinel mode",
    "server_threads_total": "KeyDB",
    "slave_info": "there is no replication",
    "slave_priority": "there is no replication",
    "slave_repl_offset": "there is no replication",
    "slowlog_commands_*": "Redis 8",
    "storage_provider_*": "KeyDB",
    "stream_*": OPTIONAL,
    "target_scrape_request_errors_total": "there is no exporter",
    "tile38_*": "Tile38",
    "tls_*": "Valkey",
}


def expected() -> dict[str, tuple[str, set[str]]]:
    """The exporter's metrics: kind and labels by name."""
    found = {}
    for line in NAMES.read_text(encoding="utf-8").splitlines()[1:]:
        name, kind, labels = line.split()
        found[name] = (kind, set(labels.split(",")) - {"-"})
    return found


def excepted(name: str) -> list[str]:
    return [pattern for pattern in EXCEPTIONS if fnmatchcase(name, pattern)]


@pytest.fixture
def watched(start_ours) -> Server:
    """A server whose every kind of metric has a value."""
    server = start_ours("--metrics-port", str(free_port()), "--latency-monitor-threshold", "1")
    with server.client() as client:
        client.must("CONFIG", "SET", "slowlog-log-slower-than", "0")
        client.must("SET", "k", "v", "EX", 100)
        client.must("GET", "k")
        client.must("HSET", "h", "f", 1)
        client.must("HEXPIRE", "h", 100, "FIELDS", 1, "f")
        client.must("DEBUG", "SLEEP", "0.01")
        client.call("LPUSH", "k", 1)
        client.call("GET")
    return server


def port_of(server: Server) -> int:
    return int(server.arguments[server.arguments.index("--metrics-port") + 1])


def get(port: int, path: str = "/metrics", method: str = "GET") -> tuple[http.client.HTTPResponse, bytes]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path)
        response = connection.getresponse()
        return response, response.read()


def scrape(port: int) -> dict[str, tuple[str, list]]:
    """The kind and the samples of each family, by the name in the text."""
    response, body = get(port)
    assert response.status == 200
    assert response.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    text = body.decode()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    helps = re.findall(r"^# HELP (\S+) \S.*$", text, re.M)
    assert helps == list(kinds)
    found = {}
    for family in text_string_to_metric_families(text):
        name = family.name if family.name in kinds else f"{family.name}_total"
        assert name not in found
        found[name] = (kinds[name], family.samples)
    assert set(found) == set(kinds)
    return found


def sample(families, name: str, **labels: str) -> float:
    (value,) = (s.value for _, samples in families.values() for s in samples if s.name == name and s.labels == labels)
    return value


# ---- the numbers ----


def test_a_scrape_has_the_exporters_names_kinds_and_labels(watched):
    families = scrape(port_of(watched))
    missing, differing = [], {}
    for name, (kind, labels) in expected().items():
        if excepted(name):
            continue
        if f"redis_{name}" not in families:
            missing.append(name)
            continue
        found, samples = families[f"redis_{name}"]
        # The library writes a counter only if its name ends in _total.
        wanted = "untyped" if kind == "counter" and not name.endswith("_total") else kind
        if found != wanted or {label for s in samples for label in s.labels} - {"le", "quantile"} != labels:
            differing[name] = (found, samples[0])
    assert (missing, differing) == ([], {})


def test_every_exception_is_one():
    names = expected()
    unused = [pattern for pattern in EXCEPTIONS if not any(fnmatchcase(name, pattern) for name in names)]
    assert unused == []
    assert all(len(excepted(name)) <= 1 for name in names)


def test_what_is_excepted_is_not_exposed(watched):
    exposed = [name.removeprefix("redis_") for name in scrape(port_of(watched))]
    assert [name for name in exposed if name in expected() and excepted(name)] == []


def test_a_scrape_has_the_numbers_of_info_and_changes_none(watched):
    first, second = scrape(port_of(watched)), scrape(port_of(watched))
    for name in ("redis_commands_processed_total", "redis_connections_received_total", "redis_net_output_bytes_total"):
        assert first[name] == second[name]
    assert sample(first, "redis_up") == 1
    assert sample(first, "redis_db_keys", db="db0") == 2
    assert sample(first, "redis_db_keys", db="db15") == 0
    assert sample(first, "redis_db_keys_with_expiring_items", db="db0") == 1
    assert sample(first, "redis_commands_total", cmd="get") == 1
    assert sample(first, "redis_commands_rejected_calls_total", cmd="get") == 1
    assert sample(first, "redis_commands_failed_calls_total", cmd="lpush") == 1
    assert sample(first, "redis_errors_total", err="WRONGTYPE") == 1
    assert sample(first, "redis_latency_spike_duration_seconds", event_name="command") >= 0.01
    assert sample(first, "redis_commands_latencies_usec_count", cmd="hset") == 1
    assert sample(first, "redis_commands_latencies_usec_bucket", cmd="hset", le="+Inf") == 1
    assert sample(first, "redis_latency_percentiles_usec", cmd="hset", quantile="99.9") > 0
    assert sample(first, "redis_latency_percentiles_usec_count", cmd="hset") == 1
    assert sample(first, "redis_slowlog_length") > 5
    assert (
        sample(first, "redis_config_client_output_buffer_limit_bytes", **{"class": "pubsub", "limit": "soft"})
        == 8 << 20
    )
    with watched.client() as client:
        port, run_id = (
            port_of(watched),
            dict(line.split(":", 1) for line in client.must("INFO", "server").decode().splitlines() if ":" in line)[
                "run_id"
            ],
        )
    (described,) = scrape(port)["redis_instance_info"][1]
    assert described.labels["run_id"] == run_id
    assert described.labels["tcp_port"] == str(watched.port)


def test_a_label_may_have_any_character(watched):
    with watched.client() as client:
        client.call("EVAL", r"return redis.error_reply('A\"\\B x')", 0)
    assert sample(scrape(port_of(watched)), "redis_errors_total", err='A"\\B') == 1


def test_every_metric_of_the_board_is_exposed(watched):
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    assert len(expressions) > 15
    samples = {s.name for _, samples in scrape(port_of(watched)).values() for s in samples}
    wanted = {name for expression in expressions for name in re.findall(r"\bredis_\w+", expression)}
    assert wanted - samples == set()
    queries = json.dumps(board["templating"])
    assert set(re.findall(r"\bredis_\w+", queries)) <= samples


# ---- probes ----


def test_probes_and_other_paths(watched):
    port = port_of(watched)
    for path, status, body in (
        ("/healthz", 200, b"ok\n"),
        ("/readyz", 200, b"ok\n"),
        ("/readyz?verbose=1", 200, b"ok\n"),
        ("/nosuch", 404, b"try /metrics\n"),
    ):
        response, found = get(port, path)
        assert (response.status, found) == (status, body)
    assert b"/readyz" in get(port, "/")[1]
    response, found = get(port, "/healthz", "HEAD")
    assert (response.status, found, response.getheader("Content-Length")) == (200, b"", "3")
    response, _ = get(port, "/healthz", "POST")
    assert (response.status, response.getheader("Allow")) == (405, "GET, HEAD")


@pytest.fixture
def inner():
    """A server in a thread of this process, whose parts a test may change, and its metrics port."""
    port = free_port()
    with pyredis.Server(metrics_port=port) as server:
        yield server, port


def test_a_server_is_not_ready_while_it_loads_or_cannot_write(inner, monkeypatch):
    server, port = inner
    monkeypatch.setattr(server._inner.persistence, "failure", "MISCONF no space", raising=False)
    assert (get(port, "/readyz")[0].status, get(port, "/readyz")[1]) == (503, b"writes are refused: MISCONF no space\n")
    monkeypatch.undo()
    server._with_server(lambda host: setattr(host.core, "loading", True))
    assert (get(port, "/readyz")[0].status, get(port, "/readyz")[1]) == (503, b"loading the data\n")
    assert get(port, "/healthz")[0].status == 200
    assert sample(scrape(port), "redis_loading_dump_file") == 1
    server._with_server(lambda host: setattr(host.core, "loading", False))
    assert get(port, "/readyz")[0].status == 200


def test_a_server_is_not_ready_during_a_long_script(start_ours):
    server = start_ours("--metrics-port", str(free_port()), "--busy-reply-threshold", "1")
    with server.client() as client, server.client() as other:
        client.send("EVAL", "while true do end", 0)
        wait_until(lambda: other.call("PING").raw.startswith(b"-BUSY"), "the script")
        response, body = get(port_of(server), "/readyz")
        assert (response.status, body) == (503, b"busy running a script\n")
        other.must("SCRIPT", "KILL")
        client.read()


# ---- the port and its start ----


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the list of sockets is Linux's")
def test_the_port_is_off_by_default_and_on_loopback(start_ours):
    port = free_port()
    server = start_ours("--metrics-port", str(port))
    with server.client() as client:
        assert client.must("CONFIG", "GET", "metrics-*") == [
            b"metrics-port",
            str(port).encode(),
            b"metrics-bind",
            b"127.0.0.1 -::1",
        ]
        assert client.call("CONFIG", "SET", "metrics-port", "0").raw.startswith(b"-ERR CONFIG SET failed")
    listening = {
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"
    }
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_a_port_in_use_stops_the_start(start_ours):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = start_ours("--metrics-port", str(taken.getsockname()[1]), "--port", str(free_port()), wait=False)
        assert server.wait_exit() == 1
    assert "Failed listening on metrics-port" in server.log()


@pytest.mark.parametrize(
    ("directive", "module", "extra"),
    [("metrics_port=7777", "prometheus_client", "metrics"), ("otel_metrics=True", "opentelemetry", "otel")],
)
def test_a_missing_library_is_named_with_its_extra(directive, module, extra):
    code = f"""
import sys, pyredis
sys.modules[{module!r}] = None
try:
    pyredis.Server({directive}).start()
except pyredis.StartError as error:
    print(error)
"""
    done = run_python(code)
    name = directive.partition("=")[0].replace("_", "-")
    told = f"{name} needs a library that is not installed: pip install 'pyredis-server[{extra}]'\n"
    assert (done.stdout, done.stderr) == (told, "")


def test_without_the_port_the_library_is_not_imported():
    code = "import sys, pyredis\nwith pyredis.Server(): pass\nprint(sorted(sys.modules))"
    done = run_python(code)
    assert done.returncode == 0
    assert "prometheus_client" not in done.stdout
    assert "pyredis.telemetry.http_port" not in done.stdout


def test_a_database_in_the_process_has_no_port():
    with pytest.raises(TypeError, match="metrics-port is for a server; a database in the process has metrics"):
        pyredis.open(metrics_port=free_port())


def test_the_port_closes_with_the_server(watched):
    port = port_of(watched)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as idle:
        wait_until(lambda: get(port, "/healthz")[0].status == 200, "the port")
        assert watched.stop() == 0
        with contextlib.suppress(ConnectionResetError):
            assert idle.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=60)


# ---- clients ----


class Raw:
    """A connection that sends what it likes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def rest(self) -> bytes:
        """Everything until the server closes."""
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while data := self.socket.recv(1 << 16):
                found += data
        return found

    def responses(self, count: int) -> list[tuple[int, bytes]]:
        file = self.socket.makefile("rb")
        found = []
        for _ in range(count):
            status = int(file.readline().split()[1])
            length = 0
            while (line := file.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            found.append((status, file.read(length)))
        return found


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def test_requests_follow_each_other_on_a_connection_and_may_be_pipelined(inner):
    _, port = inner
    with Raw(port) as client:
        for part in (HEALTH[:10], HEALTH[10:], HEALTH + b"\r\n" + HEALTH + HEALTH[:5], HEALTH[5:]):
            client.send(part)
        assert client.responses(4) == [(200, b"ok\n")] * 4
        client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + HEALTH)
        assert client.rest().count(b"HTTP/1.1 200 OK") == 1


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_client_that_has_sent_everything_gets_all_responses_and_the_end(loop):
    port = free_port()
    with pyredis.Server(metrics_port=port, loop=loop), Raw(port) as client:
        client.send(HEALTH * 3 + HEALTH[:9])
        client.socket.shutdown(socket.SHUT_WR)
        assert client.rest().count(b"HTTP/1.1 200 OK") == 3


def test_http_1_0_closes_unless_asked_not_to(inner):
    _, port = inner
    with Raw(port) as client:
        client.send(b"GET /healthz HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
        assert client.responses(1) == [(200, b"ok\n")]
        client.send(b"GET http://some.host/healthz HTTP/1.0\r\n\r\n")
        assert client.rest().endswith(b"\r\n\r\nok\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (encode_command("SET", "k", "v"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n", 400),
        (b"get /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz\r\n", 400),
        (b"GET /a b HTTP/1.1\r\n", 400),
        (b"GET /\x80 HTTP/1.1\r\n", 400),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello", 413),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
        (b"x" * MOST_HEAD, 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000, 431),
    ],
)
def test_garbage_gets_an_error_and_the_end(inner, request_, status):
    _, port = inner
    with Raw(port) as client:
        client.send(request_)
        found = client.rest()
    # Bytes that the server has not read may make the system drop the response.
    assert found.startswith(b"HTTP/1.1 %d " % status) or len(request_) > MOST_HEAD
    assert found.count(b"HTTP/1.1") <= 1
    assert get(port, "/healthz")[0].status == 200


def test_a_request_is_the_same_in_any_pieces():
    request = b"GET /metrics?x=1 HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n"
    buffer = bytearray()
    for byte in request[:-1]:
        buffer.append(byte)
        assert take_request(buffer) is None
    buffer.append(request[-1])
    assert take_request(buffer) == ("GET", "/metrics", True)
    assert buffer == b""
    with pytest.raises(HttpError):
        parse_request(b"")


PARTS = [
    b"GET /healthz HTTP/1.1",
    b"\r\n",
    b"\r\n\r\n",
    b"Host: x",
    b"Connection: close",
    b"A:",
    b":",
    b" ",
    b"\n",
    b"\x00",
]


@given(st.lists(st.sampled_from(PARTS) | st.binary(max_size=20), max_size=30), st.integers(1, 50))
def test_any_bytes_are_requests_or_an_error_in_any_pieces(parts, step):
    data = b"".join(parts)

    def taken(pieces: Iterable[bytes]) -> tuple[list, int]:
        buffer, found = bytearray(), []
        try:
            for piece in pieces:
                buffer += piece
                while (request := take_request(buffer)) is not None:
                    found.append(request)
        except HttpError as error:
            return found, error.status
        return found, 0

    whole, cut = taken([data]), taken(data[at : at + step] for at in range(0, len(data), step))
    assert whole == cut


def test_a_slow_request_ends(monkeypatch):
    monkeypatch.setattr(http_port, "REQUEST_SECONDS", 0.05)
    port = free_port()
    with pyredis.Server(metrics_port=port):
        with Raw(port) as silent, Raw(port) as slow:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                slow.send(b"GET /healthz HT")
            # On a slow machine the time may be up before anything arrives.
            assert slow.rest()[:13] in {b"HTTP/1.1 408 ", b""}
            assert silent.rest() == b""
        with Raw(port) as drip, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # Nothing that is sent before the request ends gives it more time.
            while True:
                drip.send(b"\r\n")
                drip.socket.settimeout(0.01)
                with contextlib.suppress(TimeoutError):
                    if not drip.socket.recv(100):
                        break


def test_an_idle_connection_ends(monkeypatch):
    monkeypatch.setattr(http_port, "IDLE_SECONDS", 0.05)
    port = free_port()
    with pyredis.Server(metrics_port=port), Raw(port) as idle:
        idle.send(HEALTH)
        assert idle.responses(1) == [(200, b"ok\n")]
        assert idle.rest() == b""


def test_a_request_whose_time_is_up_gets_an_error(inner):
    server, port = inner
    with Raw(port) as client:
        client.send(HEALTH + HEALTH[:20])
        assert client.responses(1) == [(200, b"ok\n")]
        wait_until(lambda: server._with_server(begun), "the second request")
        server._with_server(lambda host: [each._expired() for each in host.telemetry._port.connections])
        assert client.rest().startswith(b"HTTP/1.1 408 ")


def begun(host) -> bool:
    return any(len(connection._buffer) == 20 for connection in host.telemetry._port.connections)


def test_a_client_that_does_not_read_is_closed(monkeypatch):
    monkeypatch.setattr(http_port, "RESPONSE_SECONDS", 0.05)
    port = free_port()
    with pyredis.Server(metrics_port=port) as server:
        with Raw(port) as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(10_000):
                    client.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_until(lambda: not connections(server), "the end of the connection")
        assert get(port, "/healthz")[0].status == 200


def connections(server) -> int:
    return server._with_server(lambda host: len(host.telemetry._port.connections))


def test_connections_that_do_nothing_make_room_for_others(inner):
    server, port = inner
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(Raw(port)) for _ in range(30 * http_port.MOST_CONNECTIONS)]
        for client in held:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.send(HEALTH[:20])
        assert get(port, "/healthz")[0].status == 200
        assert connections(server) <= http_port.MOST_CONNECTIONS
        assert held[0].rest() == b""


def test_scrapes_at_once_share_a_page_and_clients_are_served_meanwhile(inner):
    server, port = inner
    with redis.Redis.from_url(server.url) as client, concurrent.futures.ThreadPoolExecutor(8) as threads:
        pages = [threads.submit(get, port) for _ in range(40)]
        while not all(page.done() for page in pages):
            client.incr("n")
    assert all(page.result()[0].status == 200 for page in pages)


def test_other_callbacks_run_between_the_slices_of_a_page(monkeypatch):
    """With slices of no length, every piece ends one."""
    from pyredis.telemetry import exposition
    from pyredis.telemetry.families import COUNTER, Family, Sample

    monkeypatch.setattr(exposition, "SLICE", -1.0)
    samples = [Sample("", (("cmd", str(number)),), number) for number in range(10 * exposition.PIECE)]
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await turn()

    async def main() -> bytes:
        counting = asyncio.create_task(count())
        texts: list[bytes] = []
        family = Family("redis_commands_total", COUNTER, "x", samples)
        await exposition.in_slices(exposition.Exposition().steps([family], texts))
        counting.cancel()
        return b"".join(texts)

    page = asyncio.run(main())
    assert turns >= 10
    assert page.count(b"# TYPE") == 1
    assert page.count(b"redis_commands_total{") == len(samples)


def test_a_failure_is_logged_and_answered(inner, monkeypatch, caplog):
    _, port = inner
    monkeypatch.setattr(http_port, "steps", lambda server, families: 1 / 0)
    assert get(port)[0].status == 500
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    assert get(port)[0].status == 200


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_both_loops_serve_the_port(start_ours, loop):
    server = start_ours("--metrics-port", str(free_port()), "--loop", loop)
    assert sample(scrape(port_of(server)), "redis_up") == 1

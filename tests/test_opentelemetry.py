"""The export by OpenTelemetry: the same numbers under the same names, read in the loop's thread."""

import http.server
import re
import threading

import pytest
import redis

import pyredis
from pyredis.telemetry import opentelemetry_export
from pyredis.telemetry.families import written
from support.client import wait_until
from support.programs import needs

needs("opentelemetry.sdk.metrics", "opentelemetry.exporter.otlp.proto.http", extra="otel")

from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: E402


@pytest.fixture
def exported(monkeypatch):
    """A server that exports, a client of it, and the reader that collects."""
    reader = InMemoryMetricReader()
    monkeypatch.setattr(opentelemetry_export, "otlp_reader", lambda: reader)
    with pyredis.Server(otel_metrics=True) as server, redis.Redis.from_url(server.url) as client:
        yield server, client, reader


def collected(reader) -> dict[str, float]:
    """The values by name and labels, as `Server.metrics` has them."""
    (resource,) = reader.get_metrics_data().resource_metrics
    return {
        metric.name + written(tuple(point.attributes.items())): point.value
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }


def test_the_numbers_are_those_of_the_metrics(exported):
    server, client, reader = exported
    client.set("k", "v", ex=100)
    client.get("none")
    found, expected = collected(reader), server.metrics()
    assert found["redis_db_keys_expiring" + '{db="db0"}'] == 1
    assert found["redis_keyspace_misses_total"] == 1
    assert found['redis_commands_total{cmd="set"}'] == 1
    assert found['redis_latency_percentiles_usec{cmd="set",quantile="99"}'] > 0
    names = {name.partition("{")[0] for name in expected}
    without = {name for name in names if name.startswith(("redis_commands_latencies", "redis_latency_percentiles"))}
    assert {name.partition("{")[0] for name in found} - without == names - without


def test_each_collection_reads_again(exported):
    _, client, reader = exported
    assert collected(reader)["redis_db_keys" + '{db="db0"}'] == 0
    client.set("k", "v")
    assert collected(reader)["redis_db_keys" + '{db="db0"}'] == 1


def test_counters_are_monotonic_sums_and_others_are_gauges(exported):
    _, _, reader = exported
    (resource,) = reader.get_metrics_data().resource_metrics
    metrics = {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}
    assert metrics["redis_commands_processed_total"].data.is_monotonic
    assert not hasattr(metrics["redis_connected_clients"].data, "is_monotonic")
    assert metrics["redis_commands_processed_total"].description == "The field total_commands_processed of INFO."
    assert resource.resource.attributes["service.name"] == "pyredis-server"


def test_the_environment_names_the_service(monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "cache")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment=here")
    with pyredis.Server() as server:
        attributes = server._with_server(opentelemetry_export.resource).attributes
        run_id = server.info("server")["run_id"]
    assert (attributes["service.name"], attributes["deployment"]) == ("cache", "here")
    assert attributes["service.instance.id"] == run_id


def test_a_loop_that_is_busy_or_gone_does_not_hold_the_reader(exported, monkeypatch):
    server, _, reader = exported
    monkeypatch.setattr(opentelemetry_export, "READ_SECONDS", 0.05)
    go = threading.Event()
    server._loop.call_soon_threadsafe(go.wait)
    assert reader.get_metrics_data() is None
    go.set()
    monkeypatch.undo()
    assert collected(reader)["redis_up"] == 1


def test_the_last_numbers_are_exported_when_the_server_ends(monkeypatch):
    """Over OTLP, to a collector that only counts what it gets."""
    received = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        monkeypatch.setattr(opentelemetry_export, "FINISH_SECONDS", 60)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        with pyredis.Server(otel_metrics=True) as server, redis.Redis.from_url(server.url) as client:
            client.set("k", "v")
        collector.shutdown()
    (path, body) = received[-1]
    assert path == "/v1/metrics"
    assert b"redis_commands_processed_total" in body


def test_the_messages_of_the_sdk_are_lines_of_the_log(start_ours):
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_METRIC_EXPORT_INTERVAL": "100"}
    server = start_ours("--otel-metrics", "yes", environment=environment)
    wait_until(lambda: "OpenTelemetry: " in server.log(), "a failed export")
    assert server.stop() == 0
    assert all(re.match(r"\d+:[MC] ", line) for line in server.log().splitlines())


def test_a_collector_that_is_not_there_delays_the_end_little(monkeypatch):
    monkeypatch.setattr(opentelemetry_export, "FINISH_SECONDS", 0.05)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    with pyredis.Server(otel_metrics=True) as server:
        assert server.running
    assert not server.running

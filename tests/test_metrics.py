"""A server's numbers as metrics, by the names of the Prometheus exporter, with its labels."""

import re

import pytest
import redis

import pyredis
from pyredis.telemetry.families import Families, flat
from pyredis.telemetry.readings import add_command, parse_info

NAME = re.compile(r'redis_[a-z0-9_]+(?:\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="[^"]*")*\})?')


def metrics_of(info):
    families = Families()
    families.add_info(info)
    return flat(families.values())


@pytest.fixture
def server():
    with pyredis.Server() as running:
        yield running


def test_metrics_are_numbers_with_the_names_of_the_exporter(server):
    with redis.Redis.from_url(server.url) as client:
        client.set("key", "value", ex=100)
        client.set("other", "value")
        client.get("key")
        client.get("none")
        with pytest.raises(redis.ResponseError):
            client.lpush("key", 1)
        client.select(3)
        client.set("third", 1)
        found = server.metrics()
    assert all(type(value) in (int, float) for value in found.values())
    assert all(NAME.fullmatch(name) for name in found)
    expected = {
        "redis_up": 1,
        "redis_connected_clients": 1,
        "redis_connections_received_total": 1,
        "redis_keyspace_hits_total": 1,
        "redis_keyspace_misses_total": 1,
        "redis_memory_max_bytes": 0,
        "redis_aof_last_write_status": 1,
        'redis_commands_total{cmd="get"}': 2,
        'redis_commands_failed_calls_total{cmd="lpush"}': 1,
        'redis_commands_rejected_calls_total{cmd="get"}': 0,
        'redis_errors_total{err="WRONGTYPE"}': 1,
        'redis_db_keys{db="db0"}': 2,
        'redis_db_keys{db="db3"}': 1,
        'redis_db_keys_expiring{db="db0"}': 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert 0 < found['redis_commands_duration_seconds_total{cmd="get"}'] < 100
    assert found["redis_memory_used_bytes"] > 0
    assert 'redis_latency_percentiles_usec{cmd="get",quantile="99"}' in found


def test_no_number_of_info_is_lost_and_none_is_there_twice(server):
    with redis.Redis.from_url(server.url) as client:
        client.get("key")
        info = server.info("everything")
    plain = [field for field, value in info.items() if isinstance(value, int | float)]
    assert len(metrics_of({field: info[field] for field in plain})) > len(plain) - 12
    groups = {"cmdstat", "latency"}
    names = [name for field in info if field.split("_")[0] not in groups for name in metrics_of({field: info[field]})]
    assert len(names) == len(set(names))


def test_identifiers_and_texts_are_no_metrics():
    fields = "redis_git_sha1:00000000\nmaster_replid2:0000\ntcp_port:6379\nused_memory_human:1.00M\nrole:master"
    assert metrics_of(parse_info(fields)) == {}


def test_units_are_those_of_the_names():
    fields = "db0:keys=1,expires=1,avg_ttl=2500,subexpiry=3\nserver_time_usec:1500000"
    assert metrics_of(parse_info(fields)) == {
        'redis_db_keys{db="db0"}': 1,
        'redis_db_keys_expiring{db="db0"}': 1,
        'redis_db_avg_ttl_seconds{db="db0"}': 2.5,
        'redis_db_keys_with_expiring_items{db="db0"}': 3,
        "redis_server_time_seconds": 1.5,
    }


def test_the_numbers_of_a_command_are_those_of_info():
    families = Families()
    add_command(families, ("get", 4, 45.0, 1, 2, [(512, 1024, 1), (2048, 4096, 3)]), (50.0, 99.9))
    assert flat(families.values()) == {
        'redis_commands_total{cmd="get"}': 4,
        'redis_commands_duration_seconds_total{cmd="get"}': 4.5e-05,
        'redis_commands_rejected_calls_total{cmd="get"}': 1,
        'redis_commands_failed_calls_total{cmd="get"}': 2,
        'redis_commands_latencies_usec_bucket{cmd="get",le="1"}': 1,
        'redis_commands_latencies_usec_bucket{cmd="get",le="4"}': 4,
        'redis_commands_latencies_usec_bucket{cmd="get",le="+Inf"}': 4,
        'redis_commands_latencies_usec_count{cmd="get"}': 4,
        'redis_commands_latencies_usec_sum{cmd="get"}': 45.0,
        'redis_latency_percentiles_usec{cmd="get",quantile="50"}': 2.731,
        'redis_latency_percentiles_usec{cmd="get",quantile="99.9"}': 4.093,
        'redis_latency_percentiles_usec_sum{cmd="get"}': 45.0,
        'redis_latency_percentiles_usec_count{cmd="get"}': 4,
    }


def test_a_code_that_a_script_has_made_up_is_escaped(server):
    with redis.Redis.from_url(server.url) as client, pytest.raises(redis.ResponseError):
        client.eval('return redis.error_reply([[QUOTE" text]])', 0)
    assert server.metrics()[r'redis_errors_total{err="QUOTE\""}'] == 1

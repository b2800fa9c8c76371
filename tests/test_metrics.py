"""A server's numbers as metrics: INFO's, by the names of the Prometheus exporter, with its labels."""

import re

import pytest
import redis

import pyredis
from pyredis.embedded.metrics import metrics_of
from pyredis.embedded.options import parse_info

NAME = re.compile(r'redis_[a-z0-9_]+(?:\{[a-z]+="(?:[^"\\\n]|\\.)*"(?:,[a-z]+="[^"]*")*\})?')


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
    assert 'redis_latency_percentiles_usec{cmd="get",quantile="0.99"}' in found


def test_no_number_of_info_is_lost_and_none_is_there_twice(server):
    with redis.Redis.from_url(server.url) as client:
        client.get("key")
        info = server.info("everything")
    plain = [field for field, value in info.items() if isinstance(value, int | float)]
    assert len(metrics_of({field: info[field] for field in plain})) > len(plain) - 12
    names = [name for field in info for name in metrics_of({field: info[field]})]
    assert len([name for name in names if name != "redis_up"]) == len(set(names)) - 1


def test_identifiers_and_texts_are_no_metrics():
    fields = "redis_git_sha1:00000000\nmaster_replid2:0000\ntcp_port:6379\nused_memory_human:1.00M\nrole:master"
    assert metrics_of(parse_info(fields)) == {"redis_up": 1}


def test_units_are_those_of_the_names():
    fields = (
        "cmdstat_get:calls=4,usec=45,usec_per_call=11.25\ndb0:keys=1,expires=1,avg_ttl=2500\nserver_time_usec:1500000"
    )
    assert metrics_of(parse_info(fields)) == {
        "redis_up": 1,
        'redis_commands_total{cmd="get"}': 4,
        'redis_commands_duration_seconds_total{cmd="get"}': 4.5e-05,
        'redis_db_keys{db="db0"}': 1,
        'redis_db_keys_expiring{db="db0"}': 1,
        'redis_db_avg_ttl_seconds{db="db0"}': 2.5,
        "redis_server_time_seconds": 1.5,
    }


def test_a_code_that_a_script_has_made_up_is_escaped(server):
    with redis.Redis.from_url(server.url) as client, pytest.raises(redis.ResponseError):
        client.eval('return redis.error_reply([[QUOTE" text]])', 0)
    assert server.metrics()[r'redis_errors_total{err="QUOTE\""}'] == 1

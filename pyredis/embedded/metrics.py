"""The numbers of INFO as metrics: a dict from names, with labels where there are several, to int or float.

The names are those of the Prometheus exporter for Redis where it has one, otherwise ``redis_`` and the field of INFO:

    redis_connected_clients                         3
    redis_memory_used_bytes                         1048576
    redis_commands_total{cmd="get"}                 12
    redis_commands_duration_seconds_total{cmd="get"}  0.0000021
    redis_db_keys{db="db0"}                         40

Written one to a line, they are in Prometheus's text format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Number = int | float

# The exporter's names, by the fields of INFO.
NAMES = {
    "acl_access_denied_auth": "acl_access_denied_auth_total",
    "aof_base_size": "aof_base_size_bytes",
    "aof_current_rewrite_time_sec": "aof_current_rewrite_duration_sec",
    "aof_current_size": "aof_current_size_bytes",
    "aof_last_rewrite_time_sec": "aof_last_rewrite_duration_sec",
    "client_recent_max_input_buffer": "client_recent_max_input_buffer_bytes",
    "client_recent_max_output_buffer": "client_recent_max_output_buffer_bytes",
    "evicted_keys": "evicted_keys_total",
    "expire_cycle_cpu_milliseconds": "expire_cycle_cpu_time_ms_total",
    "expired_keys": "expired_keys_total",
    "expired_stale_perc": "expired_stale_percentage",
    "expired_subkeys": "expired_subkeys_total",
    "expired_time_cap_reached_count": "expired_time_cap_reached_total",
    "keyspace_hits": "keyspace_hits_total",
    "keyspace_misses": "keyspace_misses_total",
    "latest_fork_usec": "latest_fork_seconds",
    "lazyfreed_objects": "lazyfreed_objects_total",
    "loading": "loading_dump_file",
    "maxclients": "max_clients",
    "maxmemory": "memory_max_bytes",
    "rdb_last_save_time": "rdb_last_save_timestamp_seconds",
    "rejected_connections": "rejected_connections_total",
    "server_time_usec": "server_time_seconds",
    "total_commands_processed": "commands_processed_total",
    "total_connections_received": "connections_received_total",
    "total_net_input_bytes": "net_input_bytes_total",
    "total_net_output_bytes": "net_output_bytes_total",
    "total_system_memory": "total_system_memory_bytes",
    "used_cpu_sys": "cpu_sys_seconds_total",
    "used_cpu_sys_children": "cpu_sys_children_seconds_total",
    "used_cpu_sys_main_thread": "cpu_sys_main_thread_seconds_total",
    "used_cpu_user": "cpu_user_seconds_total",
    "used_cpu_user_children": "cpu_user_children_seconds_total",
    "used_cpu_user_main_thread": "cpu_user_main_thread_seconds_total",
    "used_memory": "memory_used_bytes",
    "used_memory_dataset": "memory_used_dataset_bytes",
    "used_memory_lua": "memory_used_lua_bytes",
    "used_memory_overhead": "memory_used_overhead_bytes",
    "used_memory_peak": "memory_used_peak_bytes",
    "used_memory_rss": "memory_used_rss_bytes",
    "used_memory_startup": "memory_used_startup_bytes",
}
# Fields that are numbers in microseconds, where the metric is in seconds.
MICROSECONDS = ("latest_fork_usec", "server_time_usec")
# Fields that look like numbers, or may do so, and measure nothing.
NO_MEASURES = (
    *("arch_bits", "lru_clock", "master_replid", "master_replid2", "process_id", "rdb_last_bgsave_time_sec"),
    *("redis_build_id", "redis_git_dirty", "redis_git_sha1", "run_id", "tcp_port"),
)
# Statuses: 1 for ok, 0 for err.
STATUSES = ("aof_last_bgrewrite_status", "aof_last_write_status", "rdb_last_bgsave_status")
# Of each command, and of each database: the name of a metric by the field, and the divisor to its unit.
COMMANDS = {
    "calls": ("commands_total", 1),
    "usec": ("commands_duration_seconds_total", 1e6),
    "rejected_calls": ("commands_rejected_calls_total", 1),
    "failed_calls": ("commands_failed_calls_total", 1),
}
DATABASES = {
    "keys": ("db_keys", 1),
    "expires": ("db_keys_expiring", 1),
    "avg_ttl": ("db_avg_ttl_seconds", 1e3),
    "subexpiry": ("db_subexpiry", 1),
}


def metrics_of(info: Mapping[str, Any]) -> dict[str, Number]:
    """Returns the metrics for the fields of INFO EVERYTHING (`pyredis.embedded.options.parse_info`)."""
    found: dict[str, Number] = {"redis_up": 1}
    for field, value in info.items():
        found.update(metrics_of_field(field, value))
    return found


def metrics_of_field(field: str, value: Any) -> Iterator[tuple[str, Number]]:
    if isinstance(value, dict):
        yield from labelled(field, value)
    elif field in STATUSES:
        yield f"redis_{field}", int(value == "ok")
    elif isinstance(value, int | float) and field not in NO_MEASURES:
        yield f"redis_{NAMES.get(field, field)}", value / 1e6 if field in MICROSECONDS else value


def labelled(field: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Number]]:
    kind, _, name = field.partition("_")
    if kind == "cmdstat":
        yield from measures(COMMANDS, values, f'cmd="{name}"')
    elif kind == "errorstat":
        yield f'redis_errors_total{{err="{escaped(name)}"}}', values["count"]
    elif kind.removeprefix("db").isdecimal():
        yield from measures(DATABASES, values, f'db="{kind}"')
    elif field.startswith("latency_percentiles_usec_"):
        command = field.removeprefix("latency_percentiles_usec_")
        for percentile, microseconds in values.items():
            quantile = float(percentile.removeprefix("p")) / 100
            label = f'cmd="{command}",quantile="{quantile:g}"'
            yield f"redis_latency_percentiles_usec{{{label}}}", microseconds


def measures(
    names: Mapping[str, tuple[str, float]], values: Mapping[str, Any], label: str
) -> Iterator[tuple[str, Number]]:
    for field, (name, divisor) in names.items():
        if field in values:
            yield f"redis_{name}{{{label}}}", values[field] / divisor if divisor != 1 else values[field]


def escaped(text: str) -> str:
    """Returns a value of a label; an error's code may be anything that a script has made up."""
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

"""Metric families: the numbers of INFO, by the names, labels and units of redis_exporter, the Prometheus exporter.

    redis_connected_clients                           3
    redis_memory_used_bytes                           1048576
    redis_commands_total{cmd="get"}                   12
    redis_commands_duration_seconds_total{cmd="get"}  0.0000021
    redis_db_keys{db="db0"}                           40

A field for which the exporter has no name is ``redis_`` and the field. `flat` returns lines as above, with the value as
an int or float.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Number = int | float
Labels = tuple[tuple[str, str], ...]

COUNTER, GAUGE, HISTOGRAM, SUMMARY = "counter", "gauge", "histogram", "summary"

# Fields of INFO that only grow, and the exporter's names.
COUNTERS = {
    "acl_access_denied_auth": "acl_access_denied_auth_total",
    "acl_access_denied_channel": "acl_access_denied_channel_total",
    "acl_access_denied_cmd": "acl_access_denied_cmd_total",
    "acl_access_denied_key": "acl_access_denied_key_total",
    "client_output_buffer_limit_disconnections": "client_output_buffer_limit_disconnections_total",
    "client_query_buffer_limit_disconnections": "client_query_buffer_limit_disconnections_total",
    "dump_payload_sanitizations": "dump_payload_sanitizations",
    "eventloop_cycles": "eventloop_cycles_total",
    "eventloop_duration_cmd_sum": "eventloop_duration_cmd_sum_usec_total",
    "eventloop_duration_sum": "eventloop_duration_sum_usec_total",
    "evicted_clients": "evicted_clients_total",
    "evicted_keys": "evicted_keys_total",
    "evicted_scripts": "evicted_scripts_total",
    "expire_cycle_cpu_milliseconds": "expire_cycle_cpu_time_ms_total",
    "expired_keys": "expired_keys_total",
    "expired_subkeys": "expired_subkeys_total",
    "expired_time_cap_reached_count": "expired_time_cap_reached_total",
    "io_threaded_reads_processed": "io_threaded_reads_processed",
    "io_threaded_writes_processed": "io_threaded_writes_processed",
    "keyspace_hits": "keyspace_hits_total",
    "keyspace_misses": "keyspace_misses_total",
    "rejected_connections": "rejected_connections_total",
    "reply_buffer_expands": "reply_buffer_expands_total",
    "reply_buffer_shrinks": "reply_buffer_shrinks_total",
    "total_commands_processed": "commands_processed_total",
    "total_connections_received": "connections_received_total",
    "total_error_replies": "total_error_replies",
    "total_eviction_exceeded_time": "eviction_exceeded_time_ms_total",
    "total_net_input_bytes": "net_input_bytes_total",
    "total_net_output_bytes": "net_output_bytes_total",
    "total_net_repl_input_bytes": "net_repl_input_bytes_total",
    "total_net_repl_output_bytes": "net_repl_output_bytes_total",
    "total_reads_processed": "total_reads_processed",
    "total_writes_processed": "total_writes_processed",
    "unexpected_error_replies": "unexpected_error_replies",
    "used_cpu_sys": "cpu_sys_seconds_total",
    "used_cpu_sys_children": "cpu_sys_children_seconds_total",
    "used_cpu_sys_main_thread": "cpu_sys_main_thread_seconds_total",
    "used_cpu_user": "cpu_user_seconds_total",
    "used_cpu_user_children": "cpu_user_children_seconds_total",
    "used_cpu_user_main_thread": "cpu_user_main_thread_seconds_total",
}
# Other fields whose name in the exporter differs. It calls some gauges that only grow, and their names end in _total.
GAUGES = {
    "active_defrag_hits": "defrag_hits",
    "active_defrag_key_hits": "defrag_key_hits",
    "active_defrag_key_misses": "defrag_key_misses",
    "active_defrag_misses": "defrag_misses",
    "allocator_active": "allocator_active_bytes",
    "allocator_allocated": "allocator_allocated_bytes",
    "allocator_muzzy": "allocator_muzzy_bytes",
    "allocator_resident": "allocator_resident_bytes",
    "aof_base_size": "aof_base_size_bytes",
    "aof_current_rewrite_time_sec": "aof_current_rewrite_duration_sec",
    "aof_current_size": "aof_current_size_bytes",
    "aof_last_cow_size": "aof_last_cow_size_bytes",
    "aof_last_rewrite_time_sec": "aof_last_rewrite_duration_sec",
    "client_recent_max_input_buffer": "client_recent_max_input_buffer_bytes",
    "client_recent_max_output_buffer": "client_recent_max_output_buffer_bytes",
    "current_eviction_exceeded_time": "current_eviction_exceeded_time_ms",
    "expired_stale_perc": "expired_stale_percentage",
    "latest_fork_usec": "latest_fork_seconds",
    "loading": "loading_dump_file",
    "maxclients": "max_clients",
    "maxmemory": "memory_max_bytes",
    "mem_aof_buffer": "mem_aof_buffer_bytes",
    "mem_cluster_links": "mem_cluster_links_bytes",
    "mem_not_counted_for_evict": "mem_not_counted_for_eviction_bytes",
    "mem_overhead_db_hashtable_rehashing": "mem_overhead_db_hashtable_rehashing_bytes",
    "mem_replication_backlog": "mem_replication_backlog_bytes",
    "mem_total_replication_buffers": "mem_total_replication_buffers_bytes",
    "migrate_cached_sockets": "migrate_cached_sockets_total",
    "rdb_current_bgsave_time_sec": "rdb_current_bgsave_duration_sec",
    "rdb_last_bgsave_time_sec": "rdb_last_bgsave_duration_sec",
    "rdb_last_cow_size": "rdb_last_cow_size_bytes",
    "rdb_last_load_keys_expired": "rdb_last_load_expired_keys",
    "rdb_last_load_keys_loaded": "rdb_last_load_loaded_keys",
    "rdb_last_save_time": "rdb_last_save_timestamp_seconds",
    "rdb_saves": "rdb_saves_total",
    "repl_backlog_active": "repl_backlog_is_active",
    "repl_backlog_histlen": "repl_backlog_history_bytes",
    "repl_backlog_size": "replication_backlog_bytes",
    "server_time_usec": "server_time_seconds",
    "sync_full": "replica_resyncs_full",
    "sync_partial_err": "replica_partial_resync_denied",
    "sync_partial_ok": "replica_partial_resync_accepted",
    "total_system_memory": "total_system_memory_bytes",
    "used_memory": "memory_used_bytes",
    "used_memory_dataset": "memory_used_dataset_bytes",
    "used_memory_functions": "memory_used_functions_bytes",
    "used_memory_lua": "memory_used_lua_bytes",
    "used_memory_overhead": "memory_used_overhead_bytes",
    "used_memory_peak": "memory_used_peak_bytes",
    "used_memory_rss": "memory_used_rss_bytes",
    "used_memory_scripts": "memory_used_scripts_bytes",
    "used_memory_scripts_eval": "memory_used_scripts_eval_bytes",
    "used_memory_startup": "memory_used_startup_bytes",
    "used_memory_vm_eval": "memory_used_vm_eval_bytes",
    "used_memory_vm_functions": "memory_used_vm_functions_bytes",
    "used_memory_vm_total": "memory_used_vm_total",
}
NAMES = COUNTERS | GAUGES
# Fields in microseconds whose metric is in seconds.
MICROSECONDS = ("latest_fork_usec", "server_time_usec")
# Fields that look like numbers, or may do so, and measure nothing.
NO_MEASURES = (
    *("arch_bits", "lru_clock", "master_replid", "master_replid2", "redis_build_id", "redis_git_dirty"),
    *("redis_git_sha1", "run_id", "tcp_port"),
)
# Statuses: 1 for ok, 0 for err.
STATUSES = ("aof_last_bgrewrite_status", "aof_last_write_status", "rdb_last_bgsave_status")

# Families that are not a single field: kind and description.
OTHERS = {
    "up": (GAUGE, "Whether the server replies: always 1."),
    "start_time_seconds": (GAUGE, "When the server was started, in Unix seconds."),
    "instance_info": (GAUGE, "Always 1; the labels describe the server."),
    "commands_total": (COUNTER, "Calls of each command."),
    "commands_duration_seconds_total": (COUNTER, "Time spent in each command."),
    "commands_rejected_calls_total": (COUNTER, "Calls of each command that were refused before they ran."),
    "commands_failed_calls_total": (COUNTER, "Calls of each command that ran and ended with an error."),
    "commands_latencies_usec": (HISTOGRAM, "Durations of the calls of each command, in microseconds."),
    "latency_percentiles_usec": (SUMMARY, "Percentiles, not quantiles, of the durations of each command."),
    "latency_spike_last": (GAUGE, "When the latest spike of each event of the latency monitor was, in Unix seconds."),
    "latency_spike_duration_seconds": (GAUGE, "Duration of the latest spike of each event of the latency monitor."),
    "errors_total": (COUNTER, "Error replies by their first word."),
    "db_keys": (GAUGE, "Keys of each database."),
    "db_keys_expiring": (GAUGE, "Keys of each database that have an expiry."),
    "db_keys_with_expiring_items": (GAUGE, "Hashes of each database that have fields with an expiry."),
    "db_avg_ttl_seconds": (GAUGE, "Mean remaining lifetime of the keys of each database that have an expiry."),
    "slowlog_length": (GAUGE, "Entries of the slow log."),
    "slowlog_last_id": (GAUGE, "Number of the newest entry of the slow log."),
    "last_slow_execution_duration_seconds": (GAUGE, "Duration of the newest entry of the slow log."),
    "config_io_threads": (GAUGE, "The directive io-threads."),
    "config_maxclients": (GAUGE, "The directive maxclients."),
    "config_maxmemory": (GAUGE, "The directive maxmemory, in bytes."),
    "config_repl_backlog_size": (GAUGE, "The directive repl-backlog-size, in bytes."),
    "config_client_output_buffer_limit_bytes": (GAUGE, "Unsent replies at which clients of a class are closed."),
    "config_client_output_buffer_limit_overcome_seconds": (
        GAUGE,
        "How long a class may exceed its soft limit.",
    ),
}
# Of each database: the name of a family by the field, and the divisor to its unit.
DATABASES = {
    "keys": ("db_keys", 1),
    "expires": ("db_keys_expiring", 1),
    "avg_ttl": ("db_avg_ttl_seconds", 1e3),
    "subexpiry": ("db_keys_with_expiring_items", 1),
}


class Sample(NamedTuple):
    """One value of a family; ``suffix`` is appended to the name: ``_bucket``, ``_sum`` or ``_count``."""

    suffix: str
    labels: Labels
    value: Number


class Family(NamedTuple):
    """A metric with all its samples. ``kind`` is counter, gauge, histogram or summary."""

    name: str
    kind: str
    about: str
    samples: list[Sample]


class Families(dict[str, Family]):
    """Families by name, in the order in which they were begun."""

    def add(self, name: str, value: Number, labels: Labels = (), suffix: str = "", field: str = "") -> None:
        """Adds a sample. ``name`` is in `OTHERS`, or the value is that of ``field`` of INFO."""
        family = self.get(name)
        if family is None:
            family = self[name] = described(name, field)
        family.samples.append(Sample(suffix, labels, value))

    def add_info(self, info: Mapping[str, Any]) -> None:
        """Adds the numbers of INFO's fields, which are as `pyredis.telemetry.readings.parse_info` returns them."""
        for field, value in info.items():
            if isinstance(value, dict):
                self._add_group(field, value)
            elif field in STATUSES:
                self.add(field, int(value == "ok"), field=field)
            elif isinstance(value, int | float) and field not in NO_MEASURES:
                self.add(NAMES.get(field, field), value / 1e6 if field in MICROSECONDS else value, field=field)

    def _add_group(self, group: str, values: Mapping[str, Any]) -> None:
        kind, _, name = group.partition("_")
        if kind == "errorstat":
            self.add("errors_total", values["count"], (("err", name),))
        elif kind.removeprefix("db").isdecimal():
            for field, (family, divisor) in DATABASES.items():
                self.add(family, values[field] / divisor if divisor != 1 else values[field], (("db", kind),))


def described(name: str, field: str = "") -> Family:
    """Returns a family without samples."""
    kind, about = OTHERS.get(name, (COUNTER if field in COUNTERS else GAUGE, f"The field {field} of INFO."))
    return Family(f"redis_{name}", kind, about, [])


def flat(families: Iterable[Family]) -> dict[str, Number]:
    """Returns the values by name and labels, written as in Prometheus's text format."""
    return {
        f"{family.name}{sample.suffix}{written(sample.labels)}": sample.value
        for family in families
        for sample in family.samples
    }


def written(labels: Labels) -> str:
    """Returns labels in braces, or nothing if there are none."""
    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in labels) + "}" if labels else ""


def escaped(text: str) -> str:
    """Returns a label's value; an error's code may be anything that a script has made up."""
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

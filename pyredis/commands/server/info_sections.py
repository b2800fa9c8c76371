"""The sections of INFO: one function each, which takes the requesting client and returns the fields in Redis's order.

Every value is true. Features of Redis that this server lacks (replicas, threads for sockets, …) are reported as none
or 0.
"""

import os
import sys
import time

from pyredis._version import REDIS_VERSION, VERSION
from pyredis.commands.server import facts_native
from pyredis.commands.server.digest import sha1_of
from pyredis.commands.server.latency import percentile
from pyredis.commands.server.memory_command import measure
from pyredis.ground.process_usage import machine_memory, processor_seconds
from pyredis.lua.script_facts import forgotten_scripts, function_memory, script_memory

LRU_CLOCK_MASK = (1 << 24) - 1
DAY = 86400
BUILD_ID = sha1_of(f"{VERSION} {REDIS_VERSION} {facts_native.compiler}".encode())[:16]


def human(size: int) -> str:
    """Formats a number of bytes for people: ``1.50M``."""
    if size < 1024:
        return f"{size}B"
    for power, unit in enumerate("KMGTP", 1):
        if size < 1024 ** (power + 1) or unit == "P":
            return f"{size / 1024**power:.2f}{unit}"
    raise AssertionError


def server(client):
    host, config = client.host, client.host.config
    uptime = int(time.monotonic() - host.started_monotonic)
    now_us = time.time_ns() // 1000
    system = os.uname()
    return {
        "redis_version": REDIS_VERSION,
        "redis_git_sha1": "00000000",
        "redis_git_dirty": 0,
        "redis_build_id": BUILD_ID,
        "redis_mode": "standalone",
        "pyredis_version": VERSION,
        "os": f"{system.sysname} {system.release} {system.machine}",
        "arch_bits": 64 if sys.maxsize > 1 << 32 else 32,
        "monotonic_clock": "POSIX clock_gettime",
        "multiplexing_api": "kqueue" if sys.platform == "darwin" else "epoll",
        "event_loop": host.loop_name,
        "atomicvar_api": "c11-builtin",
        "gcc_version": facts_native.compiler,
        "python_version": sys.version.split()[0],
        "process_id": os.getpid(),
        "process_supervised": config.text("supervised"),
        "run_id": host.run_id,
        "tcp_port": config["port"] or config["tls-port"],
        "server_time_usec": now_us,
        "uptime_in_seconds": uptime,
        "uptime_in_days": uptime // DAY,
        "hz": config["hz"],
        "configured_hz": config["hz"],
        "lru_clock": now_us // 1_000_000 & LRU_CLOCK_MASK,
        "executable": os.path.abspath(sys.argv[0]),
        "config_file": config.path or "",
        "io_threads_active": 0,
        **_listeners(config),
    }


def _listeners(config) -> dict[str, str]:
    binds = "".join(f",bind={address}" for address in config["bind"])
    listeners = []
    if config["port"]:
        listeners.append(f"name=tcp{binds},port={config['port']}")
    if config["unixsocket"]:
        listeners.append(f"name=unix,bind={config['unixsocket']}")
    if config["tls-port"]:
        listeners.append(f"name=tls{binds},port={config['tls-port']}")
    return {f"listener{number}": text for number, text in enumerate(listeners)}


def clients(client):
    totals = facts_native.client_totals(client.host.hub)
    deadlines, awaited, eagerly_awaited = facts_native.waiting(client.core)
    counters = client.core.counters()
    return {
        "connected_clients": len(client.host.clients),
        "cluster_connections": 0,
        "maxclients": client.host.config["maxclients"],
        "client_recent_max_input_buffer": totals.input_buffer,
        "client_recent_max_output_buffer": totals.output_buffer,
        "blocked_clients": totals.blocked,
        "tracking_clients": counters["tracking_clients"],
        "pubsub_clients": counters["pubsub_clients"],
        "watching_clients": totals.watching,
        "clients_in_timeout_table": deadlines,
        "total_watched_keys": facts_native.watched_keys(client.core),
        "total_blocking_keys": awaited,
        "total_blocking_keys_on_nokey": eagerly_awaited,
    }


def memory(client):
    use, config, counters = measure(client), client.host.config, client.core.counters()
    return {
        "used_memory": use.used,
        "used_memory_human": human(use.used),
        "used_memory_rss": use.resident,
        "used_memory_rss_human": human(use.resident),
        "used_memory_peak": use.peak,
        "used_memory_peak_human": human(use.peak),
        "used_memory_peak_perc": f"{use.peak_percent:.2f}%",
        "used_memory_overhead": use.overhead,
        "used_memory_startup": use.startup,
        "used_memory_dataset": use.dataset,
        "used_memory_dataset_perc": f"{use.dataset_percent:.2f}%",
        "allocator_allocated": use.used,
        "allocator_active": use.resident,
        "allocator_resident": use.resident,
        "allocator_muzzy": 0,
        "total_system_memory": machine_memory(),
        "total_system_memory_human": human(machine_memory()),
        **_script_memory(client.core),
        "maxmemory": config["maxmemory"],
        "maxmemory_human": human(config["maxmemory"]),
        "maxmemory_policy": config["maxmemory-policy"],
        "allocator_frag_ratio": f"{use.fragmentation:.2f}",
        "allocator_frag_bytes": use.resident - use.used,
        "allocator_rss_ratio": "1.00",
        "allocator_rss_bytes": 0,
        "rss_overhead_ratio": "1.00",
        "rss_overhead_bytes": 0,
        "mem_fragmentation_ratio": f"{use.fragmentation:.2f}",
        "mem_fragmentation_bytes": use.resident - use.used,
        "mem_not_counted_for_evict": counters["mem_not_counted_for_evict"],
        "mem_replication_backlog": 0,
        "mem_total_replication_buffers": 0,
        "mem_clients_slaves": 0,
        "mem_clients_normal": use.clients,
        "mem_cluster_links": 0,
        "mem_aof_buffer": use.aof_buffer,
        "mem_allocator": "pyredis-slab",
        "mem_overhead_db_hashtable_rehashing": use.rehashing,
        "active_defrag_running": 0,
        "lazyfree_pending_objects": counters["lazyfree_pending_objects"],
        "lazyfreed_objects": counters["lazyfreed_objects"],
    }


def _script_memory(core) -> dict[str, object]:
    eval_lua, texts, scripts = script_memory(core)
    function_lua, libraries_bytes, functions, libraries = function_memory(core)
    return {
        "used_memory_lua": eval_lua,
        "used_memory_vm_eval": eval_lua,
        "used_memory_lua_human": human(eval_lua),
        "used_memory_scripts_eval": texts,
        "number_of_cached_scripts": scripts,
        "number_of_functions": functions,
        "number_of_libraries": libraries,
        "used_memory_vm_functions": function_lua,
        "used_memory_vm_total": eval_lua + function_lua,
        "used_memory_vm_total_human": human(eval_lua + function_lua),
        "used_memory_functions": libraries_bytes,
        "used_memory_scripts": texts + libraries_bytes,
        "used_memory_scripts_human": human(texts + libraries_bytes),
    }


def persistence(client):
    return client.host.persistence.info()


# The fields of INFO stats, in Redis's order; fields that nothing counts are 0.
STATS = (
    *("total_connections_received", "total_commands_processed", "instantaneous_ops_per_sec", "total_net_input_bytes"),
    *("total_net_output_bytes", "total_net_repl_input_bytes", "total_net_repl_output_bytes"),
    *("instantaneous_input_kbps", "instantaneous_output_kbps", "instantaneous_input_repl_kbps"),
    *("instantaneous_output_repl_kbps", "rejected_connections", "sync_full", "sync_partial_ok", "sync_partial_err"),
    *("expired_subkeys", "expired_keys", "expired_stale_perc", "expired_time_cap_reached_count"),
    *("expire_cycle_cpu_milliseconds", "evicted_keys", "evicted_clients", "evicted_scripts"),
    *("total_eviction_exceeded_time", "current_eviction_exceeded_time", "keyspace_hits", "keyspace_misses"),
    *("pubsub_channels", "pubsub_patterns", "pubsubshard_channels", "latest_fork_usec", "total_forks"),
    *("migrate_cached_sockets", "slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses"),
    *("active_defrag_key_hits", "active_defrag_key_misses", "total_active_defrag_time", "current_active_defrag_time"),
    *("tracking_total_keys", "tracking_total_items", "tracking_total_prefixes", "unexpected_error_replies"),
    *("total_error_replies", "dump_payload_sanitizations", "total_reads_processed", "total_writes_processed"),
    *("io_threaded_reads_processed", "io_threaded_writes_processed", "client_query_buffer_limit_disconnections"),
    *("client_output_buffer_limit_disconnections", "reply_buffer_shrinks", "reply_buffer_expands"),
    *("eventloop_cycles", "eventloop_duration_sum", "eventloop_duration_cmd_sum"),
    *("instantaneous_eventloop_cycles_per_sec", "instantaneous_eventloop_duration_usec", "acl_access_denied_auth"),
    *("acl_access_denied_cmd", "acl_access_denied_key", "acl_access_denied_channel"),
)


def stats(client):
    host, counters = client.host, client.core.counters()
    found = {
        **counters,
        **host.counters,
        **_loop_stats(client),
        "instantaneous_ops_per_sec": round(host.operations.per_second),
        "instantaneous_input_kbps": f"{host.input_rate.per_second / 1024:.2f}",
        "instantaneous_output_kbps": f"{host.output_rate.per_second / 1024:.2f}",
        "instantaneous_input_repl_kbps": "0.00",
        "instantaneous_output_repl_kbps": "0.00",
        "expired_stale_perc": f"{counters['expired_stale_perc']:.2f}",
        "evicted_scripts": forgotten_scripts(client.core),
    }
    return {name: found.get(name, 0) for name in STATS}


def _loop_stats(client) -> dict[str, int]:
    """Counts reads as the loop's cycles and processor time as their duration, because uvloop keeps no counters."""
    awake = processor_seconds()
    cycles = client.host.counters["total_reads_processed"]
    busy = sum(seconds for name, seconds in awake.items() if not name.endswith(("_children", "_thread"))) * 1e6
    return {
        "eventloop_cycles": cycles,
        "eventloop_duration_sum": round(busy),
        "eventloop_duration_cmd_sum": round(sum(row[2] for row in client.core.command_stats())),
        "instantaneous_eventloop_cycles_per_sec": round(client.host.cycles.per_second),
        "instantaneous_eventloop_duration_usec": round(busy / cycles) if cycles else 0,
    }


def replication(client):
    return {
        "role": client.host.role,
        "connected_slaves": 0,
        "master_failover_state": "no-failover",
        "master_replid": client.host.replication_id,
        "master_replid2": "0" * 40,
        "master_repl_offset": 0,
        "second_repl_offset": -1,
        "repl_backlog_active": 0,
        "repl_backlog_size": client.host.config["repl-backlog-size"],
        "repl_backlog_first_byte_offset": 0,
        "repl_backlog_histlen": 0,
    }


def cpu(client):
    return {name: f"{seconds:.6f}" for name, seconds in processor_seconds().items()}


def modules(client):
    return {}


def commandstats(client):
    return {
        f"cmdstat_{name}": f"calls={calls},usec={usec:.0f},usec_per_call={usec / calls if calls else 0:.2f},"
        f"rejected_calls={rejected},failed_calls={failed}"
        for name, calls, usec, rejected, failed, _ in client.core.command_stats()
    }


def errorstats(client):
    return {f"errorstat_{code}": f"count={count}" for code, count in sorted(client.core.error_counts.items())}


def latencystats(client):
    config = client.host.config
    shares = config["latency-tracking-info-percentiles"]
    if not config["latency-tracking"]:
        return {}
    return {
        f"latency_percentiles_usec_{name}": ",".join(
            f"p{share:g}={percentile(histogram, share):.3f}" for share in shares
        )
        for name, _, _, _, _, histogram in client.core.command_stats()
        if histogram
    }


def cluster(client):
    return {"cluster_enabled": 0}


def keyspace(client):
    return {
        f"db{number}": f"keys={keys},expires={expires},avg_ttl={ttl},subexpiry={field_expires}"
        for number, keys, expires, ttl, field_expires in client.core.sizes()
    }


SECTIONS = {
    section.__name__: section
    for section in (
        *(server, clients, memory, persistence, stats, replication, cpu, modules, commandstats, errorstats),
        *(latencystats, cluster, keyspace),
    )
}

"""What memory is used for: MEMORY STATS, DOCTOR and MALLOC-STATS, and the figures that INFO reports as well.

``used`` is exact and counts what the core allocates. The interpreter's own memory, connection objects and the ring of
the append-only file are in the resident size only. Features of Redis that this server lacks (replicas, a backlog)
use no memory and are reported as 0.
"""

from typing import NamedTuple

from pyredis.commands.help import help_lines
from pyredis.commands.server import memory_native
from pyredis.commands.server.facts_native import client_totals, rehashing
from pyredis.ground.process_usage import resident_memory
from pyredis.lua.script_facts import function_memory, script_memory
from pyredis.replies import OK, Verbatim

# DOCTOR does not judge less than this, in bytes.
MUCH = 5 << 20


class MemoryUse(NamedTuple):
    """The figures at one moment, in bytes and ratios."""

    used: int
    peak: int
    startup: int
    resident: int
    keys: int
    tables: list[tuple[int, int, int]]
    rehashing: int
    rehashing_count: int
    clients: int
    client_buffers: int
    aof_buffer: int
    scripts: int
    libraries: int

    @property
    def overhead(self) -> int:
        """Memory that is used, but not by the data."""
        return self.startup + self.client_buffers + self.table_bytes + self.scripts + self.libraries

    @property
    def table_bytes(self) -> int:
        return sum(main + expires for _, main, expires in self.tables)

    @property
    def dataset(self) -> int:
        return max(0, self.used - self.overhead)

    @property
    def since_start(self) -> int:
        return max(0, self.used - self.startup)

    @property
    def dataset_percent(self) -> float:
        return min(100.0, 100 * self.dataset / self.since_start) if self.since_start else 0.0

    @property
    def peak_percent(self) -> float:
        return 100 * self.used / self.peak if self.peak else 0.0

    @property
    def fragmentation(self) -> float:
        return self.resident / self.used if self.used else 0.0


def measure(client) -> MemoryUse:
    core, host = client.core, client.host
    moving, totals = rehashing(core), client_totals(host.hub)
    return MemoryUse(
        used=core.used_memory,
        peak=core.peak_memory,
        startup=core.startup_memory,
        resident=resident_memory(),
        keys=sum(row[1] for row in core.sizes()),
        tables=core.table_bytes(),
        rehashing=sum(moving),
        rehashing_count=len(moving),
        clients=totals.memory,
        client_buffers=totals.allocated,
        aof_buffer=host.persistence.info().get("aof_buffer_length", 0),
        scripts=script_memory(core)[1],
        libraries=function_memory(core)[1],
    )


def memory_stats(client, args):
    use = measure(client)
    stats = {
        "peak.allocated": use.peak,
        "total.allocated": use.used,
        "startup.allocated": use.startup,
        "replication.backlog": 0,
        "clients.slaves": 0,
        "clients.normal": use.clients,
        "cluster.links": 0,
        "aof.buffer": use.aof_buffer,
        "lua.caches": use.scripts,
        "functions.caches": use.libraries,
        **_database_stats(use),
        "overhead.db.hashtable.lut": use.table_bytes,
        "overhead.db.hashtable.rehashing": use.rehashing,
        "overhead.total": use.overhead,
        "db.dict.rehashing.count": use.rehashing_count,
        "keys.count": use.keys,
        "keys.bytes-per-key": use.since_start // use.keys if use.keys else 0,
        "dataset.bytes": use.dataset,
        "dataset.percentage": use.dataset_percent,
        "peak.percentage": use.peak_percent,
        **_allocator_stats(use),
        "fragmentation": use.fragmentation,
        "fragmentation.bytes": use.resident - use.used,
    }
    return {name.encode(): value for name, value in stats.items()}


def _database_stats(use: MemoryUse) -> dict:
    return {
        f"db.{number}": {b"overhead.hashtable.main": main, b"overhead.hashtable.expires": expires}
        for number, main, expires in use.tables
    }


def _allocator_stats(use: MemoryUse) -> dict:
    """Counts all resident memory as active, because the allocator does not report its free pages."""
    return {
        "allocator.allocated": use.used,
        "allocator.active": use.resident,
        "allocator.resident": use.resident,
        "allocator.muzzy": 0,
        "allocator-fragmentation.ratio": use.fragmentation,
        "allocator-fragmentation.bytes": use.resident - use.used,
        "allocator-rss.ratio": 1.0,
        "allocator-rss.bytes": 0,
        "rss-overhead.ratio": 1.0,
        "rss-overhead.bytes": 0,
    }


def memory_doctor(client, args):
    use = measure(client)
    if use.used < MUCH:
        return Verbatim(b"There is hardly anything in memory yet, so there is nothing to diagnose.\n")
    findings = list(_findings(client, use))
    if not findings:
        return Verbatim(b"No trouble with memory found.\n")
    return Verbatim("".join(["Found:\n", *(f" * {finding}\n" for finding in findings)]).encode())


def _findings(client, use: MemoryUse):
    if use.peak > use.used * 1.5:
        yield "Peak: memory in use was once more than 1.5 times what it is now; the system may not have all of it back."
    if use.fragmentation > 1.4 and use.resident - use.used > 100 << 20:
        yield "Fragmentation: the resident size of the process is more than 1.4 times the memory that it uses."
    if use.clients > 200 << 10 and use.clients > len(client.host.clients) * (200 << 10):
        yield "Clients: their buffers take more than 200 KB each on average; some read too slowly or send too much."


def memory_purge(client, args):
    memory_native.purge()
    return OK


def memory_malloc_stats(client, args):
    """Describes the slabs, which all servers of the process share."""
    arenas, empty, rows = memory_native.allocator_stats()
    lines = [
        f"Arenas of 2 MiB: {arenas}, of which {empty} are empty",
        "Blocks of up to 512 bytes, in slabs of 64 KiB:",
        f"{'bytes':>6}{'slabs':>10}{'blocks':>14}{'used':>14}{'used %':>8}",
        *(f"{size:6}{slabs:10}{blocks:14}{used:14}{100 * used / blocks:8.1f}" for size, slabs, blocks, used in rows),
        "Larger blocks are malloc's.",
        f"Used by this server, blocks of all sizes: {client.core.used_memory} bytes",
    ]
    return Verbatim("\n".join([*lines, ""]).encode())


HANDLERS = {
    "memory_doctor": memory_doctor,
    "memory_help": lambda client, args: help_lines("memory", args[0]),
    "memory_malloc_stats": memory_malloc_stats,
    "memory_purge": memory_purge,
    "memory_stats": memory_stats,
    **memory_native.HANDLERS,
}

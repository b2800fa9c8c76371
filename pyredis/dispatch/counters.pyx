"""What one server counts: sizes, calls, errors and the rest of INFO's statistics, for Python code."""

from libc.stdint cimport uint64_t
from libc.string cimport memset

from pyredis.call.command cimport CMD_REMOVED, HISTOGRAM, HISTOGRAM_PARTS, Command
from pyredis.call.eviction cimport evictor_of
from pyredis.call.state cimport Server, State
from pyredis.call.trackers cimport Tracking, tracking_of
from pyredis.channels.channels cimport CHANNEL, PATTERN, SHARD_CHANNEL, channels_count
from pyredis.dispatch.installing cimport command_at
from pyredis.keyspace.keyspace cimport Database
from pyredis.types.table.hashtable cimport table_memory, table_size

cdef enum:
    # Redis's limit.
    ERROR_CODES = 128


cdef dict tracking_counts(const Server *server):
    cdef const Tracking *tracking = tracking_of(server)
    return {
        "tracking_clients": tracking.clients,
        "tracking_total_keys": table_size(&tracking.keys),
        "tracking_total_items": tracking.items,
        "tracking_total_prefixes": tracking.prefix_count,
    }


cdef list histogram_rows(const uint64_t *counts):
    cdef list rows = []
    cdef uint64_t part
    cdef int index, shift
    for index in range(HISTOGRAM if counts != NULL else 0):
        if counts[index]:
            shift = max((index >> HISTOGRAM_PARTS) - 1, 0)
            part = index - (shift << HISTOGRAM_PARTS)
            rows.append((part << shift, (part + 1) << shift, counts[index]))
    return rows


cdef class Counters(State):
    """The part of a server's core that counts."""

    def sizes(self):
        """Returns per database with keys: (number, keys, keys with an expiry, mean TTL in ms, hashes with TTLs)."""
        cdef Database *database
        cdef int index
        cdef list rows = []
        for index in range(self.server.keyspace.count):
            database = &self.server.keyspace.databases[index]
            if table_size(&database.keys):
                rows.append((index, table_size(&database.keys), table_size(&database.expires),
                             database.average_ttl if table_size(&database.expires) else 0,
                             table_size(&database.field_expires)))
        return rows

    def table_bytes(self):
        """Returns per database with keys: (number, bytes of the main table, bytes of the table of expiries)."""
        cdef Database *database
        cdef int index
        cdef list rows = []
        for index in range(self.server.keyspace.count):
            database = &self.server.keyspace.databases[index]
            if table_size(&database.keys):
                rows.append((index, table_memory(&database.keys), table_memory(&database.expires)))
        return rows

    cdef uint64_t calls(self) noexcept:
        """Returns the number of calls of all commands; commands that were refused or only queued do not count."""
        cdef uint64_t total = 0
        cdef int index
        for index in range(self.server.command_count + self.server.added_count):
            total += command_at(&self.server, index).calls
        return total

    def counters(self):
        """Returns the counters of INFO, by name."""
        cdef Server *server = &self.server
        return {
            "total_commands_processed": self.calls(),
            "keyspace_hits": server.hits,
            "keyspace_misses": server.misses,
            "expired_keys": server.keyspace.expired,
            "expired_subkeys": server.keyspace.expired_fields,
            "expired_stale_perc": server.keyspace.expired_stale,
            "expired_time_cap_reached_count": server.keyspace.expire_cap_reached,
            "expire_cycle_cpu_milliseconds": self.expire_ns // 1000000,
            "evicted_keys": evictor_of(server).evicted,
            "mem_not_counted_for_evict": server.keyspace.promised,
            "lazyfreed_objects": server.keyspace.lazily_freed,
            "lazyfree_pending_objects": server.keyspace.garbage_parts,
            "pubsub_channels": channels_count(&server.channels, CHANNEL),
            "pubsub_patterns": channels_count(&server.channels, PATTERN),
            "pubsubshard_channels": channels_count(&server.channels, SHARD_CHANNEL),
            "pubsub_clients": server.channels.subscribers,
            "total_error_replies": server.reply.errors,
            **tracking_counts(&self.server),
            "changes": server.keyspace.dirty,
        }

    def reset_counters(self):
        """Resets the counters that CONFIG RESETSTAT resets."""
        cdef Server *server = &self.server
        cdef Command *command
        cdef int index
        server.hits = 0
        server.misses = 0
        server.keyspace.expired = 0
        server.keyspace.expired_fields = 0
        server.keyspace.expired_stale = 0
        server.keyspace.expire_cap_reached = 0
        evictor_of(server).evicted = 0
        self.expire_ns = 0
        server.keyspace.lazily_freed = 0
        server.reply.errors = 0
        server.errors_noted = 0
        self.error_counts.clear()
        self.errors_overflowed = False
        for index in range(server.command_count + server.added_count):
            command = command_at(server, index)
            command.calls = 0
            command.cycles = 0
            command.rejected = 0
            command.failed = 0
            if command.histogram != NULL:
                memset(command.histogram, 0, HISTOGRAM * sizeof(uint64_t))

    def count_error(self, str code):
        """Counts an error reply by its code. A script can invent any number of codes: too many end the counting."""
        cdef dict counts = self.error_counts
        if self.errors_overflowed:
            return
        if code in counts or len(counts) < ERROR_CODES:
            counts[code] = counts.get(code, 0) + 1
            return
        self.errors_overflowed = True
        codes = sorted(counts)
        counts.clear()
        counts["ERRORSTATS_DISABLED"] = 1
        self.host.on_too_many_errors(codes)

    def command_stats(self):
        """Returns per command called or rejected: (full name, calls, microseconds, rejected, failed, histogram).

        The histogram is a list of (from, to, calls): the number of calls that took ``from`` to ``to`` nanoseconds. It
        is ascending and has no rows with 0 calls.
        """
        cdef Command *command
        cdef int index
        cdef list rows = []
        for index in range(self.server.command_count + self.server.added_count):
            command = command_at(&self.server, index)
            if (command.calls or command.rejected) and not command.flags & CMD_REMOVED:
                rows.append((
                    command.name.decode(), command.calls, command.cycles * self.server.ns_per_cycle / 1000,
                    command.rejected, command.failed, histogram_rows(command.histogram),
                ))
        return rows

"""The report that a native crash writes to the server's log (``crash-log-enabled``).

``crash.h`` handles the signal and writes what is known of the process; this module adds what the server was doing:
facts of INFO, the client that was served, and the last commands. Of these only names and first keys are shown, so
neither values nor passwords are. A process has one report, of the server that `install` names.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from pyredis._core cimport Core
from pyredis.call.client cimport Client
from pyredis.call.command cimport Command
from pyredis.call.state cimport Server
from pyredis.call.trail cimport TRAIL_KEY, TRAIL_STEPS, Step, Trail, trail_describe, trail_new
from pyredis.dispatch.installing cimport command_at
from pyredis.ground.base cimport monotonic_ns, wall_us
from pyredis.types.table.hashtable cimport table_size

import faulthandler
import os

cdef extern from "crash.h" nogil:
    enum:
        CRASH_PATH
        CRASH_FACTS

    char crash_path[]
    char crash_facts[]
    int crash_python
    void (*crash_describe)() noexcept nogil
    void crash_text(const char *text)
    void crash_number(int64_t value)
    void crash_hex(uint64_t value, int digits)
    void crash_quoted(const char *data, size_t size)
    void crash_field(const char *name, int64_t value)
    void crash_title(const char *title)
    bint crash_install()
    void crash_remove()

cdef Server *_server = NULL
cdef Trail *_trail = NULL
cdef bint _hides_keys = False
cdef int64_t _began_ns = 0
# Keeps the server's state alive: the handler reads it.
_core = None


# ---- written by the handler ----

cdef void describe() noexcept nogil:
    describe_server(_server)
    crash_title("CURRENT CLIENT INFO")
    describe_client(_server.current)
    crash_title("LAST COMMANDS")
    describe_commands(_server)


cdef void describe_server(const Server *server) noexcept nogil:
    cdef uint64_t keys = 0, calls = 0
    cdef int index
    for index in range(server.keyspace.count):
        keys += table_size(&server.keyspace.databases[index].keys)
    for index in range(server.command_count + server.added_count):
        calls += command_at(server, index).calls
    crash_field("server_time_usec", wall_us())
    crash_field("uptime_in_seconds", (monotonic_ns() - _began_ns) // 1000000000)
    crash_field("used_memory", server.memory.used)
    crash_field("used_memory_peak", server.memory.peak)
    crash_field("maxmemory", <int64_t> server.settings.maxmemory)
    crash_field("keys", <int64_t> keys)
    crash_field("changes", <int64_t> server.keyspace.dirty)
    crash_field("total_commands_processed", <int64_t> calls)
    crash_field("next_client_id", server.next_client_id)
    crash_field("aof_enabled", server.aof != NULL)
    crash_field("aof_last_errno", server.aof_error)
    crash_field("snapshot_in_progress", server.snapshot != NULL)
    crash_field("in_exec", server.in_exec)
    crash_text("restrictions:")
    crash_hex(server.restrictions, 4)
    crash_text("\n")


cdef void describe_client(const Client *client) noexcept nogil:
    if client == NULL:
        crash_text("(none)\n")
        return
    crash_text("id=")
    crash_number(client.id)
    crash_text(" fd=")
    crash_number(client.fd)
    crash_text(" db=")
    crash_number(client.database.id)
    crash_text(" resp=")
    crash_number(client.protocol)
    crash_text(" flags=")
    crash_hex(client.flags, 8)
    crash_text(" multi=")
    crash_number(<int64_t> client.queued)
    crash_text(" watch=")
    crash_number(<int64_t> client.watching)
    crash_text(" cmd=")
    describe_name(client.last_command, "NULL")
    crash_text("\n")


cdef void describe_name(const Command *command, const char *none) noexcept nogil:
    if command == NULL:
        crash_text(none)
    else:
        crash_text(command.name)


cdef void describe_commands(Server *server) noexcept nogil:
    """Writes the last commands, the oldest first: the last one of each batch, then those of the batch under way."""
    cdef Trail *trail = server.trail
    cdef bint under_way = trail.requests != NULL
    cdef uint64_t end = trail.count - under_way
    cdef uint64_t at = end - TRAIL_STEPS + 1 if end > TRAIL_STEPS - 1 else 0
    while at < end:
        describe_step(trail.steps + at % TRAIL_STEPS)
        at += 1
    if under_way:
        describe_batch(server, trail)


cdef void describe_batch(Server *server, const Trail *trail) noexcept nogil:
    cdef Step step
    cdef int index
    for index in range(trail.at[0] + 1):
        trail_describe(&step, server.current.id if server.current != NULL else 0, trail.commands[index],
                       trail.arguments.items + trail.requests[index].first, trail.requests[index].count)
        describe_step(&step)


cdef void describe_step(const Step *step) noexcept nogil:
    crash_text("client ")
    crash_number(step.client)
    crash_text(": ")
    describe_name(step.command, "(unknown command)")
    if step.keyed and _hides_keys:
        crash_text(" *redacted*")
    elif step.keyed:
        crash_text(" ")
        crash_quoted(step.key, min(step.key_size, <size_t> TRAIL_KEY))
        if step.key_size > TRAIL_KEY:
            crash_text("...")
    crash_text("\n")


# ---- called by the server ----

cdef int copy_text(char *place, size_t room, bytes text) except -1:
    if <size_t> len(text) >= room:
        raise ValueError(f"{len(text)} bytes are too many")
    memcpy(place, <const char *> text, len(text) + 1)
    return 0


def install(Core core not None, bytes log_path, bytes facts):
    """Reports crashes of this process from now on, to the log at this path; an empty one is standard output.

    ``facts`` are the first lines of the report's INFO, each with a newline at its end. Call it in the main thread.
    """
    global _server, _trail, _began_ns, _core, crash_python, crash_describe
    copy_text(crash_path, CRASH_PATH, log_path)
    copy_text(crash_facts, CRASH_FACTS, facts)
    if crash_python < 0:
        crash_python = os.open(os.devnull, os.O_WRONLY)
    if _trail == NULL:
        _trail = trail_new()
    if _trail == NULL:
        return False
    if _began_ns == 0:
        _began_ns = monotonic_ns()
    _core = core
    _server = &core.server
    _server.trail = _trail
    crash_describe = describe
    # Before the handler: that calls Python's, which then lets the signal end the process.
    faulthandler.enable(crash_python)
    return crash_install()


def remove():
    """Reports no crashes any more; the signals have the actions that they had before."""
    global _core
    if _core is None:
        return
    crash_remove()
    faulthandler.disable()
    _server.trail = NULL
    _core = None


def hide_keys(bint hidden):
    """Whether the report leaves keys out."""
    global _hides_keys
    _hides_keys = hidden

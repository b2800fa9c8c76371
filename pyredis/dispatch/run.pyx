"""Calls a handler, and measures and records what it did; ``run.pxd`` has the contract."""

from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc

from pyredis._resp cimport Reply, reply_error, reply_error_slice, reply_object, reply_truncate
from pyredis.call.call cimport Call, Handler
from pyredis.call.client cimport (
    CLIENT_BLOCKED,
    CLIENT_CLOSE_NOW,
    CLIENT_DIRTY_EXEC,
    CLIENT_LOADER,
    CLIENT_MULTI,
    CLIENT_SCRIPT,
)
from pyredis.call.command cimport (
    CMD_FAST,
    CMD_PUSHES,
    CMD_RUNS_QUEUE,
    CMD_SKIP_SLOWLOG,
    HISTOGRAM,
    HISTOGRAM_PARTS,
    Command,
    top_name,
)
from pyredis.call.handlers cimport argument_list, client_object, excerpt
from pyredis.call.monitoring cimport MonitorWords, monitor_note, monitor_show
from pyredis.call.propagation cimport PROPAGATE_AS_IS, end_unit, propagate_request, takes_changes
from pyredis.call.state cimport Server, Settings
from pyredis.call.tracking cimport TRACKED_STATES, tracking_follow
from pyredis.call.waiting cimport ANY_CHANGE, waiter_of
from pyredis.ground.base cimport cycles_now, highest_bit, likely, slice_of, unlikely
from pyredis.journal.log cimport log_is_open
from pyredis.keyspace.keyspace cimport keyspace_tick
from pyredis.wire.reply_reader cimport are_replies, is_one_reply

from pyredis.call.handlers import NO_REPLY, CommandError
from pyredis.call.late import Late
from pyredis.call.redaction import redact

cdef extern from "checks.h" nogil:
    enum:
        CHECKING

    void check_failed(const char *what, const char *of)

cdef enum:
    # The slow log keeps at most this many arguments of a command.
    SHOWN_ARGUMENTS = 32


cdef void note_error(Call *call) noexcept with gil:
    """Counts the error by its code, for INFO's errorstats."""
    cdef Reply *reply = call.reply
    cdef bytes text = reply.data[reply.last_error + 1:min(reply.size, reply.last_error + 65)]
    call.server.errors_noted = reply.errors
    code = text.split(b"\r", 1)[0].split(b" ", 1)[0].decode("latin-1")
    (<object> call.server.core).count_error(code)


cdef object client_of(Call *call):
    """What the slow log names: nobody for a script's command."""
    return client_object(call.client) if not call.client.flags & CLIENT_SCRIPT else None


cdef void note_slow(Call *call, uint64_t cycles) noexcept with gil:
    """Reports a command to the slow log, to the latency monitor, or to both, if it exceeds their thresholds."""
    cdef int64_t us = <int64_t> (cycles * call.server.ns_per_cycle / 1000)
    cdef Settings *settings = &call.server.settings
    core = <object> call.server.core
    if core.on_slow is not None and 0 <= settings.slowlog_us <= us and not call.command.flags & CMD_SKIP_SLOWLOG:
        shown = [excerpt(call.argv[index]) for index in range(min(call.argc, <int> SHOWN_ARGUMENTS))]
        if call.server.renames != NULL:
            # The slow log knows secrets by the original name.
            shown = redact(shown, top_name(call.command))
        core.on_slow(client_of(call), shown, us, call.argc - len(shown))
    if core.on_latency is not None and 0 < settings.latency_ms <= us // 1000:
        core.on_latency("fast-command" if call.command.flags & CMD_FAST else "command", us // 1000)


cdef inline void count_duration(Command *command, uint64_t ns) noexcept nogil:
    cdef int shift = max(highest_bit(ns | 1) - HISTOGRAM_PARTS, 0)
    cdef size_t index = (<size_t> shift << HISTOGRAM_PARTS) + (ns >> shift)
    if unlikely(command.histogram == NULL):
        # Not from the server's account: used memory must not change because a command is called for the first time.
        command.histogram = <uint64_t *> calloc(HISTOGRAM, sizeof(uint64_t))
        if command.histogram == NULL:
            return
    command.histogram[min(index, <size_t> HISTOGRAM - 1)] += 1


cdef inline void note_duration(Call *call, uint64_t cycles) noexcept nogil:
    """Counts a call and its time."""
    cdef Server *server = call.server
    cdef Command *command = call.command
    if unlikely(call.waits or call.woken):
        note_run_of_waiter(call, cycles)
        return
    command.calls += 1
    command.cycles += cycles
    if server.settings.latency_tracking:
        count_duration(command, <uint64_t> (<double> cycles * server.ns_per_cycle))
    if unlikely(cycles > server.settings.slow_cycles):
        note_slow(call, cycles)


cdef bint is_native_now(Call *call) noexcept with gil:
    """Puts a late handler in its place; returns whether it is native.

    If its module cannot be imported, calling the late handler raises that exception again: ``call_python`` reports it.
    """
    core = <object> call.server.core
    cdef int index = call.command.index
    if type(core.handlers[index]) is not Late:
        return False
    try:
        handler = core.handlers[index].found()
    except Exception:
        return False
    if PyCapsule_IsValid(handler, "pyredis.handler"):
        call.command.handler = PyCapsule_GetPointer(handler, "pyredis.handler")
        return True
    core.handlers[index] = handler
    return False


cdef void note_run_of_waiter(Call *call, uint64_t cycles) noexcept nogil:
    """A command that waits counts when it is answered, with the time that it ran before and after, not the wait."""
    waiter_of(call.client).cycles += cycles
    if not call.waits:
        note_answer(call)


cdef void note_answer(Call *call) noexcept nogil:
    cdef uint64_t cycles = waiter_of(call.client).cycles
    call.waits = call.woken = False
    note_duration(call, cycles)


cdef void call_python(Call *call) noexcept with gil:
    """Runs a Python handler; any exception becomes an error reply. An append-only file cannot contain such a command.

    The handler may have taken long, so the clock is read again, except inside EXEC, whose commands all have one time.
    """
    core = <object> call.server.core
    cdef size_t start = call.reply.size
    if call.client.flags & CLIENT_LOADER:
        reply_error(call.reply, "ERR This command has no place in an append-only file")
        note_rejection(call)
        return
    try:
        value = core.handlers[call.command.index](client_object(call.client), argument_list(call))
        if value is not NO_REPLY:
            call.reply.protocol = call.client.protocol
            reply_object(call.reply, value)
    except CommandError as error:
        reply_truncate(call.reply, start)
        text = str(error).encode("utf-8", "surrogateescape")
        reply_error_slice(call.reply, slice_of(<const char *> text, len(text)))
    except Exception as error:
        reply_truncate(call.reply, start)
        core.host.report_exception(f"command {core.specs[call.command.index].name}", error)
        reply_error(call.reply, "ERR internal error")
    if not call.server.in_exec:
        keyspace_tick(&call.server.keyspace)


cdef void check_reply(Call *call, size_t begin) noexcept nogil:
    """Aborts unless the command has written exactly one reply, or waits, or is a Python one that replies later.

    A client that is closed at once may have a part of its last reply.
    """
    if call.client.flags & CLIENT_CLOSE_NOW:
        return
    if call.reply.size == begin and (call.waits or call.client.flags & CLIENT_BLOCKED or call.command.handler == NULL):
        return
    # Pushes, those of commands that EXEC has run among them, may be several.
    if call.command.flags & (CMD_PUSHES | CMD_RUNS_QUEUE) and are_replies(call.reply, begin):
        return
    if not is_one_reply(call.reply, begin):
        check_failed("it has not written exactly one complete reply", call.command.name)


cdef inline void run_unseen(Call *call) noexcept nogil:
    cdef Server *server = call.server
    cdef size_t begin = call.reply.size
    cdef uint64_t errors = call.reply.errors
    cdef uint64_t start = server.cycle_mark
    call.dirty = server.keyspace.dirty
    call.failed = False
    call.waits = False
    call.awaited_kind = ANY_CHANGE
    call.propagation = PROPAGATE_AS_IS
    if likely(call.command.handler != NULL):
        (<Handler> call.command.handler)(call)
    elif is_native_now(call):
        (<Handler> call.command.handler)(call)
    else:
        call_python(call)
    if CHECKING:
        check_reply(call, begin)
    if server.keyspace.dirty != call.dirty and call.propagation == PROPAGATE_AS_IS and takes_changes(server):
        propagate_request(call)
    if log_is_open(&server.log) and not server.in_exec:
        end_unit(server)
    if unlikely(call.client.flags & (CLIENT_LOADER | TRACKED_STATES)):
        if call.client.flags & CLIENT_LOADER:
            return
        tracking_follow(call)
    server.cycle_mark = cycles_now()
    note_duration(call, server.cycle_mark - start)
    # An error inside EXEC is charged only to the command that caused it, not to EXEC as well.
    if unlikely(call.reply.errors > max(errors, server.errors_noted)):
        call.command.failed += 1
        note_error(call)
    if unlikely(server.waiting.ready != NULL) and not server.in_exec:
        server.serve_waiting(server)


cdef void run_seen(Call *call) noexcept nogil:
    cdef MonitorWords words
    monitor_note(call, &words)
    run_unseen(call)
    monitor_show(call, &words)


cdef void run_command(Call *call) noexcept nogil:
    if unlikely(call.server.monitors.count):
        run_seen(call)
    else:
        run_unseen(call)


cdef void run_any(void *call) noexcept nogil:
    run_command(<Call *> call)


cdef void note_rejection(Call *call) noexcept nogil:
    if call.command != NULL:
        call.command.rejected += 1
    if call.client.flags & CLIENT_MULTI:
        call.client.flags |= CLIENT_DIRTY_EXEC
    if call.client.flags & CLIENT_LOADER:
        call.client.flags |= CLIENT_CLOSE_NOW
    note_error(call)

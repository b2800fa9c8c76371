"""The context of a handler, and running it; ``added.pxd`` has the contract."""

from libc.stdint cimport uint32_t

from pyredis._resp cimport Replied, Reply, reply_error, reply_error_slice, reply_object, reply_truncate
from pyredis.call.call cimport Call, call_begin
from pyredis.call.client cimport (
    CLIENT_DENY_BLOCKING,
    CLIENT_LOADER,
    CLIENT_NO_TOUCH,
    CLIENT_SCRIPT,
    CLIENT_TRACKING,
    Client,
    client_init,
)
from pyredis.call.command cimport (
    CMD_DENYOOM,
    CMD_MAY_REPLICATE,
    CMD_NOSCRIPT,
    CMD_READONLY,
    CMD_WRITE,
    Command,
    accepts_count,
)
from pyredis.call.errors cimport reply_wrong_arity
from pyredis.call.handlers cimport argument_list
from pyredis.call.propagation cimport propagate_nothing
from pyredis.call.state cimport RESTRICT_AOF_ERROR, RESTRICT_FAULTS, Server, find_called, find_command, lacks_memory
from pyredis.dispatch.checks cimport reject_unknown
from pyredis.dispatch.run cimport note_rejection
from pyredis.ground.base cimport Slice, cycles_now, slice_of, unlikely
from pyredis.ground.memory cimport mem_enter
from pyredis.keyspace.keyspace cimport keyspace_tick
from pyredis.wire.object_arguments cimport ObjectArguments, encode_arguments, release_arguments
from pyredis.wire.reply_objects cimport written_object

from pyredis.call.handlers import CommandError
from pyredis.wire.reply_objects import ReplyError

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_ident() nogil

cdef enum:
    # How many handlers may be running at once, each called by the one before. They share the thread's stack.
    MOST_NESTED = 64
    # Characters of an exception's text that a client is sent.
    SHOWN_ERROR = 1000

LEVELS = {"debug": 0, "verbose": 1, "notice": 2, "warning": 3}


# ---- what a handler uses ----

cdef class CommandContext:
    """What the handler of a command is called with: calls commands, and says for which client it runs."""

    def __init__(self):
        raise TypeError("a context is made for each call of a command")

    cdef void begin(self, Call *call) noexcept:
        cdef Client *caller = call.client
        self.running = call
        self.thread = PyThread_get_thread_ident()
        self.out_of_memory = lacks_memory(call.server)
        client_init(&self.client, &call.server.keyspace)
        self.client.id = caller.id
        self.client.owner = caller.owner
        self.client.database = call.database
        self.client.protocol = 3
        self.client.flags = CLIENT_DENY_BLOCKING | caller.flags & (CLIENT_NO_TOUCH | CLIENT_SCRIPT | CLIENT_TRACKING)

    cdef int check(self) except -1:
        if self.running == NULL:
            raise RuntimeError("the command has ended")
        if self.thread != PyThread_get_thread_ident():
            raise RuntimeError("a command's context belongs to the thread that runs the command")
        if self.calling:
            raise RuntimeError("the context is calling a command already")
        return 0

    @property
    def db(self):
        """The number of the database that ``call`` uses; that of the client, unless the handler has called SELECT."""
        self.check()
        return self.client.database.id

    @property
    def client_id(self):
        """The client's ID, as CLIENT ID returns it."""
        self.check()
        return self.running.client.id

    @property
    def protocol(self):
        """The version of the protocol in which the reply will be sent: 2 or 3."""
        self.check()
        return self.running.client.protocol

    def call(self, *arguments):
        """Runs a command and returns its reply as RESP3 has it: bytes, int, float, list, dict, set, None, bool.

        ``arguments`` are bytes, str, int and float, the command's name first. Raises ReplyError for an error reply,
        TypeError or ValueError for arguments that cannot be sent, and RuntimeError outside of the command.
        """
        cdef ObjectArguments encoded
        cdef Reply *reply
        cdef size_t begin
        cdef bint failed
        self.check()
        reply = self.running.reply
        begin = reply.size
        self.calling = True
        try:
            encode_arguments(&encoded, arguments, self.running.server.settings.proto_max_bulk)
            self.run(<int> encoded.count, encoded.items)
            if reply.size == begin:
                return None
            failed = reply.data[begin] == c'-' or reply.data[begin] == c'!'
            value = written_object(reply, begin, False)
        finally:
            release_arguments(&encoded)
            reply_truncate(reply, begin)
            self.calling = False
        if failed:
            raise value
        return value

    def log(self, message, level="notice"):
        """Writes a message to the server's log; ``level`` is debug, verbose, notice or warning."""
        self.check()
        if level not in LEVELS:
            raise ValueError(f"no such level: {level!r}")
        (<object> self.running.server.core).host.log_script(LEVELS[level], str(message))

    cdef const char *refusal(self, const Command *command) noexcept:
        """Returns why the handler may not call this command, or NULL."""
        cdef uint32_t own = self.running.command.flags
        if command.flags & CMD_NOSCRIPT:
            return "ERR This command may not be called by a command's handler"
        if command.flags & CMD_WRITE and not own & CMD_WRITE:
            return "ERR A command without the flag 'write' may not write"
        if command.flags & CMD_MAY_REPLICATE and own & CMD_READONLY:
            return "ERR A command with the flag 'readonly' may not call this command"
        if self.out_of_memory and command.flags & CMD_DENYOOM and not self.wrote:
            return "OOM command not allowed when used memory > 'maxmemory'."
        return NULL

    cdef int run(self, int argc, Slice *argv) except -1:
        """Runs the command, or refuses it; the reply is the last in the buffer."""
        cdef Server *server = self.running.server
        cdef Command *command = find_called(server, argc, argv)
        cdef Call call
        call_begin(&call, server, &self.client, command, argc, argv, NULL, 0)
        server.cycle_mark = cycles_now()
        if command == NULL:
            # NULL as well, unless only its subcommand is unknown.
            call.command = find_command(server, argv[0])
            reject_unknown(&call)
        elif not accepts_count(command, argc) or command.index < 0:
            reply_wrong_arity(&call)
            note_rejection(&call)
        else:
            self.execute(&call)
        return 0

    cdef int execute(self, Call *call) except -1:
        cdef Server *server = call.server
        cdef const char *reason = self.refusal(call.command)
        if reason != NULL:
            server.reject(call, reason)
        elif call.command.flags & CMD_WRITE and server.restrictions & RESTRICT_AOF_ERROR:
            server.reject(call, NULL)
        elif not (unlikely(server.restrictions & RESTRICT_FAULTS) and server.fault(call)):
            self.wrote = self.wrote or call.command.flags & CMD_WRITE
            call.client.last_command = call.command
            server.run(call)
        return 0


# ---- running a handler ----

cdef int reply_text(Call *call, str text) except -1:
    cdef bytes encoded = text.encode("utf-8", "surrogateescape")
    reply_error_slice(call.reply, slice_of(<const char *> encoded, len(encoded)))
    return 0


cdef str described(object error):
    """Returns the text of the error reply for an exception: its class and message."""
    name = type(error).__name__
    try:
        message = str(error)[:SHOWN_ERROR]
    except Exception:
        message = ""
    text = f"ERR {name}: {message}" if message else f"ERR {name}"
    return text.encode("utf-8", "replace").decode()


cdef int report(Call *call, object error) except -1:
    """Logs an exception with its traceback; that may fail as well, if the program has its own log."""
    core = <object> call.server.core
    try:
        core.host.report_exception(f"command {core.specs[call.command.index].name}", error)
    except Exception:
        return 0
    return 0


cdef bint run_handler(Call *call, CommandContext context, size_t begin) except -1:
    """Returns whether the program is to be interrupted."""
    cdef bint interrupted = False
    core = <object> call.server.core
    try:
        value = core.handlers[call.command.index](context, argument_list(call))
        context.running = NULL
        mem_enter(call.server.memory)
        call.reply.protocol = call.client.protocol
        reply_object(call.reply, value)
        return False
    except (CommandError, ReplyError) as error:
        text = str(error) or "ERR"
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        report(call, error)
        text = described(error)
    mem_enter(call.server.memory)
    reply_truncate(call.reply, begin)
    call.reply.protocol = call.client.protocol
    reply_text(call, text)
    return interrupted


cdef void run_added(Call *call) noexcept with gil:
    cdef Server *server = call.server
    cdef int in_exec = server.in_exec
    cdef size_t begin = call.reply.size
    cdef bint interrupted = False
    cdef CommandContext context = CommandContext.__new__(CommandContext)
    context.begin(call)
    server.in_exec = 1
    server.added_depth += 1
    try:
        interrupted = run_handler(call, context, begin)
    except BaseException as error:
        reply_truncate(call.reply, begin)
        reply_error(call.reply, "ERR internal error")
        report(call, error)
    finally:
        context.running = NULL
        server.added_depth -= 1
        server.in_exec = in_exec
    if not in_exec:
        keyspace_tick(&server.keyspace)
    if interrupted:
        # It was meant for the program. What follows a command must not be interrupted, so the loop passes it on.
        (<object> server.core).host.interrupt_soon()


cdef Replied added_command(Call *call) noexcept nogil:
    # Whatever it has called propagates its own changes.
    propagate_nothing(call)
    if call.client.flags & CLIENT_LOADER:
        reply_error(call.reply, "ERR This command has no place in an append-only file")
        note_rejection(call)
        return 0
    # MULTI may have queued it before another command took its name.
    if not accepts_count(call.command, call.argc):
        return reply_wrong_arity(call)
    if call.server.added_depth >= MOST_NESTED:
        return reply_error(call.reply, "ERR Too many commands in Python call each other")
    run_added(call)
    return 0


cdef Replied removed_command(Call *call) noexcept nogil:
    cdef Call unknown = call[0]
    unknown.command = NULL
    reject_unknown(&unknown)
    return 0

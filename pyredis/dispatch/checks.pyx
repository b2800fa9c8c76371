"""The checks and their error replies; ``checks.pxd`` has the contract."""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport uint32_t
from libc.stdio cimport snprintf

from pyredis._resp cimport reply_error, reply_error_slice, reply_status
from pyredis.call.call cimport Call
from pyredis.call.client cimport (
    CLIENT_CLOSE_NOW,
    CLIENT_DENY_BLOCKING,
    CLIENT_LOADER,
    CLIENT_MONITOR,
    CLIENT_MULTI,
    CLIENT_PUBSUB,
    CLIENT_UNAUTHENTICATED,
    client_discard,
    client_queue,
)
from pyredis.call.command cimport (
    CMD_ALLOW_BUSY,
    CMD_DENYOOM,
    CMD_LOADING,
    CMD_MAY_REPLICATE,
    CMD_NEEDS_FILE,
    CMD_NO_AUTH,
    CMD_NO_MULTI,
    CMD_READONLY,
    CMD_RUNS_QUEUE,
    CMD_RUNS_SCRIPT,
    CMD_SUBSCRIBED,
    CMD_UNQUEUED,
    CMD_WRITE,
    Command,
)
from pyredis.call.errors cimport reply_wrong_arity
from pyredis.call.eviction cimport EVICTION_FAILED, NO_EVICTION, evict
from pyredis.call.handlers cimport client_object
from pyredis.call.monitoring cimport monitor_show_now
from pyredis.call.pausing cimport pause_hold, pause_holds
from pyredis.call.permissions cimport ALLOWED, WITH_CLIENT, Denial, check_rights, client_user_is_gone, denial_text
from pyredis.call.request cimport Queued
from pyredis.call.state cimport (
    RESTRICT_AOF_ERROR,
    RESTRICT_BUSY,
    RESTRICT_FAULTS,
    RESTRICT_LOADING,
    RESTRICT_MEMORY,
    RESTRICT_PAUSED,
    RESTRICT_TRACKING,
    Server,
)
from pyredis.call.tracking cimport tracking_make_room
from pyredis.dispatch.injected cimport FAULT_ERROR, FAULT_LATE, FAULT_NONE, Fault, hold_reply, strike
from pyredis.dispatch.run cimport note_rejection, run_command
from pyredis.ground.base cimport Slice, likely, slice_of
from pyredis.lua.interpreter cimport busy_text, running_interpreter

from pyredis.call.handlers import CommandError

# The first words of a browser's HTTP request, which a malicious page can direct at the server; nothing after them may
# be executed.
FOREIGN = (b"post", b"host:")

ctypedef uint32_t (*ScriptFlags)(Server *server, const Command *command, Slice name) noexcept nogil
# See `lua/script_flags`; NULL until it is imported.
cdef ScriptFlags _script_flags = NULL


cdef void reject(Call *call, const char *text) noexcept nogil:
    if call.command != NULL and call.command.flags & CMD_RUNS_QUEUE:
        reject_exec(call, text)
        return
    reply_error(call.reply, text)
    note_rejection(call)


cdef void reject_exec(Call *call, const char *reason) noexcept nogil:
    """Refuses EXEC itself, and discards the transaction."""
    cdef char text[256]
    snprintf(text, sizeof(text), "EXECABORT Transaction discarded because of: %s", reason)
    reply_error(call.reply, text)
    note_rejection(call)
    client_discard(call.client)
    # The monitors have seen MULTI, so that they must see the end.
    monitor_show_now(call)


cdef void reject_arity(Call *call) noexcept nogil:
    call.client.last_command = call.command
    if call.command.flags & CMD_RUNS_QUEUE:
        reject_exec(call, "wrong number of arguments for 'exec' command")
        return
    reply_wrong_arity(call)
    note_rejection(call)


cdef bytes shown_argument(Call *call, int index, size_t room):
    """Returns the first bytes of an argument, up to a NUL, as Redis quotes it in errors."""
    cdef bytes beginning = call.argv[index].data[:min(call.argv[index].size, room)]
    return beginning.split(b"\0", 1)[0]


cdef void reject_unknown(Call *call) noexcept with gil:
    """Replies with the error for an unknown command or subcommand."""
    cdef bytes text, listed = b""
    name = shown_argument(call, 0, 128)
    call.client.last_command = NULL
    if call.command == NULL and name.lower() in FOREIGN and not call.client.flags & CLIENT_LOADER:
        (<object> call.server.core).host.on_foreign_protocol(client_object(call.client))
        call.client.flags |= CLIENT_CLOSE_NOW
        return
    if call.command != NULL:
        sub = shown_argument(call, 1, 128)
        # In the words of the client: the command may have been renamed.
        title = name.upper()
        text = b"ERR unknown subcommand '" + sub + b"'. Try " + title + b" HELP."
        # No command was refused: there is none of this name.
        call.command = NULL
    else:
        for index in range(1, call.argc):
            if len(listed) >= 128:
                break
            listed += b"'" + shown_argument(call, index, 128 - len(listed)) + b"' "
        text = b"ERR unknown command '" + name + b"', with args beginning with: " + listed
    reply_error_slice(call.reply, slice_of(<const char *> text, len(text)))
    note_rejection(call)


cdef void reject_misconf(Call *call) noexcept with gil:
    reason = (<object> call.server.core).host.aof_failure()
    text = f"MISCONF Errors writing to the AOF file: {reason}".encode()
    reject(call, text)


cdef void reject_any(void *call, const char *text) noexcept nogil:
    if text == NULL:
        reject_misconf(<Call *> call)
        return
    # Whatever the command: a script's EXEC ends no transaction.
    reply_error((<Call *> call).reply, text)
    note_rejection(<Call *> call)


cdef void find_script_flags() noexcept with gil:
    """Imports the function when it is first needed. If that fails, the command itself fails for the same reason."""
    global _script_flags
    try:
        from pyredis.lua.script_flags import FUNCTION
    except ImportError:
        return
    _script_flags = <ScriptFlags> PyCapsule_GetPointer(FUNCTION, "pyredis.script_flags")


cdef inline uint32_t flags_of(Server *server, const Command *command, const Slice *argv) noexcept nogil:
    """Returns the command's flags; those of a command that runs a script or function depend on that."""
    if likely(not command.flags & CMD_RUNS_SCRIPT):
        return command.flags
    if _script_flags == NULL:
        find_script_flags()
    return _script_flags(server, command, argv[1]) if _script_flags != NULL else command.flags


cdef uint32_t flags_to_run(Call *call) noexcept nogil:
    """Returns the command's flags. EXEC also has those of the commands it will run, but may run while loading only if
    all of them may."""
    cdef uint32_t flags = flags_of(call.server, call.command, call.argv)
    cdef uint32_t common = flags
    cdef Queued *queued
    cdef size_t index
    if call.client.flags & CLIENT_MULTI and flags & CMD_RUNS_QUEUE:
        for index in range(call.client.queued):
            queued = call.client.queue + index
            flags |= flags_of(call.server, queued.command, queued.argv)
            common &= queued.command.flags
    return flags & ~CMD_LOADING | common & CMD_LOADING


cdef inline bint has_too_little_memory(Server *server) noexcept nogil:
    """Evicts keys if there is too little memory; returns whether there still is, and nothing to evict.

    Nothing is evicted, and no command refused for lack of memory, while a file is loaded or the server is paused or
    busy.
    """
    if not server.restrictions & RESTRICT_MEMORY:
        return False
    server.out_of_memory = not server.restrictions & NO_EVICTION and evict(server) == EVICTION_FAILED
    return server.out_of_memory


cdef bint refused_by_restriction(Call *call) noexcept nogil:
    cdef Server *server = call.server
    cdef bint full = has_too_little_memory(server)
    cdef bint unwritable = server.restrictions & RESTRICT_AOF_ERROR
    cdef uint32_t flags = flags_to_run(call) if full or unwritable else 0
    if full and flags & CMD_DENYOOM:
        reject(call, "OOM command not allowed when used memory > 'maxmemory'.")
        return True
    if unwritable and flags & (CMD_WRITE | CMD_NEEDS_FILE):
        reject_misconf(call)
        return True
    if server.restrictions & RESTRICT_BUSY and not call.command.flags & CMD_ALLOW_BUSY:
        reject(call, busy_text(running_interpreter(server)))
        return True
    return False


cdef void reject_denied(Call *call, Denial denial) noexcept with gil:
    """Refuses a call that the client's user may not make."""
    cdef bytes text
    if client_user_is_gone(call.client):
        # A client in process outlives its user, which could not close it.
        client_object(call.client).log_out()
        reject(call, "NOAUTH Authentication required.")
        return
    text = b"NOPERM " + denial_text(call, denial)
    reject(call, text)


cdef bint refused_by_user(Call *call) noexcept nogil:
    cdef Denial denial = check_rights(call, WITH_CLIENT)
    if likely(denial == ALLOWED):
        return False
    reject_denied(call, denial)
    return True


cdef bint refused_while_subscribed(Call *call) noexcept nogil:
    """In RESP2 nothing distinguishes a message from a reply, so that there may be no replies but those that look like
    messages."""
    cdef char text[160]
    cdef const char *reason = text + 4
    if call.command.flags & CMD_SUBSCRIBED or call.client.protocol >= 3:
        return False
    snprintf(text, sizeof(text), "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
             "are allowed in this context", &call.command.name[0])
    # The error of EXEC has a code of its own.
    reject(call, reason if call.command.flags & CMD_RUNS_QUEUE else text)
    return True


cdef bint refused_while_loading(Call *call) noexcept nogil:
    if flags_to_run(call) & CMD_LOADING or call.client.flags & CLIENT_LOADER:
        return False
    reject(call, "LOADING Redis is loading the dataset in memory")
    return True


cdef bint refused_by_guard(Call *call) noexcept with gil:
    """Asks the command's guard, before any other check and before it is queued; replies with the error it raises."""
    core = <object> call.server.core
    if call.client.flags & CLIENT_LOADER:
        return False
    try:
        core.handlers[call.command.index].admit(client_object(call.client))
    except CommandError as error:
        text = str(error).encode()
        reject(call, text)
        return True
    return False


cdef bint refused_by_pause(Call *call) noexcept nogil:
    """True for a command that the pause holds back: it is kept, and checked again when the pause is over.

    A client in process cannot wait. It may go on reading, and end the pause.
    """
    cdef uint32_t flags = flags_to_run(call)
    if call.client.flags & CLIENT_LOADER:
        return False
    if not pause_holds(&call.server.pause, flags):
        # Nothing writes now: expired keys can stay.
        call.server.keyspace.keeps_expired = True
        return False
    if not call.client.flags & CLIENT_DENY_BLOCKING:
        pause_hold(&call.server.pause, call.client, call.command, call.argc, call.argv)
        return True
    if flags & (CMD_WRITE | CMD_MAY_REPLICATE):
        reject(call, "ERR The server is paused, and this client may not wait")
        return True
    return False


cdef bint refused_to_monitor(Call *call) noexcept nogil:
    """For Redis, a client that monitors is a kind of replica."""
    if flags_to_run(call) & (CMD_WRITE | CMD_READONLY | CMD_MAY_REPLICATE):
        reject(call, "ERR Replica can't interact with the keyspace")
        return True
    return False


cdef bint ended_by_fault(Call *call, bint queues) noexcept nogil:
    """True if an injected fault takes the place of the command, or of its reply."""
    cdef const char *text = NULL
    cdef Fault fault = strike(call, &text)
    cdef size_t begin = call.reply.size
    if fault == FAULT_ERROR:
        reject(call, text)
    elif fault == FAULT_LATE:
        if queues:
            queue(call)
        else:
            run_command(call)
        hold_reply(call, begin)
    return fault != FAULT_NONE


cdef inline void queue(Call *call) noexcept nogil:
    client_queue(call.client, call.command, call.argc, call.argv)
    reply_status(call.reply, "QUEUED")


cdef bint refused(Call *call) noexcept nogil:
    """Makes the checks that an ordinary client of an ordinary server can skip."""
    cdef bint queues = call.client.flags & CLIENT_MULTI and not call.command.flags & CMD_UNQUEUED
    if call.client.flags & CLIENT_UNAUTHENTICATED and not call.command.flags & CMD_NO_AUTH:
        reject(call, "NOAUTH Authentication required.")
        return True
    if call.server.restrictions & RESTRICT_TRACKING:
        tracking_make_room(call.server, call.client)
    if queues and call.command.flags & CMD_NO_MULTI:
        reject(call, "ERR Command not allowed inside a transaction")
        return True
    if refused_by_user(call):
        return True
    if call.server.restrictions and refused_by_restriction(call):
        return True
    if call.client.flags & CLIENT_PUBSUB and refused_while_subscribed(call):
        return True
    if call.server.restrictions & RESTRICT_LOADING and refused_while_loading(call):
        return True
    if call.client.flags & CLIENT_MONITOR and refused_to_monitor(call):
        return True
    if call.server.restrictions & RESTRICT_PAUSED and refused_by_pause(call):
        return True
    if call.server.restrictions & RESTRICT_FAULTS and ended_by_fault(call, queues):
        return True
    if queues:
        queue(call)
    return queues

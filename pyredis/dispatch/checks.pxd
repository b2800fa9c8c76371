"""The checks before a command: whether it exists, whether this client may run it now, and whether it is queued."""

from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_MONITOR, CLIENT_MULTI, CLIENT_PUBSUB, CLIENT_RESTRICTED, CLIENT_UNAUTHENTICATED
from pyredis.call.command cimport CMD_GUARDED, CMD_RUNS_QUEUE, CMD_RUNS_SCRIPT, Command, accepts_count, find_subcommand
from pyredis.dispatch.apart cimport run_apart
from pyredis.dispatch.run cimport run_command
from pyredis.ground.base cimport unlikely

cdef enum:
    CHECKED_STATES = (
        CLIENT_UNAUTHENTICATED | CLIENT_MULTI | CLIENT_PUBSUB | CLIENT_MONITOR | CLIENT_RESTRICTED)

# Refuses a call with an error, as `Server.reject` does; NULL for that of an append-only file that cannot be written.
cdef void reject_any(void *call, const char *text) noexcept nogil
cdef void reject_unknown(Call *call) noexcept with gil
cdef void reject_arity(Call *call) noexcept nogil
# Both return true if an error has been replied, or the command has been queued. The first makes the checks of commands
# with CMD_GUARDED, the second those that an ordinary client of an ordinary server can skip.
cdef bint refused_by_guard(Call *call) noexcept with gil
cdef bint refused(Call *call) noexcept nogil
# Returns true if the client's user may not run the call; the error has been replied.
cdef bint refused_by_user(Call *call) noexcept nogil


cdef inline void execute(Call *call) noexcept nogil:
    cdef Command *command = call.command
    if unlikely(command == NULL):
        reject_unknown(call)
        return
    if command.subcommand_count and call.argc > 1:
        command = find_subcommand(command, call.argv[1])
        if command == NULL:
            reject_unknown(call)
            return
        call.command = command
    if unlikely(not accepts_count(command, call.argc)) or unlikely(command.index < 0):
        reject_arity(call)
        return
    call.client.last_command = command
    if unlikely(command.flags & CMD_GUARDED) and refused_by_guard(call):
        return
    if (call.client.flags & CHECKED_STATES or call.server.restrictions) and refused(call):
        return
    if unlikely(command.flags & (CMD_RUNS_SCRIPT | CMD_RUNS_QUEUE)):
        run_apart(call)
    else:
        run_command(call)

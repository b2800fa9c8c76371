"""Reads the arguments, checks them, and runs the command.

The checks are those of Redis's ``scriptCall``, in its order and with its texts. They differ from those of a client's
command (``dispatch/checks``): authentication, MULTI and loading cannot matter here, and what a script may do depends on
its flags and on what it has done so far.
"""

from libc.math cimport isnan, signbit
from libc.stdint cimport uint32_t

from pyredis._resp cimport reply_truncate
from pyredis.call.call cimport Call, call_begin
from pyredis.call.command cimport CMD_DENYOOM, CMD_MAY_REPLICATE, CMD_NOSCRIPT, CMD_WRITE, Command, accepts_count
from pyredis.call.permissions cimport (
    ALLOWED,
    IN_SCRIPT,
    Denial,
    Rights,
    check_rights,
    denial_text,
    find_denial,
    rights_of,
)
from pyredis.call.state cimport RESTRICT_AOF_ERROR, RESTRICT_FAULTS, RESTRICT_UNLOGGED, Server, find_called
from pyredis.ground.base cimport Slice, cycles_now, likely, literal, slice_of, unlikely
from pyredis.ground.doubles cimport format_double
from pyredis.ground.memory cimport mem_realloc
from pyredis.lua.interpreter cimport REPL_AOF, SCRIPT_ALLOW_OOM, Interpreter, upvalue_interpreter
from pyredis.lua.lua_api cimport (
    LUA_TNUMBER,
    LUA_TSTRING,
    lua_Number,
    lua_State,
    lua_error,
    lua_gettop,
    lua_pushboolean,
    lua_tolstring,
    lua_tonumber,
    lua_type,
)
from pyredis.lua.lua_replies cimport push_reply
from pyredis.lua.script_errors cimport push_error

cdef enum:
    # In bytes, for a number as text.
    NUMBER_ROOM = 40


# ---- arguments ----

cdef void make_room(Interpreter *lua, int argc) noexcept nogil:
    cdef size_t capacity = max(<size_t> argc, 2 * lua.argv_capacity)
    lua.argv = <Slice *> mem_realloc(lua.argv, lua.argv_capacity * sizeof(Slice), capacity * sizeof(Slice))
    lua.argv_capacity = capacity
    lua.texts = <char *> mem_realloc(lua.texts, lua.texts_capacity, capacity * NUMBER_ROOM)
    lua.texts_capacity = capacity * NUMBER_ROOM


cdef inline Slice number_text(Interpreter *lua, int index, lua_Number value) noexcept nogil:
    """Returns the text of a number: the shortest that parses to it, as in replies, except that there is no -0."""
    cdef char *out = lua.texts + index * NUMBER_ROOM
    if unlikely(isnan(value)):
        return literal("-nan") if signbit(value) else literal("nan")
    return slice_of(out, format_double(out, value if value != 0 else 0))


cdef inline bint read_arguments(lua_State *L, Interpreter *lua, int argc) noexcept nogil:
    """Reads the arguments into the interpreter's scratch; False if one is neither a string nor a number.

    Strings are not copied: they are on the stack until the call returns.
    """
    cdef int index, type
    cdef size_t size
    cdef const char *data
    if unlikely(<size_t> argc > lua.argv_capacity):
        make_room(lua, argc)
    for index in range(argc):
        type = lua_type(L, index + 1)
        if likely(type == LUA_TSTRING):
            data = lua_tolstring(L, index + 1, &size)
            lua.argv[index] = slice_of(data, size)
        elif type == LUA_TNUMBER:
            lua.argv[index] = number_text(lua, index, lua_tonumber(L, index + 1))
        else:
            return False
    return True


# ---- checks ----

cdef const char *general_refusal(const Command *command, int argc) noexcept nogil:
    """Returns why no script may make this call, or NULL."""
    if unlikely(command == NULL):
        return "ERR Unknown Redis command called from script"
    if unlikely(not accepts_count(command, argc) or command.index < 0):
        return "ERR Wrong number of args calling Redis command from script"
    if unlikely(command.flags & CMD_NOSCRIPT):
        return "ERR This Redis command is not allowed from script"
    return NULL


cdef const char *refusal(const Interpreter *lua, uint32_t flags) noexcept nogil:
    """Returns why this script may not call a command with these flags now, or NULL."""
    if unlikely(lua.read_only and flags & (CMD_WRITE | CMD_MAY_REPLICATE)):
        return "ERR Write commands are not allowed from read-only scripts."
    if unlikely(lua.out_of_memory and flags & CMD_DENYOOM and not lua.wrote and
                not lua.runnable.flags & SCRIPT_ALLOW_OOM):
        return "OOM command not allowed when used memory > 'maxmemory'."
    return NULL


cdef void reject_denied(Call *call, Denial denial) noexcept with gil:
    cdef bytes text = b"ERR ACL failure in script: " + denial_text(call, denial)
    call.server.reject(call, text)


cdef bint refused_by_user(Call *call) noexcept nogil:
    """Checks the rights of the user whose script it is, as for a command of the client itself."""
    cdef Denial denial = check_rights(call, IN_SCRIPT)
    if likely(denial == ALLOWED):
        return False
    reject_denied(call, denial)
    return True


cdef void run(Interpreter *lua, Command *command, int argc) noexcept nogil:
    """Runs the command, or refuses it; the reply is the last in the buffer."""
    cdef Server *server = lua.server
    cdef Call call
    cdef const char *reason
    # An error that jumped has left a reply there.
    if unlikely(server.reply.size != lua.base):
        reply_truncate(&server.reply, lua.base)
    call_begin(&call, server, &lua.client, command, argc, lua.argv, NULL, 0)
    server.cycle_mark = cycles_now()
    reason = general_refusal(command, argc)
    if likely(reason == NULL):
        if refused_by_user(&call):
            return
        reason = refusal(lua, command.flags)
    if unlikely(reason != NULL):
        server.reject(&call, reason)
        return
    if unlikely(server.restrictions & RESTRICT_FAULTS) and server.fault(&call):
        return
    if command.flags & CMD_WRITE:
        if unlikely(server.restrictions & RESTRICT_AOF_ERROR):
            server.reject(&call, NULL)
            return
        lua.wrote = True
    lua.client.last_command = command
    if unlikely(lua.replication & REPL_AOF == 0):
        server.restrictions |= RESTRICT_UNLOGGED
        server.run(&call)
        server.restrictions &= ~<uint32_t> RESTRICT_UNLOGGED
        return
    server.run(&call)


# ---- the functions ----

cdef inline int refuse(lua_State *L, const char *text, bint raises) noexcept nogil:
    push_error(L, text)
    return lua_error(L) if raises else 1


cdef inline int call_command(lua_State *L, bint raises) noexcept nogil:
    cdef Interpreter *lua = upvalue_interpreter(L)
    cdef int argc = lua_gettop(L)
    cdef bint failed
    if unlikely(argc == 0):
        return refuse(L, "Please specify at least one argument for this redis lib call", raises)
    if unlikely(not lua.running):
        return refuse(L, "redis.call/pcall can only be called inside a script invocation", raises)
    if unlikely(not read_arguments(L, lua, argc)):
        return refuse(L, "Lua redis lib command arguments must be strings or integers", raises)
    run(lua, find_called(lua.server, argc, lua.argv), argc)
    failed = push_reply(L, lua, &lua.server.reply, lua.base)
    if unlikely(failed and raises):
        return lua_error(L)
    return 1


cdef int redis_call(lua_State *L) noexcept nogil:
    return call_command(L, True)


cdef int redis_pcall(lua_State *L) noexcept nogil:
    return call_command(L, False)


cdef int redis_acl_check_cmd(lua_State *L) noexcept nogil:
    """Pushes whether the user whose script it is may make the call."""
    cdef Interpreter *lua = upvalue_interpreter(L)
    cdef int argc = lua_gettop(L)
    cdef const Command *command
    cdef const Rights *rights
    cdef int place
    if argc == 0:
        return refuse(L, "Please specify at least one argument for this redis lib call", True)
    if not read_arguments(L, lua, argc):
        return refuse(L, "Lua redis lib command arguments must be strings or integers", True)
    command = find_called(lua.server, argc, lua.argv)
    if command == NULL:
        return refuse(L, "Invalid command passed to redis.acl_check_cmd()", True)
    rights = rights_of(lua.server, &lua.client)
    lua_pushboolean(L, rights == NULL or (
        accepts_count(command, argc) and find_denial(rights, command, argc, lua.argv, &place) == ALLOWED))
    return 1

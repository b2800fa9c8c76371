"""Sets up the interpreter for a script or function, runs it, and reports how it ended."""

from libc.stdint cimport uint32_t
from libc.stdio cimport snprintf

from pyredis._resp cimport Replied, reply_error, reply_ok, reply_truncate
from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_DENY_BLOCKING, CLIENT_NO_TOUCH, CLIENT_SCRIPT, CLIENT_TRACKING, Client
from pyredis.call.propagation cimport propagate_nothing
from pyredis.call.state cimport RESTRICT_AOF_ERROR, Server, lacks_memory
from pyredis.ground.base cimport Slice, slice_of, unlikely
from pyredis.lua.interpreter cimport (
    REPL_ALL,
    SCRIPT_ALLOW_OOM,
    SCRIPT_NO_WRITES,
    SCRIPT_PLAIN,
    Interpreter,
    Runnable,
    busy_text,
    collect_garbage,
    failure_add,
    interpreter_settle,
    running_interpreter,
    upvalue_interpreter,
)
from pyredis.lua.lua_api cimport (
    LUA_ERRRUN,
    LUA_OK,
    LUA_REGISTRYINDEX,
    lua_State,
    lua_call,
    lua_createtable,
    lua_isstring,
    lua_pcall,
    lua_pop,
    lua_pushlstring,
    lua_rawgeti,
    lua_rawseti,
    lua_setfield,
    lua_settop,
    lua_toboolean,
    lua_tolstring,
    lua_upvalueindex,
)
from pyredis.lua.lua_replies cimport write_error_text, write_value
from pyredis.lua.script_errors cimport describe_error, push_field

cdef const char *UNKILLABLE = (
    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script "
    "termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
)

cdef enum:
    # The index of the error handler, which stays on the stack between scripts.
    HANDLER = 1


# ---- inside the protected call ----

cdef void push_list(lua_State *L, const Slice *items, int count) noexcept nogil:
    """Pushes a list of strings."""
    cdef int index
    lua_createtable(L, count, 0)
    for index in range(count):
        lua_pushlstring(L, items[index].data, items[index].size)
        lua_rawseti(L, -2, index + 1)


cdef inline int end_run(lua_State *L, Interpreter *lua) noexcept nogil:
    """Writes the reply: the value on top of the stack."""
    lua.server.reply.protocol = lua.caller.protocol
    write_value(L, lua, &lua.server.reply)
    return 0


cdef int run_script(lua_State *L) noexcept nogil:
    cdef Interpreter *lua = upvalue_interpreter(L)
    push_list(L, lua.keys, lua.key_count)
    lua_setfield(L, lua_upvalueindex(2), "KEYS")
    push_list(L, lua.arguments, lua.argument_count)
    lua_setfield(L, lua_upvalueindex(2), "ARGV")
    lua.keys = NULL
    lua_rawgeti(L, LUA_REGISTRYINDEX, lua.runnable.function)
    lua_call(L, 0, 1)
    return end_run(L, lua)


cdef int run_function(lua_State *L) noexcept nogil:
    cdef Interpreter *lua = upvalue_interpreter(L)
    lua_rawgeti(L, LUA_REGISTRYINDEX, lua.runnable.function)
    push_list(L, lua.keys, lua.key_count)
    push_list(L, lua.arguments, lua.argument_count)
    lua.keys = NULL
    lua_call(L, 2, 1)
    return end_run(L, lua)


cdef bint add_field(lua_State *L, Interpreter *lua, const char *name) noexcept nogil:
    """Adds a field of the table at index 1 to the text, if it is a string or a number; False if the text is empty."""
    cdef size_t size
    cdef const char *data
    push_field(L, 1, name)
    if lua_isstring(L, -1):
        data = lua_tolstring(L, -1, &size)
        failure_add(lua, data, size)
    lua_pop(L, 1)
    return lua.failure_size > 0


cdef bint has_field(lua_State *L, const char *name) noexcept nogil:
    cdef bint found
    push_field(L, 1, name)
    found = lua_isstring(L, -1)
    lua_pop(L, 1)
    return found


cdef int describe_failure(lua_State *L) noexcept nogil:
    """Returns the error as a table, and stores the text of the reply in case nothing catches the error."""
    cdef Interpreter *lua = upvalue_interpreter(L)
    describe_error(L)
    lua.failure_size = 0
    if not add_field(L, lua, "err"):
        failure_add(lua, "ERR unknown error", 17)
    if has_field(L, "source") and has_field(L, "line"):
        failure_add(lua, " script: ", 9)
        failure_add(lua, lua.runnable.name.data, lua.runnable.name.size)
        failure_add(lua, ", on ", 5)
        add_field(L, lua, "source")
        failure_add(lua, ":", 1)
        add_field(L, lua, "line")
        failure_add(lua, ".", 1)
    push_field(L, 1, "ignore_error_stats_update")
    lua.failure_counted = lua_toboolean(L, -1)
    lua_pop(L, 1)
    return 1


# ---- outside the protected call ----

cdef const char *refusal(Call *call, uint32_t flags, bint read_only) noexcept nogil:
    """Returns why something with flags may not run, or NULL; an empty text if the file is the reason."""
    cdef Server *server = call.server
    if flags & SCRIPT_PLAIN:
        return NULL
    if not flags & SCRIPT_NO_WRITES:
        if read_only:
            return "ERR Can not execute a script with write flag using *_ro command."
        if server.restrictions & RESTRICT_AOF_ERROR:
            return ""
    if not flags & (SCRIPT_ALLOW_OOM | SCRIPT_NO_WRITES) and lacks_memory(server):
        return "OOM command not allowed when used memory > 'maxmemory'."
    return NULL


cdef void begin_script(Call *call, Interpreter *lua, const Runnable *runnable, bint read_only) noexcept nogil:
    cdef Client *client = &lua.client
    lua.running = True
    lua.runnable = runnable
    lua.call = call
    lua.read_only = read_only or runnable.flags & SCRIPT_NO_WRITES
    lua.out_of_memory = lacks_memory(call.server)
    lua.wrote = False
    lua.time_us = 0
    lua.replication = REPL_ALL
    lua.killed = False
    lua.ended = False
    lua.failure_counted = False
    lua.timed_out = False
    lua.caller = call.client
    lua.base = call.reply.size
    # Read when the previous command ended, or when the batch began.
    lua.begun = call.server.cycle_mark
    lua.hooked = lua.begun
    lua.allocated = 0
    client.id = call.client.id
    client.owner = call.client.owner
    client.database = call.client.database
    client.user = call.client.user
    client.protocol = 2
    client.flags = CLIENT_SCRIPT | CLIENT_DENY_BLOCKING | call.client.flags & (CLIENT_NO_TOUCH | CLIENT_TRACKING)


cdef void report_failure(Interpreter *lua, int status) noexcept nogil:
    cdef char text[128]
    cdef const char *message
    reply_truncate(&lua.server.reply, lua.base)
    lua.server.reply.protocol = lua.caller.protocol
    if status == LUA_ERRRUN:
        write_error_text(&lua.server.reply, slice_of(lua.failure, lua.failure_size), lua.failure_counted)
        return
    lua.failure_counted = False
    # This is a string already; to convert a number might raise.
    message = lua_tolstring(lua.main, -1, NULL)
    if lua.killed:
        # A block was refused to end it.
        message = "Script killed by user with SCRIPT KILL..."
    elif message == NULL:
        message = "execution failure"
    snprintf(text, sizeof(text), "ERR Error running script %.*s, %.60s", <int> min(lua.runnable.name.size, <size_t> 40),
             lua.runnable.name.data, message)
    reply_error(&lua.server.reply, text)


cdef void make_room_for_next(Interpreter *lua) noexcept nogil:
    """Lua does not collect when an allocation fails, so this script's garbage could leave the next one no memory.

    The script still counts as running, and its unit of the log is open, because it may be suspended once more.
    """
    lua_settop(lua.main, HANDLER)
    lua.ended = True
    collect_garbage(lua.main)


cdef void end_script(Interpreter *lua) noexcept nogil:
    lua.running = False
    lua.caller = NULL
    lua.call = NULL
    lua.client.owner = NULL
    # Borrowed from the caller.
    lua.client.user = NULL
    lua_settop(lua.main, HANDLER)
    interpreter_settle(lua)
    lua.ended = False


cdef Replied script_run(Call *call, Interpreter *lua, const Runnable *runnable, int first, int keys, bint read_only
                        ) noexcept nogil:
    cdef Server *server = call.server
    cdef int in_exec = server.in_exec
    cdef const char *reason = refusal(call, runnable.flags, read_only)
    cdef int status
    if unlikely(reason != NULL):
        # The command has been called, so its failure is counted, not a rejection.
        if reason[0]:
            return reply_error(call.reply, reason)
        server.reject(call, NULL)
        return 0
    propagate_nothing(call)
    begin_script(call, lua, runnable, read_only)
    lua.keys = call.argv + first
    lua.key_count = keys
    lua.arguments = lua.keys + keys
    lua.argument_count = call.argc - first - keys
    server.in_exec = 1
    lua_rawgeti(lua.main, LUA_REGISTRYINDEX, lua.run)
    status = lua_pcall(lua.main, 0, 0, HANDLER)
    if unlikely(status != LUA_OK):
        report_failure(lua, status)
    if unlikely(lua.memory.used > lua.limit // 2):
        make_room_for_next(lua)
    server.in_exec = in_exec
    # The script's command has failed too, although the error was counted when another command replied it.
    if lua.failure_counted and server.reply.data[lua.base] == c'-':
        call.command.failed += 1
    end_script(lua)
    return 0


cdef Replied script_kill(Call *call, bint function) noexcept nogil:
    cdef Interpreter *lua = running_interpreter(call.server)
    if lua == NULL:
        return reply_error(call.reply, "NOTBUSY No scripts in execution right now.")
    if lua.wrote:
        return reply_error(call.reply, UNKILLABLE)
    if lua.functions != function:
        return reply_error(call.reply, busy_text(lua))
    lua.killed = True
    return reply_ok(call.reply)

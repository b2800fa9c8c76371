"""Sets up the interpreter for a script, runs it, and reports how it ended."""

from libc.stdio cimport snprintf
from libc.string cimport memcpy

from pyredis._resp cimport Replied, reply_error, reply_ok, reply_truncate
from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_DENY_BLOCKING, CLIENT_NO_TOUCH, CLIENT_SCRIPT, Client
from pyredis.call.propagation cimport propagate_nothing
from pyredis.call.state cimport RESTRICT_AOF_ERROR, Server, exceeds_memory
from pyredis.ground.base cimport Slice, slice_of, unlikely
from pyredis.ground.memory cimport mem_realloc
from pyredis.lua.digests cimport DIGEST_SIZE
from pyredis.lua.interpreter cimport (
    REPL_ALL,
    SCRIPT_ALLOW_OOM,
    SCRIPT_NO_WRITES,
    SCRIPT_PLAIN,
    Interpreter,
    interpreter_of,
    upvalue_interpreter,
)
from pyredis.lua.lua_api cimport (
    LUA_ERRRUN,
    LUA_GCCOLLECT,
    LUA_GCSTEP,
    LUA_OK,
    LUA_REGISTRYINDEX,
    lua_State,
    lua_call,
    lua_createtable,
    lua_gc,
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
from pyredis.lua.scripts cimport Script

cdef const char *UNKILLABLE = (
    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script "
    "termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
)

cdef enum:
    # The number of scripts between two steps of the collector, and the size of a step.
    COLLECT_RUNS = 50
    COLLECT_STEP = 50
    # The index of the error handler, which stays on the stack between scripts.
    HANDLER = 1


# ---- inside the protected call ----

cdef void set_list(lua_State *L, const Slice *items, int count, const char *name) noexcept nogil:
    """Sets a global to a list of strings."""
    cdef int index
    lua_createtable(L, count, 0)
    for index in range(count):
        lua_pushlstring(L, items[index].data, items[index].size)
        lua_rawseti(L, -2, index + 1)
    lua_setfield(L, lua_upvalueindex(2), name)


cdef int run_script(lua_State *L) noexcept nogil:
    cdef Interpreter *lua = upvalue_interpreter(L)
    set_list(L, lua.keys, lua.key_count, "KEYS")
    set_list(L, lua.arguments, lua.argument_count, "ARGV")
    lua_rawgeti(L, LUA_REGISTRYINDEX, lua.function)
    lua_call(L, 0, 1)
    lua.server.reply.protocol = lua.caller.protocol
    write_value(L, lua, &lua.server.reply)
    return 0


cdef void add_text(Interpreter *lua, const char *data, size_t size) noexcept nogil:
    cdef size_t needed = lua.failure_size + size
    if needed > lua.failure_capacity:
        lua.failure = <char *> mem_realloc(lua.failure, lua.failure_capacity, 2 * needed)
        lua.failure_capacity = 2 * needed
    memcpy(lua.failure + lua.failure_size, data, size)
    lua.failure_size = needed


cdef bint add_field(lua_State *L, Interpreter *lua, const char *name) noexcept nogil:
    """Adds a field of the table at index 1 to the text, if it is a string or a number; False if the text is empty."""
    cdef size_t size
    cdef const char *data
    push_field(L, 1, name)
    if lua_isstring(L, -1):
        data = lua_tolstring(L, -1, &size)
        add_text(lua, data, size)
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
        add_text(lua, "ERR unknown error", 17)
    if has_field(L, "source") and has_field(L, "line"):
        add_text(lua, " script: ", 9)
        add_text(lua, lua.name, DIGEST_SIZE)
        add_text(lua, ", on ", 5)
        add_field(L, lua, "source")
        add_text(lua, ":", 1)
        add_field(L, lua, "line")
        add_text(lua, ".", 1)
    push_field(L, 1, "ignore_error_stats_update")
    lua.failure_counted = lua_toboolean(L, -1)
    lua_pop(L, 1)
    return 1


# ---- outside the protected call ----

cdef const char *refusal(Call *call, const Script *script, bint read_only) noexcept nogil:
    """Returns why a script with a first line of flags may not run, or NULL; an empty text if the file is the reason."""
    cdef Server *server = call.server
    if script.flags & SCRIPT_PLAIN:
        return NULL
    if not script.flags & SCRIPT_NO_WRITES:
        if read_only:
            return "ERR Can not execute a script with write flag using *_ro command."
        if server.restrictions & RESTRICT_AOF_ERROR:
            return ""
    if not script.flags & (SCRIPT_ALLOW_OOM | SCRIPT_NO_WRITES) and exceeds_memory(server):
        return "OOM command not allowed when used memory > 'maxmemory'."
    return NULL


cdef void begin_script(Call *call, Interpreter *lua, const Script *script, bint read_only) noexcept nogil:
    cdef Client *client = &lua.client
    lua.running = True
    lua.name = &script.digest[0]
    lua.function = script.function
    lua.flags = script.flags
    lua.read_only = read_only or script.flags & SCRIPT_NO_WRITES
    lua.out_of_memory = exceeds_memory(call.server)
    lua.wrote = False
    lua.time_us = 0
    lua.replication = REPL_ALL
    lua.killed = False
    lua.failure_counted = False
    lua.timed_out = False
    lua.caller = call.client
    lua.base = call.reply.size
    # Read when the previous command ended, or when the batch began.
    lua.begun = call.server.cycle_mark
    client.id = call.client.id
    client.owner = call.client.owner
    client.database = call.client.database
    client.protocol = 2
    client.flags = CLIENT_SCRIPT | CLIENT_DENY_BLOCKING | call.client.flags & CLIENT_NO_TOUCH


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
    if message == NULL:
        message = "execution failure"
    snprintf(text, sizeof(text), "ERR Error running script %.40s, %.60s", lua.name, message)
    reply_error(&lua.server.reply, text)


cdef void end_script(Interpreter *lua) noexcept nogil:
    lua.running = False
    lua.caller = NULL
    lua.client.owner = NULL
    lua_settop(lua.main, HANDLER)
    lua.runs += 1
    if unlikely(lua.memory.used > lua.limit // 2):
        # Lua does not collect when an allocation fails, so this script's garbage could leave the next one no memory.
        lua_gc(lua.main, LUA_GCCOLLECT, 0)
    elif lua.runs >= COLLECT_RUNS:
        lua.runs = 0
        lua_gc(lua.main, LUA_GCSTEP, COLLECT_STEP)


cdef Replied script_run(Call *call, Interpreter *lua, const Script *script, int first, int keys, bint read_only
                        ) noexcept nogil:
    cdef Server *server = call.server
    cdef int in_exec = server.in_exec
    cdef const char *reason = refusal(call, script, read_only)
    cdef int status
    if unlikely(reason != NULL):
        server.reject(call, reason if reason[0] else NULL)
        return 0
    propagate_nothing(call)
    begin_script(call, lua, script, read_only)
    lua.keys = call.argv + first
    lua.key_count = keys
    lua.arguments = lua.keys + keys
    lua.argument_count = call.argc - first - keys
    server.in_exec = 1
    lua_rawgeti(lua.main, LUA_REGISTRYINDEX, lua.run)
    status = lua_pcall(lua.main, 0, 0, HANDLER)
    server.in_exec = in_exec
    if unlikely(status != LUA_OK):
        report_failure(lua, status)
    # The script's command has failed too, although the error was counted when another command replied it.
    if lua.failure_counted and server.reply.data[lua.base] == c'-':
        call.command.failed += 1
    end_script(lua)
    return 0


cdef Replied script_kill(Call *call) noexcept nogil:
    cdef Interpreter *lua = interpreter_of(call.server)
    if lua == NULL or not lua.running:
        return reply_error(call.reply, "NOTBUSY No scripts in execution right now.")
    if lua.wrote:
        return reply_error(call.reply, UNKILLABLE)
    lua.killed = True
    return reply_ok(call.reply)

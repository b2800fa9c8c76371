"""The functions of the table ``redis``, except those that call commands (``lua/script_calls``), and its constants."""

from libc.stdint cimport uint8_t, uint32_t

from pyredis.ground.base cimport Slice, slice_of
from pyredis.lua.digests cimport DIGEST_SIZE, SHA1_SIZE, sha1_add, sha1_begin, sha1_end, write_digits
from pyredis.lua.interpreter cimport (
    REPL_ALL,
    REPL_AOF,
    REPL_NONE,
    REPL_REPLICA,
    Interpreter,
    checkpoint,
    upvalue_interpreter,
)
from pyredis.lua.lua_api cimport (
    LUA_TSTRING,
    lua_CFunction,
    lua_Integer,
    lua_State,
    lua_concat,
    lua_createtable,
    lua_gettop,
    lua_isnumber,
    lua_objlen,
    lua_pop,
    lua_pushboolean,
    lua_pushcclosure,
    lua_pushinteger,
    lua_pushlightuserdata,
    lua_pushlstring,
    lua_pushstring,
    lua_pushvalue,
    lua_setfield,
    lua_tointeger,
    lua_tolstring,
    lua_tonumber,
    lua_type,
)
from pyredis.lua.registration cimport redis_register_function
from pyredis.lua.script_calls cimport redis_acl_check_cmd, redis_call, redis_pcall
from pyredis.lua.script_errors cimport push_coded_error, push_error, raise_error

from pyredis._version import REDIS_VERSION

# The levels of redis.log, with the names of the server's log.
cdef enum LogLevel:
    LOG_DEBUG = 0
    LOG_VERBOSE = 1
    LOG_NOTICE = 2
    LOG_WARNING = 3

cdef enum:
    # In bytes; longer lines are truncated.
    LOG_LINE = 1024
    # The bytes between two checkpoints of sha1hex, a multiple of SHA-1's block.
    DIGESTED = 1 << 18


# ---- replies ----

cdef int single_field(lua_State *L, const char *name) noexcept nogil:
    """Returns a table with the argument, which must be a string, as its only field."""
    if lua_gettop(L) != 1 or lua_type(L, 1) != LUA_TSTRING:
        push_error(L, "wrong number or type of arguments")
        return 1
    lua_createtable(L, 0, 1)
    lua_pushvalue(L, 1)
    lua_setfield(L, -2, name)
    return 1


cdef int redis_status_reply(lua_State *L) noexcept nogil:
    return single_field(L, "ok")


cdef Slice without_line_end(const char *data, size_t size) noexcept nogil:
    while size and (data[size - 1] == c'\r' or data[size - 1] == c'\n'):
        size -= 1
    while size and (data[0] == c'\r' or data[0] == c'\n'):
        data += 1
        size -= 1
    return slice_of(data, size)


cdef int redis_error_reply(lua_State *L) noexcept nogil:
    """The first of several words is the code, with or without a minus in front; a single word gets the code ERR."""
    cdef Slice text
    cdef size_t size
    cdef const char *data
    if lua_gettop(L) != 1 or lua_type(L, 1) != LUA_TSTRING:
        return single_field(L, "err")
    data = lua_tolstring(L, 1, &size)
    text = without_line_end(data, size)
    if text.size and text.data[0] == c'-':
        text = slice_of(text.data + 1, text.size - 1)
    push_coded_error(L, text)
    return 1


# ---- what a script chooses for its commands ----

cdef int redis_setresp(lua_State *L) noexcept nogil:
    cdef lua_Integer version
    if lua_gettop(L) != 1:
        return raise_error(L, "redis.setresp() requires one argument.")
    version = lua_tointeger(L, 1)
    if version != 2 and version != 3:
        return raise_error(L, "RESP version must be 2 or 3.")
    upvalue_interpreter(L).client.protocol = <int> version
    return 0


cdef int redis_set_repl(lua_State *L) noexcept nogil:
    cdef lua_Integer flags
    if lua_gettop(L) != 1:
        return raise_error(L, "redis.set_repl() requires one argument.")
    flags = lua_tointeger(L, 1)
    if flags & ~<lua_Integer> REPL_ALL:
        return raise_error(L, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
    upvalue_interpreter(L).replication = <int> flags
    return 0


cdef int redis_replicate_commands(lua_State *L) noexcept nogil:
    """Returns true: scripts are always propagated by their effects."""
    lua_pushboolean(L, True)
    return 1


# ---- the rest ----

cdef int redis_sha1hex(lua_State *L) noexcept nogil:
    cdef uint8_t digest[SHA1_SIZE]
    cdef char digits[DIGEST_SIZE]
    cdef uint32_t state[5]
    cdef size_t size, at = 0
    cdef const char *data
    if lua_gettop(L) != 1:
        return raise_error(L, "wrong number of arguments")
    data = lua_tolstring(L, 1, &size)
    if data == NULL:
        data = ""
        size = 0
    sha1_begin(state)
    while size - at > DIGESTED:
        sha1_add(state, data + at, DIGESTED)
        at += DIGESTED
        checkpoint(L, upvalue_interpreter(L))
    sha1_end(state, data + at, size - at, size, digest)
    write_digits(digest, digits)
    lua_pushlstring(L, digits, DIGEST_SIZE)
    return 1


cdef int redis_nothing(lua_State *L) noexcept nogil:
    """redis.debug: there is no debugger."""
    return 0


cdef int redis_breakpoint(lua_State *L) noexcept nogil:
    lua_pushboolean(L, False)
    return 1


cdef int redis_log(lua_State *L) noexcept nogil:
    cdef Interpreter *lua = upvalue_interpreter(L)
    cdef int arguments = lua_gettop(L)
    cdef int level, index
    cdef size_t size
    cdef const char *line
    if arguments < 2:
        return raise_error(L, "redis.log() requires two arguments or more.")
    if not lua_isnumber(L, 1):
        return raise_error(L, "First argument must be a number (log level).")
    level = <int> lua_tonumber(L, 1)
    if level < <int> LOG_DEBUG or level > <int> LOG_WARNING:
        return raise_error(L, "Invalid log level.")
    lua_pushlstring(L, "", 0)
    for index in range(2, arguments + 1):
        if lua_tolstring(L, index, NULL) != NULL:
            if lua_objlen(L, -1):
                lua_pushlstring(L, " ", 1)
                lua_pushvalue(L, index)
                lua_concat(L, 3)
            else:
                lua_pop(L, 1)
                lua_pushvalue(L, index)
    line = lua_tolstring(L, -1, &size)
    write_log(lua, level, slice_of(line, min(size, <size_t> LOG_LINE)))
    return 0


cdef void write_log(Interpreter *lua, int level, Slice line) noexcept with gil:
    (<object> lua.server.core).host.log_script(level, line.data[:line.size].decode("utf-8", "backslashreplace"))


# ---- the table ----

cdef void set_function(lua_State *L, Interpreter *lua, const char *name, lua_CFunction function) noexcept nogil:
    lua_pushlightuserdata(L, lua)
    lua_pushcclosure(L, function, 1)
    lua_setfield(L, -2, name)


cdef void set_number(lua_State *L, const char *name, int value) noexcept nogil:
    lua_pushinteger(L, value)
    lua_setfield(L, -2, name)


cdef bytes _version = REDIS_VERSION.encode()
cdef const char *_version_text = _version
cdef int _version_number = 0
for part in REDIS_VERSION.split("."):
    _version_number = _version_number << 8 | <int> int(part)


cdef void set_common(lua_State *L, Interpreter *lua) noexcept nogil:
    """Sets what the text of a library has too."""
    set_function(L, lua, "log", redis_log)
    set_number(L, "LOG_DEBUG", LOG_DEBUG)
    set_number(L, "LOG_VERBOSE", LOG_VERBOSE)
    set_number(L, "LOG_NOTICE", LOG_NOTICE)
    set_number(L, "LOG_WARNING", LOG_WARNING)
    set_number(L, "REDIS_VERSION_NUM", _version_number)
    lua_pushstring(L, _version_text)
    lua_setfield(L, -2, "REDIS_VERSION")


cdef void set_replication(lua_State *L, Interpreter *lua) noexcept nogil:
    set_function(L, lua, "set_repl", redis_set_repl)
    set_number(L, "REPL_NONE", REPL_NONE)
    set_number(L, "REPL_AOF", REPL_AOF)
    set_number(L, "REPL_REPLICA", REPL_REPLICA)
    set_number(L, "REPL_SLAVE", REPL_REPLICA)
    set_number(L, "REPL_ALL", REPL_ALL)


cdef void push_redis_table(lua_State *L, Interpreter *lua) noexcept nogil:
    lua_createtable(L, 0, 32)
    set_common(L, lua)
    set_replication(L, lua)
    set_function(L, lua, "call", redis_call)
    set_function(L, lua, "pcall", redis_pcall)
    set_function(L, lua, "acl_check_cmd", redis_acl_check_cmd)
    set_function(L, lua, "error_reply", redis_error_reply)
    set_function(L, lua, "status_reply", redis_status_reply)
    set_function(L, lua, "sha1hex", redis_sha1hex)
    set_function(L, lua, "setresp", redis_setresp)
    if not lua.functions:
        set_function(L, lua, "replicate_commands", redis_replicate_commands)
        set_function(L, lua, "breakpoint", redis_breakpoint)
        set_function(L, lua, "debug", redis_nothing)


cdef void push_loading_table(lua_State *L, Interpreter *lua) noexcept nogil:
    lua_createtable(L, 0, 16)
    set_common(L, lua)
    set_function(L, lua, "register_function", redis_register_function)

"""Making the interpreter at the first script, and what INFO shows of it."""

from pyredis._resp cimport reply_error, reply_error_slice
from pyredis.call.call cimport Call
from pyredis.call.state cimport Server, State
from pyredis.ground.base cimport likely, slice_of
from pyredis.keyspace.keyspace cimport keyspace_time_us
from pyredis.lua.interpreter cimport (
    Interpreter,
    interpreter_delete,
    interpreter_memory,
    interpreter_new,
    interpreter_of,
)
from pyredis.lua.lua_api cimport load_lua
from pyredis.lua.sandbox cimport sandbox_open
from pyredis.lua.scripts cimport Scripts, scripts_delete, scripts_new
from pyredis.types.table.hashtable cimport table_memory, table_size

from pyredis.lua.lua_api import LuaUnavailable


cdef bint library_ready(Call *call) noexcept with gil:
    try:
        load_lua()
    except LuaUnavailable as error:
        text = f"ERR {error}".encode()
        reply_error_slice(call.reply, slice_of(<const char *> text, len(text)))
        return False
    return True


cdef bint make(Call *call) noexcept nogil:
    cdef Interpreter *lua = interpreter_of(call.server)
    if not library_ready(call):
        return False
    if lua == NULL:
        lua = interpreter_new(call.server)
        lua.scripts = scripts_new()
        call.server.interpreter = lua
        call.server.end_interpreter = interpreter_end
    if not sandbox_open(lua):
        reply_error(call.reply, "ERR Not enough memory for Lua")
        return False
    return True


cdef bint interpreter_ready(Call *call) noexcept nogil:
    cdef Interpreter *lua = interpreter_of(call.server)
    return likely(lua != NULL and lua.main != NULL) or make(call)


cdef void interpreter_end(Server *server) noexcept nogil:
    cdef Interpreter *lua = interpreter_of(server)
    if lua != NULL:
        scripts_delete(<Scripts *> lua.scripts)
        interpreter_delete(lua)
        server.interpreter = NULL


def script_memory(State core not None):
    """Returns the bytes that Lua uses, the bytes of the scripts' table and texts, and the number of scripts."""
    cdef Interpreter *lua = interpreter_of(&core.server)
    cdef Scripts *scripts
    if lua == NULL:
        return 0, 0, 0
    scripts = <Scripts *> lua.scripts
    return (interpreter_memory(lua), scripts.memory + table_memory(&scripts.table), table_size(&scripts.table))


def time_us(State core not None):
    """Returns the time in microseconds since 1970, which does not change during a script."""
    cdef Interpreter *lua = interpreter_of(&core.server)
    if lua == NULL or not lua.running:
        return keyspace_time_us(&core.server.keyspace)
    if lua.time_us == 0:
        lua.time_us = keyspace_time_us(&core.server.keyspace)
    return lua.time_us


def forgotten_scripts(State core not None):
    """Returns how many scripts from EVAL have been forgotten since the start or the last reset."""
    cdef Interpreter *lua = interpreter_of(&core.server)
    return (<Scripts *> lua.scripts).forgotten if lua != NULL else 0


def reset_forgotten(State core not None):
    """Sets the count of ``forgotten_scripts`` to 0, for CONFIG RESETSTAT."""
    cdef Interpreter *lua = interpreter_of(&core.server)
    if lua != NULL:
        (<Scripts *> lua.scripts).forgotten = 0

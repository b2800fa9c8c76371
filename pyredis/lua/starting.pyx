"""Making the interpreters, and what INFO shows of them."""

from pyredis._resp cimport reply_error, reply_error_slice
from pyredis.call.call cimport Call
from pyredis.call.state cimport Server, State
from pyredis.ground.base cimport likely, slice_of
from pyredis.keyspace.keyspace cimport keyspace_time_us
from pyredis.lua.interpreter cimport (
    Interpreter,
    function_interpreter_of,
    interpreter_close,
    interpreter_delete,
    interpreter_memory,
    interpreter_new,
    interpreter_of,
    running_interpreter,
)
from pyredis.lua.libraries cimport (
    Libraries,
    Library,
    libraries_clear,
    libraries_delete,
    libraries_memory,
    libraries_new,
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


cdef Interpreter *make(Server *server, bint functions) noexcept nogil:
    cdef Interpreter *lua = interpreter_new(server, functions)
    if functions:
        lua.libraries = libraries_new()
        server.function_interpreter = lua
        server.forget_functions = functions_forget
    else:
        lua.scripts = scripts_new()
        server.interpreter = lua
    server.end_interpreter = interpreter_end
    return lua


cdef bint open_state(Call *call, Interpreter *lua, bint functions) noexcept nogil:
    if not library_ready(call):
        return False
    if lua == NULL:
        lua = make(call.server, functions)
    if not sandbox_open(lua):
        reply_error(call.reply, "ERR Not enough memory for Lua")
        return False
    return True


cdef bint interpreter_ready(Call *call) noexcept nogil:
    cdef Interpreter *lua = interpreter_of(call.server)
    return likely(lua != NULL and lua.main != NULL) or open_state(call, lua, False)


cdef bint function_interpreter_ready(Call *call) noexcept nogil:
    cdef Interpreter *lua = function_interpreter_of(call.server)
    return likely(lua != NULL and lua.main != NULL) or open_state(call, lua, True)


cdef void functions_forget(Server *server) noexcept nogil:
    cdef Interpreter *lua = function_interpreter_of(server)
    interpreter_close(lua)
    libraries_clear(<Libraries *> lua.libraries)


cdef void interpreter_end(Server *server) noexcept nogil:
    cdef Interpreter *lua = interpreter_of(server)
    if lua != NULL:
        scripts_delete(<Scripts *> lua.scripts)
        interpreter_delete(lua)
        server.interpreter = NULL
    lua = function_interpreter_of(server)
    if lua != NULL:
        libraries_delete(<Libraries *> lua.libraries)
        interpreter_delete(lua)
        server.function_interpreter = NULL
        server.forget_functions = NULL


def script_memory(State core not None):
    """Returns the bytes that Lua uses, the bytes of the scripts' table and texts, and the number of scripts."""
    cdef Interpreter *lua = interpreter_of(&core.server)
    cdef Scripts *scripts
    if lua == NULL:
        return 0, 0, 0
    scripts = <Scripts *> lua.scripts
    return (interpreter_memory(lua), scripts.memory + table_memory(&scripts.table), table_size(&scripts.table))


def function_memory(State core not None):
    """Returns the bytes that Lua uses for functions, those of libraries' texts and tables, and how many functions and
    libraries there are."""
    cdef Interpreter *lua = function_interpreter_of(&core.server)
    cdef Libraries *libraries
    if lua == NULL:
        return 0, 0, 0, 0
    libraries = <Libraries *> lua.libraries
    return (interpreter_memory(lua), libraries_memory(libraries), table_size(&libraries.functions),
            table_size(&libraries.named))


def library_codes(State core not None):
    """Returns the texts of all libraries, in the order in which they were loaded."""
    cdef Interpreter *lua = function_interpreter_of(&core.server)
    cdef Library *library = (<Libraries *> lua.libraries).first if lua != NULL else NULL
    cdef list codes = []
    while library != NULL:
        codes.append(library.code.data[:library.code.size])
        library = library.after
    return codes


def time_us(State core not None):
    """Returns the time in microseconds since 1970, which does not change during a script or function."""
    cdef Interpreter *lua = running_interpreter(&core.server)
    if lua == NULL:
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

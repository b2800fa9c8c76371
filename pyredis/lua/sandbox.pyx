"""Builds the sandbox, once for each state, in a protected call."""

from pyredis.lua.base_functions cimport set_base_functions, set_getmetatable
from pyredis.lua.interpreter cimport Interpreter, interpreter_close, interpreter_open
from pyredis.lua.lua_api cimport (
    LUA_GLOBALSINDEX,
    LUA_OK,
    LUA_REGISTRYINDEX,
    luaL_error,
    luaL_ref,
    luaL_unref,
    lua_CFunction,
    lua_State,
    lua_call,
    lua_cpcall,
    lua_createtable,
    lua_getfield,
    lua_getmetatable,
    lua_insert,
    lua_isstring,
    lua_pop,
    lua_pushboolean,
    lua_pushcclosure,
    lua_pushcfunction,
    lua_pushlightuserdata,
    lua_pushstring,
    lua_pushvalue,
    lua_rawgeti,
    lua_rawset,
    lua_rawseti,
    lua_replace,
    lua_setfield,
    lua_setmetatable,
    lua_settop,
    lua_tolstring,
    lua_touserdata,
    luaopen_base,
    luaopen_math,
    luaopen_string,
    luaopen_table,
)
from pyredis.lua.lua_bit cimport open_bit
from pyredis.lua.lua_cjson cimport open_cjson
from pyredis.lua.lua_cmsgpack cimport open_cmsgpack
from pyredis.lua.lua_struct cimport open_struct
from pyredis.lua.protection cimport protect, protection_open
from pyredis.lua.redis_functions cimport push_loading_table, push_redis_table
from pyredis.lua.running cimport describe_failure, run_function, run_script
from pyredis.lua.script_errors cimport describe_error

# Lua's globals that become those of scripts: values that stay as they are, and libraries, which become views.
cdef const char *_plain[10]
_plain = ["assert", "error", "ipairs", "rawequal", "select", "tonumber", "tostring", "type", "_VERSION", NULL]
cdef const char *_tables[9]
_tables = ["bit", "cjson", "cmsgpack", "coroutine", "math", "string", "struct", "table", NULL]


cdef void open_library(lua_State *L, lua_CFunction function, const char *name) noexcept nogil:
    lua_pushcfunction(L, function)
    lua_pushstring(L, name)
    lua_call(L, 1, 0)


cdef void open_libraries(lua_State *L) noexcept nogil:
    open_library(L, luaopen_base, "")
    open_library(L, luaopen_table, "table")
    open_library(L, luaopen_string, "string")
    open_library(L, luaopen_math, "math")
    open_library(L, open_bit, "bit")
    open_library(L, open_cjson, "cjson")
    open_library(L, open_cmsgpack, "cmsgpack")
    open_library(L, open_struct, "struct")


cdef void take_over(lua_State *L, const char **names) noexcept nogil:
    """Copies the named globals of Lua into the table on top of the stack."""
    cdef int index = 0
    while names[index] != NULL:
        lua_getfield(L, LUA_GLOBALSINDEX, names[index])
        lua_setfield(L, -2, names[index])
        index += 1


cdef void protect_field(lua_State *L, const char *name) noexcept nogil:
    lua_getfield(L, -1, name)
    protect(L)
    lua_setfield(L, -2, name)


cdef void set_redis(lua_State *L, Interpreter *lua) noexcept nogil:
    push_redis_table(L, lua)
    protect(L)
    lua_pushvalue(L, -1)
    lua_setfield(L, -3, "redis")
    lua_setfield(L, -2, "server")
    if not lua.functions:
        lua_pushcfunction(L, describe_error)
        lua_setfield(L, -2, "__redis__err__handler")


cdef int refuse_global(lua_State *L) noexcept nogil:
    """The globals' `__index`: called with the table and a name that it does not have."""
    if not lua_isstring(L, 2):
        return luaL_error(L, "Second argument to luaProtectedTableError must be a string or number")
    return luaL_error(L, "Script attempted to access nonexistent global variable '%s'", lua_tolstring(L, 2, NULL))


cdef void push_index_view(lua_State *L) noexcept nogil:
    """Replaces the value on top of the stack with a view of a metatable whose `__index` it is."""
    lua_createtable(L, 0, 1)
    lua_insert(L, -2)
    lua_setfield(L, -2, "__index")
    protect(L)


cdef void refuse_missing(lua_State *L) noexcept nogil:
    """Makes it an error to read a field that the table on top of the stack does not have."""
    lua_createtable(L, 0, 1)
    lua_pushcfunction(L, refuse_global)
    lua_setfield(L, -2, "__index")
    lua_setmetatable(L, -2)


cdef void show(lua_State *L) noexcept nogil:
    """Makes a view of the globals, which is `_G` and the environment of all scripts, and adds `getmetatable`."""
    lua_pushvalue(L, -1)
    protect(L)
    lua_pushvalue(L, -1)
    lua_setfield(L, -3, "_G")
    # The views of metatables: at 1 that of strings, at the view of the globals theirs.
    lua_createtable(L, 1, 1)
    lua_getfield(L, -3, "string")
    push_index_view(L)
    lua_rawseti(L, -2, 1)
    lua_pushvalue(L, -2)
    lua_pushcfunction(L, refuse_global)
    push_index_view(L)
    lua_rawset(L, -3)
    # `getmetatable` is set in the globals, which are two places below.
    lua_pushvalue(L, -3)
    lua_insert(L, -2)
    set_getmetatable(L)
    lua_pop(L, 1)
    lua_replace(L, LUA_GLOBALSINDEX)


cdef void push_load_globals(lua_State *L, Interpreter *lua) noexcept nogil:
    """Pushes the globals that the text of a library has."""
    lua_createtable(L, 0, 2)
    push_loading_table(L, lua)
    refuse_missing(L)
    protect(L)
    lua_pushvalue(L, -1)
    lua_setfield(L, -3, "redis")
    lua_setfield(L, -2, "server")
    refuse_missing(L)


cdef void keep_globals(lua_State *L, Interpreter *lua) noexcept nogil:
    """Makes the references that `sandbox_show` needs; the globals are on top of the stack."""
    lua_pushstring(L, "__index")
    lua.index_key = luaL_ref(L, LUA_REGISTRYINDEX)
    lua_getmetatable(L, LUA_GLOBALSINDEX)
    lua.globals_metatable = luaL_ref(L, LUA_REGISTRYINDEX)
    lua_pushvalue(L, -1)
    lua.globals = luaL_ref(L, LUA_REGISTRYINDEX)
    push_load_globals(L, lua)
    lua.load_globals = luaL_ref(L, LUA_REGISTRYINDEX)


cdef void sandbox_show(Interpreter *lua, lua_State *L, bint loading) noexcept nogil:
    lua_rawgeti(L, LUA_REGISTRYINDEX, lua.globals_metatable)
    lua_rawgeti(L, LUA_REGISTRYINDEX, lua.index_key)
    lua_rawgeti(L, LUA_REGISTRYINDEX, lua.load_globals if loading else lua.globals)
    # The key exists, so nothing is allocated.
    lua_rawset(L, -3)
    lua_pop(L, 1)


cdef void keep_references(lua_State *L, Interpreter *lua) noexcept nogil:
    """Makes the interpreter's references; the globals are on top of the stack."""
    lua_pushlightuserdata(L, lua)
    lua_pushvalue(L, -2)
    lua_pushcclosure(L, run_function if lua.functions else run_script, 2)
    lua.run = luaL_ref(L, LUA_REGISTRYINDEX)
    lua_pushlightuserdata(L, lua)
    lua_pushcclosure(L, describe_failure, 1)
    lua.handler = luaL_ref(L, LUA_REGISTRYINDEX)
    if lua.functions:
        keep_globals(L, lua)
    # The first release of a reference allocates, and later ones happen outside of a protected call.
    lua_pushboolean(L, True)
    luaL_unref(L, LUA_REGISTRYINDEX, luaL_ref(L, LUA_REGISTRYINDEX))


cdef int build(lua_State *L) noexcept nogil:
    cdef Interpreter *lua = <Interpreter *> lua_touserdata(L, 1)
    cdef int index = 0
    lua_settop(L, 0)
    protection_open(L)
    open_libraries(L)
    lua_createtable(L, 0, 64)
    take_over(L, _plain)
    take_over(L, _tables)
    set_base_functions(L, lua)
    while _tables[index] != NULL:
        protect_field(L, _tables[index])
        index += 1
    protect_field(L, "os")
    set_redis(L, lua)
    refuse_missing(L)
    show(L)
    keep_references(L, lua)
    return 0


cdef bint sandbox_open(Interpreter *lua) noexcept nogil:
    if not interpreter_open(lua):
        return False
    if lua_cpcall(lua.main, build, lua) != LUA_OK:
        interpreter_close(lua)
        return False
    # The handler stays at the bottom of the stack.
    lua_rawgeti(lua.main, LUA_REGISTRYINDEX, lua.handler)
    return True

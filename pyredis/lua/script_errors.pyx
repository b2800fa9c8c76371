"""Makes the tables, and finds where an error was raised."""

from libc.string cimport memchr

from pyredis.ground.base cimport Slice
from pyredis.lua.lua_api cimport (
    LUA_TBOOLEAN,
    LUA_TNIL,
    LUA_TNUMBER,
    LUA_TSTRING,
    LUA_TTABLE,
    lua_Debug,
    lua_State,
    lua_concat,
    lua_createtable,
    lua_error,
    lua_getinfo,
    lua_getstack,
    lua_insert,
    lua_pop,
    lua_pushboolean,
    lua_pushfstring,
    lua_pushinteger,
    lua_pushlstring,
    lua_pushstring,
    lua_pushthread,
    lua_pushvalue,
    lua_rawget,
    lua_rawset,
    lua_remove,
    lua_replace,
    lua_settop,
    lua_toboolean,
    lua_tolstring,
    lua_topointer,
    lua_type,
    lua_typename,
)
from pyredis.lua.protection cimport push_behind, refuse_change


cdef inline void set_text(lua_State *L, const char *name) noexcept nogil:
    """Sets a field of the table below the text on top of the stack, and pops the text."""
    lua_pushstring(L, name)
    lua_insert(L, -2)
    lua_rawset(L, -3)


cdef void push_coded_error(lua_State *L, Slice text) noexcept nogil:
    cdef bint coded = memchr(text.data, c' ', text.size) != NULL
    lua_createtable(L, 0, 4)
    if not coded:
        lua_pushlstring(L, "ERR ", 4)
    lua_pushlstring(L, text.data, text.size)
    if not coded:
        lua_concat(L, 2)
    set_text(L, "err")


cdef void push_reply_error(lua_State *L, Slice text) noexcept nogil:
    push_coded_error(L, text)
    lua_pushstring(L, "ignore_error_stats_update")
    lua_pushboolean(L, True)
    lua_rawset(L, -3)


cdef void push_error(lua_State *L, const char *text) noexcept nogil:
    lua_createtable(L, 0, 4)
    lua_pushlstring(L, "ERR ", 4)
    lua_pushstring(L, text)
    lua_concat(L, 2)
    set_text(L, "err")


cdef int raise_error(lua_State *L, const char *text) noexcept nogil:
    push_error(L, text)
    return lua_error(L)


cdef void push_field(lua_State *L, int table, const char *name) noexcept nogil:
    lua_pushvalue(L, table)
    lua_pushstring(L, name)
    lua_rawget(L, -2)
    lua_remove(L, -2)


# ---- the handler ----

cdef bint is_runner(lua_State *L, int level) noexcept nogil:
    """Whether the function at that level is at the bottom of the main stack: our own, which runs the script."""
    cdef lua_Debug caller
    cdef bint is_main = lua_pushthread(L)
    lua_pop(L, 1)
    return is_main and not lua_getstack(L, level + 1, &caller)


cdef bint find_place(lua_State *L, lua_Debug *place) noexcept nogil:
    """Finds the function that raised the error, or its caller if it is a C function."""
    if not lua_getstack(L, 1, place) or not lua_getinfo(L, "Sl", place):
        return False
    if place.what[0] != c'C':
        return True
    return lua_getstack(L, 2, place) and lua_getinfo(L, "Sl", place) and not is_runner(L, 2)


cdef void push_text(lua_State *L, int index) noexcept nogil:
    """Pushes what ``tostring`` returns for a value without a metatable."""
    cdef int type = lua_type(L, index)
    if type == LUA_TNUMBER or type == LUA_TSTRING:
        lua_pushvalue(L, index)
        lua_tolstring(L, -1, NULL)
    elif type == LUA_TBOOLEAN:
        lua_pushstring(L, "true" if lua_toboolean(L, index) else "false")
    elif type <= LUA_TNIL:
        lua_pushstring(L, "nil")
    else:
        lua_pushfstring(L, "%s: %p", lua_typename(L, type), lua_topointer(L, index))


cdef void make_table(lua_State *L) noexcept nogil:
    """Replaces the value at index 1, which is not a table, with an error table."""
    lua_createtable(L, 0, 4)
    lua_pushlstring(L, "ERR ", 4)
    push_text(L, 1)
    lua_concat(L, 2)
    set_text(L, "err")
    lua_replace(L, 1)


cdef int describe_error(lua_State *L) noexcept nogil:
    cdef lua_Debug place
    lua_settop(L, 1)
    if lua_type(L, 1) != LUA_TTABLE:
        make_table(L)
    if push_behind(L, 1):
        return refuse_change(L)
    if find_place(L, &place):
        lua_pushstring(L, place.source)
        set_text(L, "source")
        lua_pushinteger(L, place.currentline)
        set_text(L, "line")
    return 1

"""Views, and the registry of the tables behind them."""

from pyredis.lua.lua_api cimport (
    LUA_REGISTRYINDEX,
    LUA_TTABLE,
    luaL_error,
    lua_State,
    lua_createtable,
    lua_error,
    lua_getmetatable,
    lua_insert,
    lua_newtable,
    lua_pop,
    lua_pushboolean,
    lua_pushcfunction,
    lua_pushlightuserdata,
    lua_pushstring,
    lua_pushvalue,
    lua_rawget,
    lua_rawset,
    lua_remove,
    lua_setfield,
    lua_setmetatable,
    lua_type,
)

cdef const char *REFUSAL = "Attempt to modify a readonly table"

# Its address is a key of Lua's registry, for the table that maps each view to the table behind it.
cdef char _views_key


cdef int refuse_assignment(lua_State *L) noexcept nogil:
    return luaL_error(L, REFUSAL)


cdef int refuse_change(lua_State *L) noexcept nogil:
    lua_pushstring(L, REFUSAL)
    return lua_error(L)


cdef void protection_open(lua_State *L) noexcept nogil:
    lua_pushlightuserdata(L, &_views_key)
    lua_newtable(L)
    lua_rawset(L, LUA_REGISTRYINDEX)


cdef inline void push_views(lua_State *L) noexcept nogil:
    lua_pushlightuserdata(L, &_views_key)
    lua_rawget(L, LUA_REGISTRYINDEX)


cdef void protect(lua_State *L) noexcept nogil:
    lua_newtable(L)
    lua_createtable(L, 0, 3)
    lua_pushvalue(L, -3)
    lua_setfield(L, -2, "__index")
    lua_pushcfunction(L, refuse_assignment)
    lua_setfield(L, -2, "__newindex")
    lua_pushboolean(L, False)
    lua_setfield(L, -2, "__metatable")
    lua_setmetatable(L, -2)
    push_views(L)
    lua_pushvalue(L, -2)
    lua_pushvalue(L, -4)
    lua_rawset(L, -3)
    lua_pop(L, 1)
    lua_remove(L, -2)


cdef bint push_behind(lua_State *L, int index) noexcept nogil:
    # Most tables have no metatable, and nothing more is looked up.
    if lua_type(L, index) != LUA_TTABLE or not lua_getmetatable(L, index):
        return False
    lua_pop(L, 1)
    lua_pushvalue(L, index)
    push_views(L)
    lua_insert(L, -2)
    lua_rawget(L, -2)
    lua_remove(L, -2)
    if lua_type(L, -1) == LUA_TTABLE:
        return True
    lua_pop(L, 1)
    return False

"""The slow paths of the buffer of the libraries for scripts. The header states the contract."""

from libc.stddef cimport size_t
from libc.string cimport memcpy

from pyredis.lua.lua_api cimport (
    lua_CFunction,
    lua_State,
    lua_newuserdata,
    lua_pushcclosure,
    lua_pushlstring,
    lua_pushnil,
    lua_replace,
    lua_setfield,
)

cdef enum:
    LEAST_ROOM = 512


cdef void buffer_grow(LuaBuffer *buffer, size_t more) noexcept nogil:
    cdef size_t room = max(2 * buffer.room, buffer.size + more, <size_t> LEAST_ROOM)
    cdef char *data = <char *> lua_newuserdata(buffer.L, room)
    if buffer.size:
        memcpy(data, buffer.data, buffer.size)
    lua_replace(buffer.L, buffer.home)
    buffer.data = data
    buffer.room = room


cdef void buffer_push(LuaBuffer *buffer) noexcept nogil:
    lua_pushlstring(buffer.L, buffer.data, buffer.size)
    buffer_end(buffer)


cdef void buffer_end(LuaBuffer *buffer) noexcept nogil:
    if buffer.room > KEPT_BUFFER:
        buffer_drop(buffer.L, buffer.home)


cdef void buffer_drop(lua_State *L, int home) noexcept nogil:
    lua_pushnil(L)
    lua_replace(L, home)


cdef void set_function(lua_State *L, const char *name, lua_CFunction function, int upvalues) noexcept nogil:
    lua_pushcclosure(L, function, upvalues)
    lua_setfield(L, -2, name)

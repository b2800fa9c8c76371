"""The library ``cmsgpack`` for scripts: MessagePack."""

from pyredis.lua.lua_api cimport lua_State

# A lua_CFunction: makes the global table `cmsgpack`, and returns it.
cdef int open_cmsgpack(lua_State *L) noexcept nogil

"""The library ``cjson`` for scripts: JSON."""

from pyredis.lua.lua_api cimport lua_State

# A lua_CFunction: makes the global table `cjson`, and returns it.
cdef int open_cjson(lua_State *L) noexcept nogil

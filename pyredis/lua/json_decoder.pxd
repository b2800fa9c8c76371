"""Makes Lua values from JSON text."""

from pyredis.lua.lua_api cimport lua_State

# A lua_CFunction with the upvalues of `json_options`: `cjson.decode`.
cdef int json_decode(lua_State *L) noexcept nogil

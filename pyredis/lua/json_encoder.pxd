"""Makes JSON text from Lua values."""

from pyredis.lua.lua_api cimport lua_State

# A lua_CFunction with the upvalues of `json_options`: `cjson.encode`.
cdef int json_encode(lua_State *L) noexcept nogil

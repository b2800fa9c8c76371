"""``redis.call`` and ``redis.pcall``: from Lua's stack to a ``Call`` and back, without Python."""

from pyredis.lua.lua_api cimport lua_State

# Their first upvalue is the Interpreter.
cdef int redis_call(lua_State *L) noexcept nogil
cdef int redis_pcall(lua_State *L) noexcept nogil
# Returns true if there is such a command. Raises if there is not, or if there are no arguments, or if one is neither a
# string nor a number.
cdef int redis_acl_check_cmd(lua_State *L) noexcept nogil

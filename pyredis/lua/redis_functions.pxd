"""The table ``redis`` of scripts, which is also ``server``."""

from pyredis.lua.lua_api cimport lua_State

# Pushes the table.
cdef void push_redis_table(lua_State *L, void *interpreter) noexcept nogil

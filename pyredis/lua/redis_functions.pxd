"""The table ``redis`` of scripts and functions, which is also ``server``."""

from pyredis.lua.interpreter cimport Interpreter
from pyredis.lua.lua_api cimport lua_State

# Pushes the table.
cdef void push_redis_table(lua_State *L, Interpreter *lua) noexcept nogil
# Pushes the table that the text of a library has instead.
cdef void push_loading_table(lua_State *L, Interpreter *lua) noexcept nogil

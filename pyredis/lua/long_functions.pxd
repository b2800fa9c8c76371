"""Functions of Lua's libraries that may run for very long, with checkpoints.

``table.sort``, ``table.concat`` and ``table.remove``, and ``string.rep``, ``upper``, ``lower`` and ``reverse``, behave
like those of Lua 5.1. A sort of a million numbers takes a second, and with an unfavourable order it takes quadratic
time, so Lua's own would keep all clients waiting. ``string.rep`` refuses a result beyond Lua's memory limit before it
allocates anything.

What remains without a checkpoint is bounded by Lua's memory limit: making one string (its bytes are copied once), the
growth of one table, and what the virtual machine does by itself, such as ``..`` and ``<`` for long strings.
"""

from pyredis.lua.lua_api cimport lua_State

# Sets the functions of each library in the table on top of the stack.
cdef void set_long_table_functions(lua_State *L, void *interpreter) noexcept nogil
cdef void set_long_string_functions(lua_State *L, void *interpreter) noexcept nogil

"""``string.find``, ``match``, ``gmatch`` and ``gsub`` for scripts, with Lua's patterns.

Those of Lua 5.1 cannot be interrupted, although some patterns would run for years, and others recurse until the C stack
overflows. Here every step counts towards a checkpoint, and the recursion is limited to ``MATCH_DEPTH`` levels.
"""

from pyredis.lua.lua_api cimport lua_State

# Sets them in the table on top of the stack.
cdef void set_pattern_functions(lua_State *L, void *interpreter) noexcept nogil

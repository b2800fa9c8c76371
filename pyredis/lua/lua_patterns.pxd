"""``string.find``, ``match``, ``gmatch`` and ``gsub`` for scripts, with Lua's patterns.

Lua 5.1's own cannot be interrupted, and some patterns take longer than anybody lives; others nest until the C stack
ends. Here every step counts towards a checkpoint, and a pattern nests up to ``MATCH_DEPTH`` times.
"""

from pyredis.lua.lua_api cimport lua_State

# Puts them into the table on top of the stack.
cdef void set_pattern_functions(lua_State *L, void *interpreter) noexcept nogil

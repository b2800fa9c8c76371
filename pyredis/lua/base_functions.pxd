"""The sandbox's own versions of Lua's base functions.

They behave as those of Lua 5.1 and Redis, with these reasons to exist:

- ``next``, ``pairs``, ``rawget``, ``rawset``, ``getmetatable``, ``setmetatable``, ``table.insert``, ``table.foreach``
  know of tables that scripts cannot change (``lua/protection``).
- ``load`` and ``loadstring`` take no bytecode, and no Lua runs while they parse: ``load`` gathers the text first, and
  the collector rests. A collection in the middle of a parse is what CVE-2025-49844 needs.
- ``unpack`` counts without overflow (CVE-2025-46817); ``string.rep`` and ``table.insert`` can be interrupted.
- ``collectgarbage`` measures and collects, but the collector cannot be stopped for the next script.
- ``xpcall`` does not call its handler for a script that is killed: hooks rest while an error is handled.
- ``pcall`` returns the text of an error table, as in Redis.
"""

from pyredis.lua.lua_api cimport lua_State

# Puts them into the table of globals on top of the stack, and into the tables in it.
cdef void set_base_functions(lua_State *L, void *interpreter) noexcept nogil
# `getmetatable`, too, which takes the table of views by what they are the metatables of from the top of the stack.
cdef void set_getmetatable(lua_State *L) noexcept nogil
# Pushes the function that a text is, or why it is none, and returns what `lua_load` returns.
cdef int compile_text(lua_State *L, const char *data, size_t size, const char *name) noexcept nogil

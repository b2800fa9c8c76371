"""The sandbox's own versions of Lua's base functions.

They behave like those of Lua 5.1 and Redis, and replace them for these reasons:

- ``next``, ``pairs``, ``rawget``, ``rawset``, ``getmetatable``, ``setmetatable``, ``table.insert``, ``table.foreach``
  respect tables that scripts cannot change (``lua/protection``).
- ``load`` and ``loadstring`` accept no bytecode, and no Lua runs while they parse: ``load`` gathers the text first, and
  the collector is stopped. CVE-2025-49844 needs a collection in the middle of a parse.
- ``unpack`` counts without overflow (CVE-2025-46817).
- ``table.insert``, ``load`` and ``loadstring`` can be interrupted, as can those of ``lua/long_functions``.
- ``collectgarbage`` measures and collects, but cannot stop the collector for the next script.
- ``xpcall`` does not call its handler for a script that is killed: no hook could end the handler.
- ``pcall`` returns the text of an error table, as in Redis.
"""

from pyredis.lua.lua_api cimport lua_State

# Sets them in the table of globals on top of the stack, and in the libraries' tables in it.
cdef void set_base_functions(lua_State *L, void *interpreter) noexcept nogil
# Sets `getmetatable` in the table of globals. Above it is the table of the views of metatables, which is popped.
cdef void set_getmetatable(lua_State *L) noexcept nogil
# Compiles a text: pushes the function, or an error message, and returns what `lua_load` returns.
cdef int compile_text(lua_State *L, const char *data, size_t size, const char *name) noexcept nogil

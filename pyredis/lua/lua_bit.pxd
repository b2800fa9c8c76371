"""The library ``bit`` for scripts: operations on the low 32 bits of numbers."""

from pyredis.lua.lua_api cimport lua_State

# A lua_CFunction: makes the global table `bit`, and returns it.
cdef int open_bit(lua_State *L) noexcept nogil

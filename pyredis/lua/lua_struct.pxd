"""The library ``struct`` for scripts: numbers and strings as packed bytes."""

from pyredis.lua.lua_api cimport lua_State

# A lua_CFunction: makes the global table `struct`, and returns it.
cdef int open_struct(lua_State *L) noexcept nogil

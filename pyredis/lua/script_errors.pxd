"""Errors as scripts see them: tables with a field ``err``, and where they were raised."""

from pyredis.ground.base cimport Slice
from pyredis.lua.lua_api cimport lua_State

# Pushes the table of an error whose text begins with its code; one of a single word gets ERR.
cdef void push_coded_error(lua_State *L, Slice text) noexcept nogil
# The same for an error reply, which the server has counted.
cdef void push_reply_error(lua_State *L, Slice text) noexcept nogil
# Pushes the table of an error that has no code: it gets ERR.
cdef void push_error(lua_State *L, const char *text) noexcept nogil
# The same, and raises it.
cdef int raise_error(lua_State *L, const char *text) noexcept nogil
# Makes a table of whatever was raised, the only argument, and notes source and line.
cdef int describe_error(lua_State *L) noexcept nogil
# Pushes the field of a table, raw.
cdef void push_field(lua_State *L, int table, const char *name) noexcept nogil

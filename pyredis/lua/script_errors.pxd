"""Errors as scripts see them: tables with a field ``err`` and the place where they were raised."""

from pyredis.ground.base cimport Slice
from pyredis.lua.lua_api cimport lua_State

# Pushes the table of an error whose text begins with its code; a single word gets the code ERR.
cdef void push_coded_error(lua_State *L, Slice text) noexcept nogil
# The same for an error reply, which the server has counted.
cdef void push_reply_error(lua_State *L, Slice text) noexcept nogil
# Pushes the table of an error without a code: it gets the code ERR.
cdef void push_error(lua_State *L, const char *text) noexcept nogil
# The same, and raises it.
cdef int raise_error(lua_State *L, const char *text) noexcept nogil
# The error handler: returns the raised value, its only argument, as a table with source and line.
cdef int describe_error(lua_State *L) noexcept nogil
# Pushes a field of a table, with raw access.
cdef void push_field(lua_State *L, int table, const char *name) noexcept nogil

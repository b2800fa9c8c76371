"""Tables that scripts can read but not change.

Lua 5.1 has no read-only tables. A script gets a *view*: an empty table whose metatable reads from the table behind it
and refuses assignments. Functions that bypass metatables (``next``, ``rawset``, ``table.insert``, …) would find the
view empty, or fill it, so the sandbox has its own versions of them, which call ``push_behind``.
"""

from pyredis.lua.lua_api cimport lua_State

# Called once per state, before the other functions.
cdef void protection_open(lua_State *L) noexcept nogil
# Replaces the table on top of the stack with a view of it.
cdef void protect(lua_State *L) noexcept nogil
# Whether the value at that index is a view; if so, pushes the table behind it.
cdef bint push_behind(lua_State *L, int index) noexcept nogil
# Raise the error for an assignment: in Lua code, with its position; by a function, without.
cdef int refuse_assignment(lua_State *L) noexcept nogil
cdef int refuse_change(lua_State *L) noexcept nogil
